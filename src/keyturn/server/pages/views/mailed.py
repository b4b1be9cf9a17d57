"""Behind mailed links: a forgotten password, and whether an address is somebody's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from keyturn.server.pages.views.frame import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgotPasswordPage(Page):
    """Ask where to mail a link: posts ``form_token``, ``continue``, ``email`` to its own address.

    ``link_is_over``: shown instead of what a mailed link led to.
    """

    template: ClassVar[str] = "forgot_password.html"

    form_token: str
    continue_to: str | None = None
    email: str = ""
    email_problem: str | None = None
    link_is_over: bool = False

    @property
    def has_problem(self) -> bool:  # noqa: D102 - as Page
        return self.email_problem is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetSentPage(Page):
    """After asking: the same whether or not the address has an account.

    "Send it again" posts ``form_token``, ``continue``, ``email`` to ``/password/forgot``.
    """

    template: ClassVar[str] = "reset_sent.html"

    form_token: str
    email: str
    continue_to: str | None = None
    minutes: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPasswordPage(Page):
    """Behind the mailed link: posts ``form_token``, ``password`` to ``/password/reset/new``."""

    template: ClassVar[str] = "new_password.html"

    form_token: str
    email: str
    password_problem: str | None = None
    least_characters: int = 8

    @property
    def has_problem(self) -> bool:  # noqa: D102 - as Page
        return self.password_problem is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyEmailPage(Page):
    """Behind a mailed link: asks before it verifies, because mail scanners open links too.

    ``ask`` posts ``form_token`` to ``/verify-email/finish``; ``done`` and ``over`` only tell.
    """

    template: ClassVar[str] = "verify_email.html"

    state: Literal["ask", "done", "over"]
    form_token: str = ""
    email: str = ""
