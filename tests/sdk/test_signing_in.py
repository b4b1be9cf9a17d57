"""Signing in, up and out, and whose session it then is: against the real server, in both forms."""

import asyncio
import json

import pytest

from keyturn.sdk import MemoryTokenStore, TokenPair, TokenStoreRequired, UserNotSignedIn
from keyturn.sdk.known_errors import EmailPasswordMismatch, PasswordTooShort, UserEmailAlreadyExists
from tests.sdk.stage_ import PASSWORD, Form, Stage, StagedProject, done, new_email, signed_up


@pytest.mark.specified(
    "StackClientApp.constructor",
    "StackClientApp.sign_up_with_credential",
    "StackClientApp.get_user",
    "StackClientApp.sign_out",
    "StackClientApp.sign_in_with_credential",
)
@pytest.mark.proves("D-3", "D-9")
def test_somebody_signs_up_out_and_in_again(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        app, email = form.client(project), new_email()
        await done(app.sign_up_with_credential(email=email, password=PASSWORD))
        user = await done(app.get_user())
        assert (user.primary_email, user.is_anonymous) == (email, False)
        assert user.signed_up_at.tzinfo is not None
        await done(app.sign_out())
        assert await done(app.get_user()) is None
        await done(app.sign_in_with_credential(email=email, password=PASSWORD))
        assert (await done(app.get_user())).id == user.id

    form.play(body)


@pytest.mark.proves("D-4")
def test_each_known_error_is_a_class_of_its_own(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        app, email = form.client(project), new_email()
        with pytest.raises(PasswordTooShort) as short:
            await done(app.sign_up_with_credential(email=email, password="brief"))
        assert short.value.details is not None
        assert short.value.details["min_length"] == 8
        await done(app.sign_up_with_credential(email=email, password=PASSWORD))
        with pytest.raises(UserEmailAlreadyExists) as taken:
            await done(app.sign_up_with_credential(email=email, password=PASSWORD))
        assert (taken.value.status, taken.value.code) == (409, "USER_EMAIL_ALREADY_EXISTS")
        with pytest.raises(EmailPasswordMismatch):
            await done(app.sign_in_with_credential(email=email, password="wrong horse"))

    form.play(body)


def test_an_untrusted_verification_url_is_left_out(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        app = form.client(project)
        await done(
            app.sign_up_with_credential(
                email=new_email(),
                password=PASSWORD,
                verification_callback_url="https://elsewhere.example/verify",
            )
        )
        assert await done(app.get_user(include_restricted=True)) is not None
        with pytest.raises(ValueError, match="no_verification_callback"):
            await done(
                app.sign_up_with_credential(
                    email=new_email(),
                    password=PASSWORD,
                    verification_callback_url="https://elsewhere.example/verify",
                    no_verification_callback=True,
                )
            )

    form.play(body)


def test_nobody_is_none_an_error_or_somebody_anonymous(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        app = form.client(project)
        assert await done(app.get_user()) is None
        with pytest.raises(UserNotSignedIn):
            await done(app.get_user(or_="raise"))
        with pytest.raises(ValueError, match="anonymous"):
            await done(app.get_user(or_="anonymous", include_restricted=False))
        guest = await done(app.get_user(or_="anonymous"))
        assert guest.is_anonymous
        assert (await done(app.get_user(or_="anonymous"))).id == guest.id
        assert await done(app.get_user()) is None

    form.play(body)


def test_two_that_want_somebody_anonymous_at_once_get_the_same(
    stage: Stage, project: StagedProject
) -> None:
    form = Form(stage, awaitable=True)

    async def body() -> None:
        app = form.client(project)
        guests = await asyncio.gather(*(app.get_user(or_="anonymous") for _ in range(3)))
        assert len({guest.id for guest in guests}) == 1

    form.play(body)


@pytest.mark.specified(
    "StackClientApp.get_access_token",
    "StackClientApp.get_refresh_token",
    "StackClientApp.get_auth_headers",
)
@pytest.mark.proves("D-7")
def test_a_session_travels_in_a_header_to_another_app(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        app = await signed_up(form, project)
        headers = await done(app.get_auth_headers())
        carried = json.loads(headers["x-stack-auth"])
        assert carried["accessToken"] == await done(app.get_access_token())
        assert carried["refreshToken"] == await done(app.get_refresh_token())

        class Request:
            def __init__(self) -> None:
                self.headers = headers

        there = form.client(project, token_store=None)
        user = await done(there.get_user(token_store=Request()))
        assert user.id == (await done(app.get_user())).id
        with pytest.raises(TokenStoreRequired):
            await done(there.get_user())

    form.play(body)


@pytest.mark.proves("D-7")
def test_tokens_given_by_the_caller_are_used(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        app = await signed_up(form, project)
        pair = TokenPair(
            access_token=await done(app.get_access_token()),
            refresh_token=await done(app.get_refresh_token()),
        )
        for given in (pair, MemoryTokenStore(pair), TokenPair(refresh_token=pair.refresh_token)):
            there = form.client(project, token_store=given)
            assert (await done(there.get_user())) is not None
        assert pair.access_token
        assert pair.access_token not in repr(pair)

    form.play(body)


@pytest.mark.specified("StackClientApp.get_project")
def test_the_project_says_what_a_sign_in_page_needs(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        found = await done(form.client(project).get_project())
        assert (found.id, found.display_name) == (project.id, "Engines")
        assert found.config.credential_enabled
        assert found.config.client_team_creation_enabled

    form.play(body)
