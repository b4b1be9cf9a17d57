// List sessions, end another one, sign out: what has ended no longer renews.
import { assert, clientApp, email, freshUser, password, signUp } from "./client.mjs";

const address = email();
const app = clientApp();
const user = await signUp(app, address);
const other = clientApp();
await other.signInWithCredential({ email: address, password, noRedirect: true });

const listed = await user.getActiveSessions();
assert.equal(listed.length, 2);
assert.equal(listed.filter((session) => session.isCurrentSession).length, 1);
assert.equal(listed.filter((session) => session.isImpersonation).length, 0);
assert.ok(listed.every((session) => session.createdAt instanceof Date && session.userId === user.id));

const theirs = listed.find((session) => !session.isCurrentSession);
const lost = await (await other.getUser()).currentSession.getTokens();
await user.revokeSession(theirs.id);
assert.equal(await clientApp(lost).getUser(), null);
assert.equal((await user.getActiveSessions()).length, 1);

const kept = await user.currentSession.getTokens();
assert.equal((await freshUser(user)).id, user.id);
await user.signOut();
assert.equal(await clientApp(kept).getUser(), null);
