"""What a signed-in user changes about itself, its session, its sessions and its addresses."""

from datetime import timedelta

import pytest

from keyturn.sdk import StackStatusError
from keyturn.sdk.known_errors import (
    CannotDeleteCurrentSession,
    EmailAlreadyVerified,
    UserNotFound,
)
from tests.sdk.stage_ import (
    PASSWORD,
    Form,
    StagedProject,
    collected,
    done,
    mailed_code,
    new_email,
    signed_up,
    verified,
)

CALLBACK = "http://localhost:12345/verify"


@pytest.mark.specified(
    "BaseUser.to_client_json",
    "CurrentUser.update",
    "CurrentUser.set_display_name",
    "CurrentUser.set_client_metadata",
    "CurrentUser.delete",
)
@pytest.mark.proves("D-4")
def test_a_user_changes_and_deletes_itself(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        app = await signed_up(form, project)
        user = await done(app.get_user())
        await done(user.update(profile_image_url="https://ada.example/me.png", display_name="A"))
        await done(user.set_display_name("Ada"))
        await done(user.set_client_metadata({"theme": "dark"}))
        assert (user.display_name, user.client_metadata) == ("Ada", {"theme": "dark"})
        shown = user.to_client_json()
        assert len(shown) == 21
        assert shown["profile_image_url"] == "https://ada.example/me.png"
        assert (await done(app.get_user())).to_client_json() == shown
        await done(user.set_display_name(None))
        assert user.display_name is None
        await done(user.delete())
        assert await done(app.get_user()) is None
        assert await done(app.get_refresh_token()) is None

    form.play(body)


def test_an_account_is_deleted_only_where_the_project_allows_it(form: Form) -> None:
    project = form.stage.project()

    async def body() -> None:
        app = await signed_up(form, project)
        user = await done(app.get_user())
        with pytest.raises(StackStatusError) as refused:
            await done(user.delete())
        assert refused.value.status == 400
        assert await done(app.get_user()) is not None

    form.play(body)


@pytest.mark.specified(
    "CurrentUser.current_session.get_tokens",
    "CurrentUser.sign_out",
    "CurrentUser.get_access_token",
    "CurrentUser.get_refresh_token",
    "CurrentUser.get_auth_headers",
    "CurrentUser.get_auth_json",
)
def test_a_user_hands_its_session_on_and_ends_it(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        app = await signed_up(form, project)
        user = await done(app.get_user())
        pair = await done(user.current_session.get_tokens())
        assert pair.access_token == await done(user.get_access_token())
        assert pair.refresh_token == await done(user.get_refresh_token())
        assert await done(user.get_auth_json()) == {
            "access_token": pair.access_token,
            "refresh_token": pair.refresh_token,
        }
        assert await done(user.get_auth_headers()) == await done(app.get_auth_headers())
        await done(user.sign_out())
        assert await done(user.get_access_token()) is None
        assert await done(app.get_user()) is None
        elsewhere = form.client(project, token_store=pair)
        assert await done(elsewhere.get_user()) is None

    form.play(body)


@pytest.mark.specified("CurrentUser.get_active_sessions", "CurrentUser.revoke_session")
def test_a_user_sees_its_sessions_and_ends_one(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        email = new_email()
        here = await signed_up(form, project, email)
        there = form.client(project)
        await done(there.sign_in_with_credential(email=email, password=PASSWORD))
        user = await done(here.get_user())
        sessions = await collected(user.get_active_sessions())
        [current] = [each for each in sessions if each.is_current_session]
        [other] = [each for each in sessions if not each.is_current_session]
        assert (other.user_id, other.geo_info) == (user.id, None)
        assert other.created_at.tzinfo is not None
        with pytest.raises(CannotDeleteCurrentSession):
            await done(user.revoke_session(current.id))
        await done(user.revoke_session(other.id))
        assert await done(there.get_user()) is None

    form.play(body)


@pytest.mark.specified(
    "ServerUser.create_session",
    "ServerUser.get_active_sessions (inherited UserExtra)",
    "ServerUser.revoke_session (inherited UserExtra)",
)
def test_a_server_begins_sees_and_ends_sessions(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        user = await done(form.server(project).create_user(display_name="Ada"))
        begun = await done(
            user.create_session(expires_in=timedelta(hours=1), is_impersonation=True)
        )
        app = form.client(project, token_store=begun.get_tokens())
        assert (await done(app.get_user(include_restricted=True))).id == user.id
        [session] = await collected(user.get_active_sessions())
        assert session.is_impersonation
        await done(user.revoke_session(session.id))
        assert await done(app.get_user(include_restricted=True)) is None
        await done(user.delete())
        with pytest.raises(UserNotFound):
            await done(user.set_display_name("Nobody"))

    form.play(body)


@pytest.mark.specified(
    "CurrentUser.list_contact_channels",
    "CurrentUser.create_contact_channel",
    "ContactChannel.send_verification_email",
    "ContactChannel.update",
    "ContactChannel.delete",
)
def test_a_user_adds_verifies_and_removes_an_address(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        app, email = await verified(form, project), new_email()
        user = await done(app.get_user())
        added = await done(user.create_contact_channel(email, used_for_auth=False))
        assert (added.value, added.is_verified, added.type) == (email, False, "email")
        await done(added.send_verification_email(callback_url=CALLBACK))
        await mailed_code(form, email)
        await done(added.update(used_for_auth=True))
        assert added.used_for_auth
        primary, other = await collected(user.list_contact_channels())
        assert (primary.is_primary, other.id) == (True, added.id)
        with pytest.raises(EmailAlreadyVerified):
            await done(primary.send_verification_email(callback_url=CALLBACK))
        await done(other.delete())
        assert len(await collected(user.list_contact_channels())) == 1

    form.play(body)


@pytest.mark.specified(
    "ServerUser.list_contact_channels",
    "ServerUser.create_contact_channel",
    "ServerContactChannel.update",
)
def test_a_server_adds_and_verifies_an_address(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        user = await done(form.server(project).create_user(primary_email=new_email()))
        added = await done(
            user.create_contact_channel(new_email(), used_for_auth=False, is_verified=False)
        )
        await done(added.update(is_verified=True, is_primary=True))
        assert (added.is_verified, added.is_primary) == (True, True)
        assert (await collected(user.list_contact_channels()))[0].id == added.id
        await done(added.delete())

    form.play(body)


@pytest.mark.specified(
    "ServerUser.set_primary_email",
    "ServerUser.set_server_metadata",
    "ServerUser.set_client_read_only_metadata",
    "ServerUser.set_password",
    "ServerUser.set_display_name (inherited UserExtra)",
    "ServerUser.set_client_metadata (inherited UserExtra)",
)
def test_a_server_changes_one_thing_of_a_user_at_a_time(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        app, email = form.server(project), new_email()
        user = await done(app.create_user(primary_email=new_email()))
        await done(user.set_primary_email(email, verified=True))
        await done(user.set_server_metadata({"a": 1}))
        await done(user.set_client_metadata({"b": 2}))
        await done(user.set_client_read_only_metadata({"c": 3}))
        await done(user.set_display_name("Ada"))
        await done(user.set_password(PASSWORD))
        found = await done(app.get_user(user.id))
        assert (found.primary_email, found.primary_email_verified) == (email, True)
        assert (found.server_metadata, found.client_metadata) == ({"a": 1}, {"b": 2})
        assert (found.client_read_only_metadata, found.display_name) == ({"c": 3}, "Ada")
        assert found.has_password

    form.play(body)


@pytest.mark.specified("StackServerApp.get_partial_user(from=token)")
def test_a_server_sees_who_called_it(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        headers = await done((await verified(form, project)).get_auth_headers())

        class Request:
            def __init__(self, headers: dict[str, str]) -> None:
                self.headers = headers

        app = form.server(project)
        user = await done(app.get_user(token_store=Request(headers)))
        partial = await done(app.get_partial_user(token_store=Request(headers)))
        assert (partial.id, partial.is_anonymous) == (user.id, False)
        await done(user.set_server_metadata({"seen": True}))
        assert (await done(app.get_user(user.id))).server_metadata == {"seen": True}
        assert await done(app.get_user(token_store=Request({}))) is None
        with pytest.raises(ValueError, match="one of"):
            await done(app.get_user(user.id, token_store=Request(headers)))

    form.play(body)
