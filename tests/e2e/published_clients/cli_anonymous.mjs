// A CLI that already has an anonymous session: the browser claims it and makes it an account.
import { assert, clientApp, email, send, signInWithTokens, signUp } from "./client.mjs";

const cli = clientApp();
const guest = await cli.getUser({ or: "anonymous" });
const own = await guest.currentSession.getTokens();
const seen = [];
const prompted = cli.promptCliLogin({
  appUrl: "http://localhost:3000",
  waitTimeMillis: 100,
  anonRefreshToken: own.refreshToken,
  promptLink: (url, code) => seen.push(code),
});
while (seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
const login_code = seen[0];

const page = clientApp();
const check = () => send(page, "/auth/cli/complete", { login_code, mode: "check" });
const claim = () => send(page, "/auth/cli/complete", { login_code, mode: "claim-anon-session" });
assert.deepEqual(await check(), { cli_session_state: "anonymous" });
const claimed = await claim();
assert.equal(claimed.refresh_token, own.refreshToken);
await assert.rejects(claim(), /No anonymous session associated with this code/);
assert.deepEqual(await check(), { cli_session_state: "none" });

const browser = clientApp();
await signInWithTokens(browser, claimed);
const user = await signUp(browser, email());
const tokens = await user.currentSession.getTokens();
assert.equal(user.id, guest.id);
await send(browser, "/auth/cli/complete", { login_code, refresh_token: tokens.refreshToken });
const result = await prompted;
assert.equal(result.data, tokens.refreshToken);
