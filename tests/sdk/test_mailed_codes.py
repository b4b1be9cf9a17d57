"""Passwords changed and forgotten, mailed links that sign in, and the second factor."""

import pytest

from keyturn.sdk.known_errors import (
    EmailPasswordMismatch,
    InvalidTotpCode,
    MultiFactorAuthenticationRequired,
    PasswordConfirmationMismatch,
    PasswordTooShort,
    RedirectUrlNotWhitelisted,
    VerificationCodeError,
)
from tests.sdk.stage_ import (
    PASSWORD,
    Form,
    StagedProject,
    done,
    mailed_code,
    new_email,
    signed_up,
    verified,
)
from tests.server.authenticator_ import Authenticator

CALLBACK = "http://localhost:3000/handler"


@pytest.mark.specified(
    "StackClientApp.send_forgot_password_email",
    "StackClientApp.verify_password_reset_code",
    "StackClientApp.reset_password",
)
def test_a_forgotten_password_is_replaced_by_mail(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        email = new_email()
        await done(
            form.server(project).create_user(
                primary_email=email,
                primary_email_verified=True,
                primary_email_auth_enabled=True,
                password=PASSWORD,
            )
        )
        app = form.client(project)
        await done(app.send_forgot_password_email(new_email(), callback_url=CALLBACK))
        await done(app.send_forgot_password_email(email, callback_url=CALLBACK))
        code = await mailed_code(form, email)
        await done(app.verify_password_reset_code(code))
        with pytest.raises(PasswordTooShort):
            await done(app.reset_password(code=code, password="short"))
        await done(app.reset_password(code=code, password="staple battery horse"))
        with pytest.raises(VerificationCodeError):
            await done(app.reset_password(code=code, password="staple battery horse"))
        with pytest.raises(EmailPasswordMismatch):
            await done(app.sign_in_with_credential(email=email, password=PASSWORD))
        await done(app.sign_in_with_credential(email=email, password="staple battery horse"))
        with pytest.raises(RedirectUrlNotWhitelisted):
            await done(
                app.send_forgot_password_email(email, callback_url="https://elsewhere.example/")
            )

    form.play(body)


@pytest.mark.specified(
    "StackClientApp.send_magic_link_email", "StackClientApp.sign_in_with_magic_link"
)
def test_a_mailed_link_signs_in_once(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        app, email = form.client(project), new_email()
        nonce = await done(app.send_magic_link_email(email, callback_url=CALLBACK))
        code = await mailed_code(form, email)
        assert nonce
        assert code != nonce
        await done(app.sign_in_with_magic_link(code))
        user = await done(app.get_user())
        assert (user.primary_email, user.primary_email_verified) == (email, True)
        with pytest.raises(VerificationCodeError):
            await done(form.client(project).sign_in_with_magic_link(code))

    form.play(body)


@pytest.mark.specified("StackClientApp.sign_in_with_mfa")
def test_a_second_factor_finishes_the_sign_in(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        email = new_email()
        app = await signed_up(form, project, email)
        user = await done(app.get_user(include_restricted=True))
        shown = Authenticator(form.stage.server.clock)
        await done(user.update(totp_multi_factor_secret=shown.secret))
        assert user.is_multi_factor_required
        other = form.client(project)
        with pytest.raises(MultiFactorAuthenticationRequired) as asked:
            await done(other.sign_in_with_credential(email=email, password=PASSWORD))
        assert asked.value.details is not None
        attempt = asked.value.details["attempt_code"]
        with pytest.raises(InvalidTotpCode):
            await done(other.sign_in_with_mfa(shown.wrong(), code=attempt))
        await done(other.sign_in_with_mfa(shown.shows(), code=attempt))
        assert (await done(other.get_user(include_restricted=True))).id == user.id

    form.play(body)


@pytest.mark.specified(
    "CurrentUser.update_password",
    "CurrentUser.set_password",
    "ServerUser.update_password (inherited UserExtra)",
)
def test_a_password_is_set_once_and_changed_by_who_knows_it(
    form: Form, project: StagedProject
) -> None:
    async def body() -> None:
        app = await verified(form, project)
        user = await done(app.get_user())
        await done(user.set_password(PASSWORD))
        await done(user.update_password(old_password=PASSWORD, new_password="second password"))
        with pytest.raises(PasswordConfirmationMismatch):
            await done(user.update_password(old_password=PASSWORD, new_password="third password"))
        there = await done(form.server(project).get_user(user.id))
        await done(
            there.update_password(old_password="second password", new_password="third password")
        )
        with pytest.raises(PasswordConfirmationMismatch):
            await done(
                there.update_password(old_password="second password", new_password="no matter")
            )

    form.play(body)


@pytest.mark.specified("StackClientApp.verify_email")
def test_an_address_is_proved_by_mail(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        email = new_email()
        app = form.client(project)
        await done(
            app.sign_up_with_credential(
                email=email, password=PASSWORD, verification_callback_url=CALLBACK
            )
        )
        await done(app.verify_email(await mailed_code(form, email)))
        assert (await done(app.get_user())).primary_email_verified
        with pytest.raises(VerificationCodeError):
            await done(app.verify_email("0" * 45))

    form.play(body)
