// A CLI signs in through a browser elsewhere: the poll gets the browser's own refresh token.
import { assert, clientApp, email, send, signUp } from "./client.mjs";

const browser = clientApp();
const user = await signUp(browser, email());
const { refreshToken } = await user.currentSession.getTokens();

const cli = clientApp();
const seen = [];
const prompted = cli.promptCliLogin({
  appUrl: "http://localhost:3000",
  expiresInMillis: 60_000,
  waitTimeMillis: 100,
  promptLink: (url, code) => seen.push(url, code ?? new URL(url).searchParams.get("login_code")),
});
while (seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
const login_code = seen[1];
assert.ok(seen[0].startsWith("http://localhost:3000/handler/"), seen[0]);

assert.deepEqual(await send(browser, "/auth/cli/complete", { login_code, mode: "check" }), {
  cli_session_state: "none",
});
const completed = { login_code, refresh_token: refreshToken };
assert.deepEqual(await send(browser, "/auth/cli/complete", completed), { success: true });
const result = await prompted;
assert.equal(result.status, "ok", result.error?.message);
assert.equal(result.data, refreshToken);

const signedIn = clientApp({ accessToken: "", refreshToken: result.data });
assert.equal((await signedIn.getUser()).id, user.id);
await assert.rejects(send(browser, "/auth/cli/complete", completed), /Invalid login code/);
