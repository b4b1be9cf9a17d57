// Sign up, read, change, sign in elsewhere, wrong passwords, taken addresses, sign out.
import { assert, clientApp, email, freshUser, password, signUp } from "./client.mjs";

const address = email();
const app = clientApp();
const user = await signUp(app, address);
assert.equal(user.primaryEmail, address);
assert.equal(user.hasPassword, true);

await user.update({ displayName: "Ada", clientMetadata: { theme: "dark" } });
const seen = await freshUser(user);
assert.equal(seen.displayName, "Ada");
assert.deepEqual(seen.clientMetadata, { theme: "dark" });

const again = await clientApp().signUpWithCredential({
  email: address,
  password,
  noRedirect: true,
  verificationCallbackUrl: "http://localhost:3000/verify",
});
assert.equal(again.error.errorCode, "USER_EMAIL_ALREADY_EXISTS");
const short = await clientApp().signUpWithCredential({
  email: email(),
  password: "short",
  noRedirect: true,
  verificationCallbackUrl: "http://localhost:3000/verify",
});
assert.equal(short.error.errorCode, "PASSWORD_TOO_SHORT");
const long = await clientApp().signUpWithCredential({
  email: email(),
  password: "x".repeat(71),
  noRedirect: true,
  verificationCallbackUrl: "http://localhost:3000/verify",
});
assert.equal(long.error.errorCode, "PASSWORD_TOO_LONG");

const other = clientApp();
const wrong = await other.signInWithCredential({ email: address, password: "not it", noRedirect: true });
assert.equal(wrong.error.errorCode, "EMAIL_PASSWORD_MISMATCH");
const right = await other.signInWithCredential({ email: address, password, noRedirect: true });
assert.equal(right.status, "ok");
assert.equal((await other.getUser()).id, user.id);

const tokens = await user.currentSession.getTokens();
await user.signOut();
assert.equal(await clientApp({ accessToken: null, refreshToken: tokens.refreshToken }).getUser().catch((e) => e), null);
assert.equal((await other.getUser()).id, user.id);
