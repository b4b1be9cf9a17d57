// What any client may read about the project, and a team of the user's own.
import { assert, clientApp, email, freshUser, signUp } from "./client.mjs";

const app = clientApp();
const project = await app.getProject();
assert.equal(project.config.credentialEnabled, true);
assert.deepEqual(project.config.oauthProviders, [{ id: "work" }]);

const user = await signUp(app, email());
const [own] = await user.listTeams();
assert.equal((await freshUser(user)).selectedTeam.id, own.id);
const team = await user.createTeam({ displayName: "Analytical Engines" });
await team.update({ displayName: "Difference Engines" });
const names = (await (await freshUser(user)).listTeams()).map((found) => found.displayName);
assert.deepEqual(names.includes("Difference Engines"), true);
await user.leaveTeam(own);
assert.equal((await (await freshUser(user)).listTeams()).length, 1);
