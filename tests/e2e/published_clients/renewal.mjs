// A refresh token alone is enough: the package renews, and the refresh token stays the same.
import { assert, clientApp, email, signUp } from "./client.mjs";

const user = await signUp(clientApp(), email());
const { refreshToken } = await user.currentSession.getTokens();

const later = clientApp({ accessToken: "", refreshToken });
const found = await later.getUser();
assert.equal(found.id, user.id);
const renewed = await found.currentSession.getTokens();
assert.equal(renewed.refreshToken, refreshToken);
assert.equal(renewed.accessToken.split(".").length, 3);

const unknown = clientApp({ accessToken: "", refreshToken: `${refreshToken}x` });
assert.equal(await unknown.getUser(), null);
