// Signing in at a provider, its tokens, and the accounts there as a server manages them.
import { createHash, randomBytes } from "node:crypto";

import { assert, clientApp, email, serverApp } from "./client.mjs";

const { baseUrl } = JSON.parse(process.env.KEYTURN_FLOW);
const app = clientApp();
const verifier = randomBytes(32).toString("base64url");
const state = randomBytes(16).toString("base64url");
const redirectUrl = `${baseUrl}/handler/oauth-callback`;
const url = await app._interface.getOAuthUrl({
  provider: "Work",
  redirectUrl,
  errorRedirectUrl: `${baseUrl}/handler/error`,
  codeChallenge: createHash("sha256").update(verifier).digest("base64url"),
  state,
  type: "authenticate",
  session: await app._getSession(),
});

/** Follow one redirect, as the browser that the package would send there. */
async function follow(address, cookie = "") {
  const answer = await fetch(address, { redirect: "manual", headers: { cookie } });
  assert.ok([302, 303].includes(answer.status), await answer.text());
  return [answer.headers.get("location"), answer.headers.get("set-cookie")?.split(";")[0]];
}

const [there, cookie] = await follow(url);
const [back] = await follow(there);
const [home] = await follow(back, cookie);
const tokens = await app._interface.callOAuthCallback({
  oauthParams: new URL(home).searchParams,
  redirectUri: redirectUrl,
  codeVerifier: verifier,
  state,
});
assert.equal(tokens.newUser, true);
const user = await clientApp(tokens).getUser();
assert.deepEqual(user.oauthProviders.map((one) => one.id), ["work"]);
const connected = await user.getConnectedAccount("work");
const given = await connected.getAccessToken();
assert.match((given.data ?? given).accessToken, /^a-/);

const server = serverApp();
const other = await server.createUser({ primaryEmail: email() });
const made = await server.createOAuthProvider({
  userId: other.id,
  providerConfigId: "work",
  accountId: crypto.randomUUID(),
  email: email(),
  allowSignIn: true,
  allowConnectedAccounts: false,
});
assert.equal(made.status, "ok");
await made.data.update({ allowSignIn: false });
const [listed] = await other.listOAuthProviders();
assert.equal(listed.id, made.data.id);
assert.equal(listed.allowSignIn, false);
const taken = await server.createOAuthProvider({
  userId: other.id,
  providerConfigId: "work",
  accountId: (await (await server.getUser(user.id)).listOAuthProviders())[0].accountId,
  allowSignIn: true,
  allowConnectedAccounts: false,
});
assert.equal(taken.error.errorCode, "OAUTH_PROVIDER_ACCOUNT_ID_ALREADY_USED_FOR_SIGN_IN");
await listed.delete();
assert.deepEqual(await other.listOAuthProviders(), []);
