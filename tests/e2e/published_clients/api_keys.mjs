// API keys of a user and of a team: made, found again, revoked, and recognised by a server.
import { assert, clientApp, email, freshUser, serverApp, signUp } from "./client.mjs";

const app = clientApp();
const user = await signUp(app, email());
const key = await user.createApiKey({ description: "Build machine" });
assert.match(key.value, /^sk_.{45}.{32}user1574ck4u7h[0-9a-f]{8}$/);
assert.equal(key.userId, user.id);
assert.equal(key.expiresAt ?? null, null);
assert.equal(key.isValid(), true);

const soon = new Date(Date.now() + 3_600_000);
await user.createApiKey({ description: "For an hour", expiresAt: soon, isPublic: true });
const listed = await (await freshUser(user)).listApiKeys();
assert.deepEqual(listed.map((one) => one.description).sort(), ["Build machine", "For an hour"]);
const again = listed.find((one) => one.id === key.id);
assert.equal(again.value.lastFour, key.value.slice(-4));
const short = listed.find((one) => one.id !== key.id);
assert.equal(short.expiresAt.getTime(), soon.getTime());

const found = await serverApp().getUser({ apiKey: key.value });
assert.equal(found.id, user.id);
assert.equal(await serverApp().getUser({ apiKey: `${key.value}0` }), null);

await again.update({ description: "Laptop" });
await again.revoke();
const [revoked] = (await (await freshUser(user)).listApiKeys()).filter((one) => one.id === key.id);
assert.equal(revoked.description, "Laptop");
assert.equal(revoked.isValid(), false);
assert.equal(revoked.whyInvalid(), "manually-revoked");
assert.equal(await serverApp().getUser({ apiKey: key.value }), null);

const team = await user.createTeam({ displayName: "Compilers" });
const ofTeam = await team.createApiKey({ description: "Deployments" });
assert.equal(ofTeam.teamId, team.id);
assert.equal((await serverApp().getTeam({ apiKey: ofTeam.value })).id, team.id);
assert.equal(await serverApp().getUser({ apiKey: ofTeam.value }), null);
assert.equal((await team.listApiKeys()).length, 1);
