// A second factor: switched on, asked for at the next sign-in, switched off.
import { createHmac } from "node:crypto";
import { assert, clientApp, email, freshUser, password, send, signUp } from "./client.mjs";

/** What an authenticator app shows now, or a few steps of 30 seconds away (RFC 6238). */
function shown(secret, steps = 0) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const mac = createHmac("sha1", secret).update(counter).digest();
  const number = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

const address = email();
const user = await signUp(clientApp(), address);
const secret = crypto.getRandomValues(new Uint8Array(20));
await user.update({ totpMultiFactorSecret: secret });
assert.equal((await freshUser(user)).isMultiFactorRequired, true);

// The package hands the attempt to a page of its own, which is not there in node.
async function attempt(app) {
  const answer = await send(app, "/auth/password/sign-in", { email: address, password }).catch(
    (error) => ({ code: error.errorCode, details: error.details }),
  );
  assert.equal(answer.code, "MULTI_FACTOR_AUTHENTICATION_REQUIRED");
  return answer.details.attempt_code;
}

const app = clientApp();
const code = await attempt(app);
const wrong = await app.signInWithMfa("000000", code, { noRedirect: true });
assert.equal(wrong.error?.errorCode, "INVALID_TOTP_CODE");
const digits = shown(secret);
assert.equal((await app.signInWithMfa(digits, code, { noRedirect: true })).status, "ok");
assert.equal((await app.getUser()).id, user.id);
const other = clientApp();
const replayed = await other.signInWithMfa(digits, await attempt(other), { noRedirect: true });
assert.equal(replayed.error?.errorCode, "INVALID_TOTP_CODE");

await (await freshUser(user)).update({ totpMultiFactorSecret: null });
const plain = await other.signInWithCredential({ email: address, password, noRedirect: true });
assert.equal(plain.status, "ok");
