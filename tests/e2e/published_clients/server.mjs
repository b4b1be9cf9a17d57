// A program with the secret key: users, their sessions, teams and members.
import { assert, clientApp, email, serverApp } from "./client.mjs";

const app = serverApp();
const address = email();
const user = await app.createUser({
  primaryEmail: address,
  primaryEmailVerified: true,
  primaryEmailAuthEnabled: true,
  password: "correct horse battery",
  displayName: "Grace",
});
assert.equal(user.primaryEmail, address);
await user.update({ serverMetadata: { plan: "gold" }, displayName: "Grace Hopper" });
const found = await app.getUser(user.id);
assert.equal(found.displayName, "Grace Hopper");
assert.deepEqual(found.serverMetadata, { plan: "gold" });
const nobody = await app.getUser(crypto.randomUUID()).catch((error) => error.errorCode);
assert.ok(nobody === null || nobody === "USER_NOT_FOUND");  // the oldest package throws

const page = await app.listUsers({ limit: 1 });
assert.equal(page.length, 1);
const names = (await app.listUsers()).map((one) => one.id);
assert.ok(names.includes(user.id));

const session = await user.createSession({ expiresInMillis: 60_000, isImpersonation: true });
const tokens = await session.getTokens();
const acting = await clientApp(tokens).getUser();
assert.equal(acting.id, user.id);
assert.equal((await acting.getActiveSessions())[0].isImpersonation, true);

const team = await app.createTeam({ displayName: "Compilers", creatorUserId: user.id });
const other = await app.createUser({ primaryEmail: email(), primaryEmailAuthEnabled: true });
await team.addUser(other.id);
assert.equal((await team.listUsers()).length, 2);
await team.removeUser(other.id);
assert.equal((await other.listTeams()).filter((one) => one.id === team.id).length, 0);
await team.delete();
assert.equal((await app.listTeams()).filter((one) => one.id === team.id).length, 0);
await user.delete();
assert.ok(!(await serverApp().listUsers()).map((one) => one.id).includes(user.id));
