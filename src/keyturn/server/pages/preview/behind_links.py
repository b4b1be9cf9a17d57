"""Invented states of a forgotten password and of verifying an address."""

from __future__ import annotations

from dataclasses import replace

from keyturn.server.pages import words
from keyturn.server.pages.preview.invented import ADA, LONG_ACCOUNT, TOKEN, Group, State
from keyturn.server.pages.views import (
    ForgotPasswordPage,
    NewPasswordPage,
    ResetSentPage,
    SignInPage,
    VerifyEmailPage,
)

_FORGOT = ForgotPasswordPage(form_token=TOKEN, continue_to="/device")
_NEW = NewPasswordPage(form_token=TOKEN, email=LONG_ACCOUNT)

BEHIND_LINKS = Group(
    title="Password forgotten, email verified",
    states=(
        State(name="password-forgotten", page=_FORGOT),
        State(
            name="password-forgotten-errors",
            note="field error",
            page=replace(_FORGOT, email="ada.example.com", email_problem=words.EMAIL_NEEDS_AT),
        ),
        State(
            name="password-forgotten-over",
            note="a mailed link that is spent",
            page=replace(_FORGOT, link_is_over=True),
        ),
        State(
            name="password-forgotten-sent",
            note="link sent",
            page=ResetSentPage(form_token=TOKEN, email=ADA, continue_to="/device"),
        ),
        State(name="password-new", note="behind the mailed link", page=_NEW),
        State(
            name="password-new-errors",
            note="too short",
            page=replace(_NEW, password_problem=words.password_too_short(5, 8)),
        ),
        State(
            name="password-replaced",
            note="after choosing a new one",
            page=SignInPage(form_token=TOKEN, notice="password-replaced"),
        ),
        State(
            name="verify-email",
            note="behind the mailed link",
            page=VerifyEmailPage(state="ask", form_token=TOKEN, email=LONG_ACCOUNT),
        ),
        State(
            name="verify-email-done",
            note="verified",
            page=VerifyEmailPage(state="done", email=ADA),
        ),
        State(
            name="verify-email-over",
            note="a mailed link that is spent",
            page=VerifyEmailPage(state="over"),
        ),
    ),
)
