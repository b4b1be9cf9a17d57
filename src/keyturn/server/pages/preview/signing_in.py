"""Invented states of signing in, signing up and changing the password."""

from __future__ import annotations

from dataclasses import replace

from keyturn.server.pages import words
from keyturn.server.pages.preview.invented import (
    ADA,
    LONG_ACCOUNT,
    TOKEN,
    Group,
    State,
    account,
    ahead,
)
from keyturn.server.pages.views import (
    Guest,
    LinkOpenedPage,
    LinkSentPage,
    PasswordPage,
    Provider,
    SecondFactorPage,
    SignInPage,
    SignUpPage,
    TooManyPage,
)

_SIGN_IN = SignInPage(form_token=TOKEN, continue_to="/device", waiting=True)
_SIGN_UP = SignUpPage(form_token=TOKEN, continue_to="/device", waiting=True)
_SECOND_FACTOR = SecondFactorPage(form_token=TOKEN, continue_to="/device", waiting=True)
_PASSWORD = PasswordPage(account=account(), form_token=TOKEN)

SIGN_IN = Group(
    title="Sign in",
    states=(
        State(name="sign-in", page=_SIGN_IN),
        State(
            name="sign-in-alone",
            note="no terminal waits, no link, no sign-up",
            page=SignInPage(form_token=TOKEN, with_link=False, with_sign_up=False),
        ),
        State(
            name="sign-in-providers",
            note="with the operator's providers",
            page=replace(
                _SIGN_IN,
                providers=(
                    Provider(id="work", name="Example Work", origin="https://sso.example.org"),
                    Provider(id="club", name="Example Club", origin="https://club.example.net"),
                ),
            ),
        ),
        State(
            name="sign-in-link-only",
            note="passwords switched off",
            page=replace(_SIGN_IN, with_password=False),
        ),
        State(
            name="sign-in-mismatch",
            note="wrong email or password",
            page=replace(_SIGN_IN, email=ADA, notice="mismatch"),
        ),
        State(
            name="sign-in-errors",
            note="field errors",
            page=replace(
                _SIGN_IN,
                email="ada.example.com",
                email_problem=words.EMAIL_NEEDS_AT,
                password_problem=words.PASSWORD_MISSING,
            ),
        ),
        State(
            name="sign-in-link-expired",
            note="a mailed link that is spent",
            page=replace(_SIGN_IN, notice="link-expired"),
        ),
        State(
            name="sign-in-signed-out",
            note="after signing out",
            page=SignInPage(form_token=TOKEN, notice="signed-out"),
        ),
        State(
            name="sign-in-session-ended",
            note="this browser's session ended elsewhere",
            page=replace(_SIGN_IN, notice="session-ended"),
        ),
        State(
            name="sign-in-too-many",
            note="too many wrong passwords",
            page=TooManyPage(what="sign-in", until=ahead(minutes=10)),
        ),
        State(
            name="sign-in-link-sent",
            note="link sent",
            page=LinkSentPage(form_token=TOKEN, email=ADA, continue_to="/device", waiting=True),
        ),
        State(
            name="sign-in-link-opened",
            note="behind the mailed link",
            page=LinkOpenedPage(form_token=TOKEN, email=LONG_ACCOUNT, waiting=True),
        ),
        State(
            name="sign-in-link-claims",
            note="behind the first link that proves the address",
            page=LinkOpenedPage(form_token=TOKEN, email=ADA, claims=True),
        ),
        State(
            name="sign-in-second-factor",
            note="the account needs a second factor",
            page=_SECOND_FACTOR,
        ),
        State(
            name="sign-in-second-factor-wrong",
            note="wrong digits",
            page=replace(_SECOND_FACTOR, problem=words.TOTP_WRONG),
        ),
        State(
            name="sign-in-second-factor-over",
            note="the second step took too long",
            page=replace(_SIGN_IN, notice="second-factor-over"),
        ),
        State(
            name="sign-in-link-too-many",
            note="too many links asked for",
            page=TooManyPage(what="mail", until=ahead(seconds=61)),
        ),
    ),
)

SIGN_UP = Group(
    title="Sign up and passwords",
    states=(
        State(name="sign-up", page=_SIGN_UP),
        State(
            name="sign-up-errors",
            note="field errors",
            page=replace(
                _SIGN_UP,
                email="ada@example",
                email_problem=words.EMAIL_NOT_COMPLETE,
                password_problem=words.password_too_short(5, 8),
            ),
        ),
        State(
            name="sign-up-taken",
            note="the address has an account",
            page=replace(_SIGN_UP, email=ADA, email_problem=words.EMAIL_TAKEN),
        ),
        State(
            name="sign-up-guest",
            note="guest becomes an account",
            page=replace(_SIGN_UP, guest=Guest(program="acme", host_name="quartz-07")),
        ),
        State(name="password", page=_PASSWORD),
        State(
            name="password-errors",
            note="field errors",
            page=replace(
                _PASSWORD,
                current_problem=words.PASSWORD_WRONG,
                password_problem=words.password_too_long(70),
            ),
        ),
        State(
            name="password-first",
            note="an account without a password",
            page=replace(_PASSWORD, has_password=False),
        ),
    ),
)
