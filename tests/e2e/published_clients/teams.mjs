// Teams: who may do what, permissions that are defined and granted, invitations, profiles.
import { adminApp, assert, clientApp, email, freshUser, serverApp, signUp } from "./client.mjs";
import { mailbox } from "./mailbox.mjs";

// Several versions of the package run against one project.
const [captain, billing] = ["captain", "billing"].map((name) => `${name}_${crypto.randomUUID().slice(0, 8)}`);
const ids = (permissions) => permissions.map((one) => one.id).sort();

// Whoever makes a team may do everything in it, and sees that.
const owner = await signUp(clientApp(), email());
const team = await owner.createTeam({ displayName: "Engines" });
assert.deepEqual(ids(await owner.listPermissions(team, { recursive: false })), ["team_admin"]);
assert.equal(await owner.hasPermission(team, "$delete_team"), true);
assert.equal(await owner.hasPermission(team, "unheard_of"), false);

// An invitation is mailed, looked at, accepted.
const address = email();
await team.inviteUser({ email: address, callbackUrl: "http://localhost:3000/join" });
const [pending] = await team.listInvitations();
assert.equal(pending.recipientEmail, address);
const [{ code }] = await mailbox(address, 1);
const app = clientApp();
assert.equal((await app.verifyTeamInvitationCode(code)).status, "ok");
const member = await signUp(app, email());
const details = await app.getTeamInvitationDetails(code);
assert.equal(details.data.teamDisplayName, "Engines");
assert.equal((await app.acceptTeamInvitation(code)).status, "ok");
const again = await app.acceptTeamInvitation(code);
assert.equal(again.error.errorCode, "VERIFICATION_CODE_ALREADY_USED");
const joined = await (await freshUser(member)).getTeam(team.id);
assert.equal(joined.displayName, "Engines");
assert.equal((await joined.listUsers()).length, 2);

// A member may not do everything, until it is granted.
const refused = await joined.update({ displayName: "Ours" }).catch((error) => error.errorCode);
assert.equal(refused, "TEAM_PERMISSION_REQUIRED");
await adminApp().createTeamPermissionDefinition({
  id: captain, description: "Renames the team", containedPermissionIds: ["$update_team"],
});
const server = serverApp();
const [asSeen, itsTeam] = [await server.getUser(member.id), await server.getTeam(team.id)];
await asSeen.grantPermission(itsTeam, captain);
assert.equal(await asSeen.hasPermission(itsTeam, "$update_team"), true);
await joined.update({ displayName: "Ours" });
await asSeen.revokePermission(itsTeam, captain);
const once = await joined.update({ displayName: "Mine" }).catch((error) => error.errorCode);
assert.equal(once, "TEAM_PERMISSION_REQUIRED");
assert.deepEqual(ids(await asSeen.listPermissions(itsTeam, { recursive: false })), ["team_member"]);

// Permissions of the whole project are apart.
await adminApp().createProjectPermissionDefinition({ id: billing, containedPermissionIds: [] });
await asSeen.grantPermission(billing);
assert.deepEqual(ids(await (await freshUser(member)).listPermissions()), [billing]);

// An invitation that was taken back opens nothing.
const other = email();
await team.inviteUser({ email: other, callbackUrl: "http://localhost:3000/join" });
const [back] = await mailbox(other, 1);
const [open] = await (await (await freshUser(owner)).getTeam(team.id)).listInvitations();
await open.revoke();
assert.equal((await app.verifyTeamInvitationCode(back.code)).status, "error");

// How a member appears in one team.
const profile = await (await freshUser(member)).getTeamProfile(joined);
await profile.update({ displayName: "The Countess" });
const names = (await joined.listUsers()).map((one) => one.teamProfile.displayName);
assert.ok(names.includes("The Countess"));
