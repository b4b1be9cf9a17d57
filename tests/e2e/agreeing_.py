"""The methods that both SDKs have: what to call in each, and which parts of the result to compare.

Each case runs in both SDKs, each on a user and a team of its own that were made alike. ``w`` keeps
what later cases go on with.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

Call = Callable[[Any, Any, SimpleNamespace, dict[str, str]], Any]


@dataclass(frozen=True)
class Case:
    """One method, called in both SDKs.

    Attributes:
        js: An expression, with ``app``, ``server``, ``w`` and ``facts``.
        py: The same in Python.
        fields: What to compare: JavaScript's name, and ours after ``=`` where it is another one.
    """

    name: str
    js: str
    py: Call
    fields: str = ""


USER = (
    "id displayName primaryEmail primaryEmailVerified profileImageUrl clientMetadata "
    "clientReadOnlyMetadata hasPassword otpAuthEnabled passkeyAuthEnabled isMultiFactorRequired "
    "isAnonymous isRestricted"
)
SERVER_USER = f"{USER} serverMetadata"
TEAM = "id displayName profileImageUrl clientMetadata clientReadOnlyMetadata"
CHANNEL = "value type isVerified isPrimary usedForAuth"
KEY = "description expiresAt"
CATEGORY = "id name=display_name enabled=is_user_subscribed canDisable=can_unsubscribe"
PROVIDER = "type email allowSignIn allowConnectedAccounts"
ITEM = "displayName quantity nonNegativeQuantity"
PRODUCT = "id quantity displayName customerType isServerOnly stackable type"
GONE = "00000000-0000-4000-8000-000000000000"
INLINE = {
    "display_name": "A gift",
    "customer_type": "user",
    "server_only": False,
    "prices": {"free": {"USD": "0.00"}},
    "included_items": {"credits": {"quantity": 2}},
}


def kept(w: SimpleNamespace, name: str, value: Any) -> Any:
    """Keep a value for later cases, and return it."""
    setattr(w, name, value)
    return value


def found(items: Any, name: str, value: Any) -> Any:
    return next(item for item in items if getattr(item, name) == value)


USERS = [
    Case("StackClientApp.get_project", "app.getProject()", lambda app, *_: app.get_project(),
         "id displayName config.signUpEnabled config.credentialEnabled config.magicLinkEnabled "
         "config.passkeyEnabled config.clientTeamCreationEnabled config.clientUserDeletionEnabled "
         "config.allowUserApiKeys config.allowTeamApiKeys"),
    Case("StackClientApp.get_user", "app.getUser()", lambda app, *_: app.get_user(), USER),
    Case("StackServerApp.get_user(id)", "server.getUser(facts.me)",
         lambda app, server, w, facts: server.get_user(facts["me"]), SERVER_USER),
    Case("StackServerApp.get_user(nobody)", f"server.getUser('{GONE}')",
         lambda app, server, w, facts: server.get_user(GONE)),
    Case("CurrentUser.update", "w.user.update({ displayName: 'Ada', clientMetadata: { a: [1] } })",
         lambda app, server, w, facts: w.user.update(
             display_name="Ada", client_metadata={"a": [1]})),
    Case("CurrentUser after update", "app.getUser()", lambda app, *_: app.get_user(), USER),
    Case("ServerUser.update", "w.there.update({ serverMetadata: { plan: 'pro' } })",
         lambda app, server, w, facts: w.there.update(server_metadata={"plan": "pro"})),
    Case("ServerUser.set_client_read_only_metadata", "w.there.setClientReadOnlyMetadata({ b: 1 })",
         lambda app, server, w, facts: w.there.set_client_read_only_metadata({"b": 1})),
    Case("ServerUser after update", "server.getUser(facts.me)",
         lambda app, server, w, facts: server.get_user(facts["me"]), SERVER_USER),
    Case("CurrentUser.update_password(wrong)",
         "w.user.updatePassword({ oldPassword: 'wrong one', newPassword: 'second password' })",
         lambda app, server, w, facts: w.user.update_password(
             old_password="wrong one", new_password="second password")),
    Case("CurrentUser.update_password",
         "w.user.updatePassword({ oldPassword: facts.password, newPassword: 'second password' })",
         lambda app, server, w, facts: w.user.update_password(
             old_password=facts["password"], new_password="second password")),
    Case("CurrentUser.get_active_sessions", "w.user.getActiveSessions()",
         lambda app, server, w, facts: w.user.get_active_sessions(),
         "isImpersonation isCurrentSession"),
    Case("CurrentUser.list_contact_channels", "w.user.listContactChannels()",
         lambda app, server, w, facts: w.user.list_contact_channels(), CHANNEL),
    Case("CurrentUser.create_contact_channel",
         "w.channel = await w.user.createContactChannel("
         "{ type: 'email', value: 'other-' + facts.email, usedForAuth: false })",
         lambda app, server, w, facts: kept(w, "channel", w.user.create_contact_channel(
             value="other-" + facts["email"], used_for_auth=False)), CHANNEL),
    Case("ContactChannel.update", "w.channel.update({ usedForAuth: true })",
         lambda app, server, w, facts: w.channel.update(used_for_auth=True)),
    Case("ServerUser.list_contact_channels", "w.there.listContactChannels()",
         lambda app, server, w, facts: w.there.list_contact_channels(), CHANNEL),
    Case("ContactChannel.delete", "w.channel.delete()",
         lambda app, server, w, facts: w.channel.delete()),
    Case("CurrentUser.list_notification_categories", "w.user.listNotificationCategories()",
         lambda app, server, w, facts: w.user.list_notification_categories(), CATEGORY),
    Case("NotificationCategory.unsubscribe",
         "(await w.user.listNotificationCategories()).find((c) => c.canDisable).setEnabled(false)",
         lambda app, server, w, facts: found(
             w.user.list_notification_categories(), "can_unsubscribe", True).unsubscribe()),
    Case("NotificationCategory after unsubscribe", "w.user.listNotificationCategories()",
         lambda app, server, w, facts: w.user.list_notification_categories(), CATEGORY),
    Case("NotificationCategory.unsubscribe(always sent)",
         "(await w.user.listNotificationCategories()).find((c) => !c.canDisable).setEnabled(false)",
         lambda app, server, w, facts: found(
             w.user.list_notification_categories(), "can_unsubscribe", False).unsubscribe()),
]  # fmt: skip

TEAMS = [
    Case("CurrentUser.create_team", "w.team = await w.user.createTeam({ displayName: 'Lovelace' })",
         lambda app, server, w, facts: kept(
             w, "team", w.user.create_team(display_name="Lovelace")), TEAM),
    Case("CurrentUser.list_teams", "w.user.listTeams()",
         lambda app, server, w, facts: w.user.list_teams(), TEAM),
    Case("CurrentUser.get_team(nobody's)", f"w.user.getTeam('{GONE}')",
         lambda app, server, w, facts: w.user.get_team(GONE)),
    Case("StackServerApp.get_team", "server.getTeam(w.team.id)",
         lambda app, server, w, facts: server.get_team(w.team.id), f"{TEAM} serverMetadata"),
    Case("Team.update", "w.team.update({ clientMetadata: { c: 2 } })",
         lambda app, server, w, facts: w.team.update(client_metadata={"c": 2})),
    Case("ServerUser.list_teams", "w.there.listTeams()",
         lambda app, server, w, facts: w.there.list_teams(), f"{TEAM} serverMetadata"),
    Case("Team.list_users", "w.team.listUsers()",
         lambda app, server, w, facts: w.team.list_users(),
         "id teamProfile.displayName teamProfile.profileImageUrl"),
    Case("EditableTeamMemberProfile.update",
         "(await w.user.getTeamProfile(w.team)).update({ displayName: 'The Countess' })",
         lambda app, server, w, facts: w.user.get_team_profile(w.team).update(
             display_name="The Countess")),
    Case("CurrentUser.get_team_profile", "w.user.getTeamProfile(w.team)",
         lambda app, server, w, facts: w.user.get_team_profile(w.team),
         "displayName profileImageUrl"),
    Case("ServerUser.get_team_profile", "w.there.getTeamProfile(w.team)",
         lambda app, server, w, facts: w.there.get_team_profile(w.team),
         "displayName profileImageUrl"),
    Case("Team.invite_user",
         "w.team.inviteUser({ email: 'guest@example.com', callbackUrl: 'http://localhost:3000/' })",
         lambda app, server, w, facts: w.team.invite_user(
             "guest@example.com", callback_url="http://localhost:3000/")),
    Case("Team.list_invitations", "w.team.listInvitations()",
         lambda app, server, w, facts: w.team.list_invitations(), "recipientEmail"),
    Case("TeamInvitation.revoke", "(await w.team.listInvitations())[0].revoke()",
         lambda app, server, w, facts: w.team.list_invitations().items[0].revoke()),
    Case("Team.list_invitations(none left)", "w.team.listInvitations()",
         lambda app, server, w, facts: w.team.list_invitations(), "recipientEmail"),
    Case("ServerTeam.list_users", "(await server.getTeam(w.team.id)).listUsers()",
         lambda app, server, w, facts: server.get_team(w.team.id).list_users(),
         f"{SERVER_USER} teamProfile.displayName"),
    Case("StackServerApp.create_team",
         "w.elsewhere = await server.createTeam({ displayName: 'Elsewhere' })",
         lambda app, server, w, facts: kept(
             w, "elsewhere", server.create_team(display_name="Elsewhere")), TEAM),
    Case("CurrentUser.get_team_profile(not a member)", "w.user.getTeamProfile(w.elsewhere)",
         lambda app, server, w, facts: w.user.get_team_profile(w.elsewhere)),
    Case("ServerTeam.add_user", "w.elsewhere.addUser(facts.me)",
         lambda app, server, w, facts: w.elsewhere.add_user(facts["me"])),
    Case("ServerTeam.add_user(again)", "w.elsewhere.addUser(facts.me)",
         lambda app, server, w, facts: w.elsewhere.add_user(facts["me"])),
    Case("CurrentUser.leave_team", "w.user.leaveTeam(w.elsewhere)",
         lambda app, server, w, facts: w.user.leave_team(w.elsewhere)),
    Case("ServerTeam.delete", "w.elsewhere.delete()",
         lambda app, server, w, facts: w.elsewhere.delete()),
]  # fmt: skip

PERMISSIONS = [
    Case("CurrentUser.list_permissions(team)", "w.user.listPermissions(w.team)",
         lambda app, server, w, facts: w.user.list_permissions(team=w.team), "id"),
    Case("CurrentUser.list_permissions(team, direct)",
         "w.user.listPermissions(w.team, { recursive: false })",
         lambda app, server, w, facts: w.user.list_permissions(
             team=w.team, recursive=False), "id"),
    Case("CurrentUser.has_permission(project, no)", "w.user.hasPermission('billing')",
         lambda app, server, w, facts: w.user.has_permission("billing")),
    Case("ServerUser.grant_permission(project)", "w.there.grantPermission('billing')",
         lambda app, server, w, facts: w.there.grant_permission("billing")),
    Case("ServerUser.grant_permission(unknown)", "w.there.grantPermission('flying')",
         lambda app, server, w, facts: w.there.grant_permission("flying")),
    Case("CurrentUser.has_permission(project)", "w.user.hasPermission('billing')",
         lambda app, server, w, facts: w.user.has_permission("billing")),
    Case("ServerUser.get_permission(project)", "w.there.getPermission('billing')",
         lambda app, server, w, facts: w.there.get_permission("billing"), "id"),
    Case("ServerUser.revoke_permission(project)", "w.there.revokePermission('billing')",
         lambda app, server, w, facts: w.there.revoke_permission("billing")),
    Case("ServerUser.list_permissions(project)", "w.there.listPermissions()",
         lambda app, server, w, facts: w.there.list_permissions(), "id"),
    Case("ServerUser.revoke_permission(team)", "w.there.revokePermission(w.team, 'team_admin')",
         lambda app, server, w, facts: w.there.revoke_permission("team_admin", team=w.team)),
    Case("Team.update(no longer allowed)", "w.team.update({ displayName: 'Mine' })",
         lambda app, server, w, facts: w.team.update(display_name="Mine")),
    Case("ServerUser.grant_permission(team)", "w.there.grantPermission(w.team, 'team_admin')",
         lambda app, server, w, facts: w.there.grant_permission("team_admin", team=w.team)),
    Case("ServerUser.has_permission(team)", "w.there.hasPermission(w.team, '$update_team')",
         lambda app, server, w, facts: w.there.has_permission("$update_team", team=w.team)),
]  # fmt: skip
