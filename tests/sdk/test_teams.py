"""Teams, memberships, profiles and invitations, as members and as servers."""

import pytest

from keyturn.sdk.known_errors import (
    TeamMembershipAlreadyExists,
    TeamMembershipNotFound,
    TeamNotFound,
    VerificationCodeError,
)
from tests.sdk.stage_ import (
    Form,
    StagedProject,
    collected,
    done,
    mailed_code,
    new_email,
    signed_up,
    verified,
)

CALLBACK = "http://localhost:12345/join"


@pytest.mark.specified(
    "CurrentUser.create_team",
    "CurrentUser.list_teams",
    "CurrentUser.get_team",
    "CurrentUser.set_selected_team",
    "Team.update",
    "Team.delete",
)
def test_a_user_makes_changes_and_deletes_a_team(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        user = await done((await signed_up(form, project)).get_user())
        team = await done(user.create_team(display_name="Engines"))
        assert user.selected_team.id == team.id
        await done(team.update(display_name="Difference engines", client_metadata={"no": 2}))
        assert (team.display_name, team.client_metadata) == ("Difference engines", {"no": 2})
        assert [each.display_name for each in await collected(user.list_teams())] == [
            "Difference engines"
        ]
        assert (await done(user.get_team(team.id))).client_metadata == {"no": 2}
        await done(user.set_selected_team(None))
        assert not user.selected_team
        await done(user.set_selected_team(team))
        await done(user.set_selected_team(team.id))
        assert user.selected_team.display_name == "Difference engines"
        await done(team.delete())
        assert await done(user.get_team(team.id)) is None

    form.play(body)


@pytest.mark.specified(
    "CurrentUser.get_team_profile",
    "CurrentUser.leave_team",
    "EditableTeamMemberProfile.update",
    "Team.list_users",
)
def test_a_member_appears_as_it_likes_and_leaves(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        user = await done((await signed_up(form, project)).get_user())
        team = await done(user.create_team(display_name="Engines"))
        profile = await done(user.get_team_profile(team))
        await done(profile.update(display_name="The Countess"))
        assert profile.display_name == "The Countess"
        [member] = await collected(team.list_users())
        assert (member.id, member.team_profile.display_name) == (user.id, "The Countess")
        await done(user.leave_team(team))
        with pytest.raises(TeamNotFound):
            await done(user.get_team_profile(team))

    form.play(body)


@pytest.mark.specified(
    "StackServerApp.create_team",
    "StackServerApp.get_team(id)",
    "StackServerApp.list_teams",
    "ServerTeam.update",
    "ServerTeam.add_user",
    "ServerTeam.list_users",
    "ServerTeam.remove_user",
    "ServerTeam.delete",
    "ServerTeamMemberProfile.update",
)
def test_a_server_keeps_teams_and_their_members(form: Form) -> None:
    project = form.stage.project()

    async def body() -> None:
        app = form.server(project)
        users = [await done(app.create_user(display_name=f"U{n}")) for n in range(3)]
        team = await done(app.create_team(display_name="Engines", creator_user_id=users[0].id))
        await done(team.update(server_metadata={"plan": "gold"}))
        found = await done(app.get_team(team.id))
        assert (found.server_metadata, found.created_at.tzinfo is None) == ({"plan": "gold"}, False)
        for user in users[1:]:
            await done(team.add_user(user.id))
        with pytest.raises(TeamMembershipAlreadyExists):
            await done(team.add_user(users[1].id))
        members = await collected(team.list_users(limit=2))
        assert {member.id for member in members} == {user.id for user in users}
        await done(members[0].team_profile.update(display_name="First"))
        again = await collected(team.list_users())
        names = {member.id: member.team_profile.display_name for member in again}
        assert names[members[0].id] == "First"
        await done(team.remove_user(users[2].id))
        with pytest.raises(TeamMembershipNotFound):
            await done(team.remove_user(users[2].id))
        assert [each.id for each in await collected(app.list_teams())] == [team.id]
        assert await collected(app.list_teams(user_id=users[2].id)) == []
        await done(team.delete())
        assert await done(app.get_team(team.id)) is None
        with pytest.raises(ValueError, match="api_key"):
            await done(app.get_team())

    form.play(body)


@pytest.mark.specified(
    "ServerUser.create_team",
    "ServerUser.list_teams",
    "ServerUser.get_team",
    "ServerUser.set_selected_team (inherited UserExtra)",
    "ServerUser.get_team_profile (inherited UserExtra)",
    "ServerUser.leave_team (inherited UserExtra)",
)
def test_a_server_keeps_the_teams_of_a_user(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        app = form.server(project)
        user = await done(app.create_user(display_name="Ada"))
        team = await done(user.create_team(display_name="Engines"))
        assert [each.id for each in await collected(user.list_teams())] == [team.id]
        assert (await done(user.get_team(team.id))).display_name == "Engines"
        await done(user.set_selected_team(team))
        profile = await done(user.get_team_profile(team))
        assert (profile.user_id, profile.display_name) == (user.id, "Ada")
        await done(user.leave_team(team))
        assert await done(user.get_team(team.id)) is None

    form.play(body)


@pytest.mark.specified(
    "Team.invite_user",
    "Team.list_invitations",
    "TeamInvitation.revoke",
    "ServerTeam.invite_user",
    "StackClientApp.verify_team_invitation_code",
    "StackClientApp.get_team_invitation_details",
    "StackClientApp.accept_team_invitation",
)
def test_somebody_is_invited_and_joins(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        owner = await done((await signed_up(form, project)).get_user())
        team = await done(owner.create_team(display_name="Engines"))
        email = new_email()
        await done(team.invite_user(email, callback_url=CALLBACK))
        [invitation] = await collected(team.list_invitations())
        assert (invitation.recipient_email, invitation.team_id) == (email, team.id)
        code = await mailed_code(form, email)
        guest = await verified(form, project)
        await done(guest.verify_team_invitation_code(code))
        details = await done(guest.get_team_invitation_details(code))
        assert (details.team_display_name, details.team_id) == ("Engines", team.id)
        await done(guest.accept_team_invitation(code))
        joined = await done(guest.get_user())
        assert [each.id for each in await collected(joined.list_teams())] == [team.id]
        with pytest.raises(VerificationCodeError):
            await done(guest.accept_team_invitation(code))
        serving = await done(form.server(project).get_team(team.id))
        await done(serving.invite_user(new_email(), callback_url=CALLBACK))
        [invitation] = await collected(team.list_invitations())
        await done(invitation.revoke())
        assert await collected(serving.list_invitations()) == []

    form.play(body)
