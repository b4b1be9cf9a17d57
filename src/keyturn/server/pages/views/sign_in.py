"""Signing in and up, links by mail, passwords."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from keyturn.server.pages.views.frame import Account, Page

SignInNotice = Literal[
    "mismatch",
    "link-expired",
    "signed-out",
    "session-ended",
    "second-factor-over",
    "password-replaced",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A sign-in provider of the operator's; its button posts to ``/sign-in/provider/<id>``."""

    id: str
    name: str
    origin: str  # of its authorization endpoint: the form may lead there


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInPage(Page):
    """Sign in: posts ``form_token``, ``continue``, ``email``, ``password`` to ``/sign-in``.

    The link button posts the same form to ``/sign-in/link``. A problem is one sentence; the
    password is never shown back, so there is no field for it.
    """

    template: ClassVar[str] = "sign_in.html"

    form_token: str
    continue_to: str | None = None  # where to go afterwards, as a path below the prefix
    waiting: bool = False  # a terminal waits for what comes afterwards
    email: str = ""
    email_problem: str | None = None
    password_problem: str | None = None
    notice: SignInNotice | None = None
    with_password: bool = True
    with_link: bool = True
    with_sign_up: bool = True
    providers: tuple[Provider, ...] = ()

    @property
    def has_problem(self) -> bool:  # noqa: D102 - as Page
        return bool(self.email_problem or self.password_problem) or self.notice == "mismatch"

    @property
    def form_origins(self) -> tuple[str, ...]:  # noqa: D102 - as Page
        return tuple(provider.origin for provider in self.providers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """An anonymous session that a program uses, and where its upgrade is offered."""

    program: str
    host_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUpPage(Page):
    """Create an account; with ``guest``, turn that guest into one.

    Posts ``form_token``, ``continue``, ``email``, ``password`` to ``/sign-up``.
    """

    template: ClassVar[str] = "sign_up.html"

    form_token: str
    continue_to: str | None = None
    waiting: bool = False
    email: str = ""
    email_problem: str | None = None
    password_problem: str | None = None
    least_characters: int = 8
    guest: Guest | None = None

    @property
    def has_problem(self) -> bool:  # noqa: D102 - as Page
        return bool(self.email_problem or self.password_problem)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSentPage(Page):
    """After "Email me a link": the same whether or not the address has an account.

    "Send it again" posts ``form_token``, ``continue``, ``email`` to ``/sign-in/link``.
    """

    template: ClassVar[str] = "link_sent.html"

    form_token: str
    email: str
    continue_to: str | None = None
    waiting: bool = False
    minutes: int = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkOpenedPage(Page):
    """Behind a mailed link: asks before it signs in, because mail scanners open links too.

    Posts ``form_token`` to ``/sign-in/link/finish``. ``claims``: nobody has proved the address so
    far, so whatever else signs in to the account will end.
    """

    template: ClassVar[str] = "link_opened.html"

    form_token: str
    email: str
    claims: bool = False
    waiting: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorPage(Page):
    """After the first factor: posts ``form_token``, ``continue``, ``totp`` to its own address."""

    template: ClassVar[str] = "second_factor.html"

    form_token: str
    continue_to: str | None = None
    waiting: bool = False
    problem: str | None = None

    @property
    def has_problem(self) -> bool:  # noqa: D102 - as Page
        return self.problem is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPage(Page):
    """Change or set the password: posts ``form_token``, ``current``, ``password`` to ``/password``.

    ``has_password`` is false for an account that so far signed in by link: no current one is asked.
    """

    template: ClassVar[str] = "password.html"

    signed_in: bool = True
    account: Account
    form_token: str
    has_password: bool = True
    current_problem: str | None = None
    password_problem: str | None = None
    least_characters: int = 8

    @property
    def has_problem(self) -> bool:  # noqa: D102 - as Page
        return bool(self.current_problem or self.password_problem)
