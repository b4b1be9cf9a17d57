// Begin without a person, keep data, become an account in place: same id, older tokens dead.
import { assert, clientApp, email, freshUser, signUp } from "./client.mjs";

const app = clientApp();
const guest = await app.getUser({ or: "anonymous" });
await guest.update({ clientMetadata: { cart: 3 } });
const old = await guest.currentSession.getTokens();
assert.equal(await clientApp(old).getUser(), null, "anonymous users show only where asked for");
assert.equal((await clientApp(old).getUser({ or: "anonymous" })).id, guest.id);

const user = await signUp(app, email());
assert.equal(user.id, guest.id);
assert.deepEqual((await freshUser(user)).clientMetadata, { cart: 3 });

const planted = clientApp({ accessToken: old.accessToken, refreshToken: old.refreshToken });
assert.equal(await planted.getUser(), null);
const successor = await planted.getUser({ or: "anonymous" });
assert.notEqual(successor.id, guest.id, "the old tokens lead to a new guest, not into the account");
