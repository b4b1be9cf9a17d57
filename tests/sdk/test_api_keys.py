"""API keys of users and teams: made, recognised by a server, changed, revoked."""

from datetime import UTC, datetime, timedelta

import pytest

from keyturn.sdk import StackStatusError
from keyturn.sdk.known_errors import ApiKeyNotFound
from tests.sdk.stage_ import Form, StagedProject, collected, done, new_email, verified


@pytest.mark.specified(
    "CurrentUser.create_api_key",
    "CurrentUser.list_api_keys",
    "ServerUser.create_api_key (inherited UserExtra)",
    "ServerUser.list_api_keys (inherited UserExtra)",
    "StackServerApp.get_user(api_key)",
    "ApiKey.update",
    "ApiKey.revoke",
)
def test_a_users_key_opens_until_it_is_revoked(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        app, server = await verified(form, project), form.server(project)
        user = await done(app.get_user())
        there = await done(server.get_user(user.id))
        ends = datetime(2099, 1, 1, tzinfo=UTC)
        for owner in (user, there):
            key = await done(owner.create_api_key(description="Build machine", expires_at=ends))
            assert (key.user_id, key.is_valid, key.expires_at) == (user.id, True, ends)
            assert key.api_key.endswith(key.last_four)
            assert key.api_key not in repr(key)
            assert (await done(server.get_user(api_key=key.api_key))).id == user.id
            await done(key.update(description="Laptop"))
            listed = {each.id: each for each in await collected(owner.list_api_keys())}
            assert (listed[key.id].description, key.description) == ("Laptop", "Laptop")
            assert listed[key.id].last_four == key.last_four
            await done(listed[key.id].revoke())
            assert not listed[key.id].is_valid
            assert await done(server.get_user(api_key=key.api_key)) is None
        assert len(await collected(user.list_api_keys())) == 2

    form.play(body)


@pytest.mark.specified(
    "Team.create_api_key", "Team.list_api_keys", "StackServerApp.get_team(api_key)"
)
def test_a_teams_key_opens_for_the_team(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        app, server = await verified(form, project), form.server(project)
        user = await done(app.get_user())
        team = await done(user.create_team(display_name="Compilers"))
        key = await done(team.create_api_key(description="Deployments"))
        assert (key.team_id, key.expires_at, key.is_public) == (team.id, None, False)
        assert (await done(server.get_team(api_key=key.api_key))).id == team.id
        assert await done(server.get_user(api_key=key.api_key)) is None
        assert [each.id for each in await collected(team.list_api_keys())] == [key.id]
        await done(key.revoke())
        assert key.revoked_at is not None
        assert await done(server.get_team(api_key=key.api_key)) is None
        there = await done(server.get_team(team.id))
        assert [each.is_valid for each in await collected(there.list_api_keys())] == [False]
        outsider = await done((await verified(form, project)).get_user())
        found = await done(outsider.create_team(display_name="Linkers"))
        found.id = team.id
        with pytest.raises(ApiKeyNotFound):
            await done(found.create_api_key(description="Not mine"))

    form.play(body)


def test_a_key_ends_when_it_says(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        server = form.server(project)
        user = await done(server.create_user(primary_email=new_email()))
        now = datetime.fromtimestamp(form.stage.server.clock.now / 1000, UTC)
        soon = now + timedelta(milliseconds=1)
        key = await done(user.create_api_key(description="For a moment", expires_at=soon))
        assert key.expires_at == soon
        with pytest.raises(ValueError, match="time zone"):
            await done(user.create_api_key(description="When?", expires_at=datetime(2099, 1, 1)))  # noqa: DTZ001

    form.play(body)


def test_a_project_may_have_no_api_keys(form: Form) -> None:
    project = form.stage.project()

    async def body() -> None:
        user = await done(form.server(project).create_user(primary_email=new_email()))
        with pytest.raises(StackStatusError, match="not enabled"):
            await collected(user.list_api_keys())

    form.play(body)
