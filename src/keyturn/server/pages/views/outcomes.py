"""What people see afterwards, and when something cannot be shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from keyturn.server.pages.views.frame import Account, Page

ErrorKind = Literal[
    "failed", "decision", "unavailable", "expired-form", "cross-site", "unreadable", "not-allowed"
]
_STATUS: dict[ErrorKind, int] = {
    "failed": 500,
    "decision": 500,
    "unavailable": 503,
    "expired-form": 403,
    "cross-site": 403,
    "unreadable": 400,
    "not-allowed": 403,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DonePage(Page):
    """Approved.

    "This was not me" posts ``form_token``, ``session``, ``reason=not-me`` to ``/sessions/end``.
    """

    template: ClassVar[str] = "done.html"

    signed_in: bool = True
    account_label: str
    program: str
    host_name: str | None = None
    lasts: str | None = None  # as `words.lasts` says it
    form_token: str
    session: str | None = None  # None: the token says which session it is


@dataclass(frozen=True, slots=True, kw_only=True)
class DeniedPage(Page):
    """Denied: nothing was given to the program."""

    template: ClassVar[str] = "denied.html"

    signed_in: bool = True
    account_label: str
    program: str
    host_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedPage(Page):
    """After "This was not me": what ended, and from when to when it could act."""

    template: ClassVar[str] = "ended.html"

    signed_in: bool = True
    account_label: str
    program: str
    host_name: str | None = None
    from_at: datetime
    to_at: datetime
    with_password: bool = True  # offer to change it


@dataclass(frozen=True, slots=True, kw_only=True)
class TooManyPage(Page):
    """A limit is reached: what waits, until when. Answered with 429 and Retry-After."""

    template: ClassVar[str] = "too_many.html"
    usual_status: ClassVar[int] = 429

    what: Literal["codes", "sign-in", "mail", "requests"]
    until: datetime
    account: Account | None = None

    @property
    def retry_at(self) -> datetime | None:  # noqa: D102 - as Page
        return self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPage(Page):
    """Something failed; ``decision`` is for a failure after Approve or Deny was pressed."""

    template: ClassVar[str] = "error.html"
    usual_status: ClassVar[int] = 500

    kind: ErrorKind = "failed"
    request_id: str
    at: datetime
    retry_to: str | None = None  # a path below the prefix
    again_at: datetime | None = None  # when trying again makes sense

    @property
    def status(self) -> int:  # noqa: D102 - as Page
        return _STATUS[self.kind]

    @property
    def retry_at(self) -> datetime | None:  # noqa: D102 - as Page
        return self.again_at


@dataclass(frozen=True, slots=True, kw_only=True)
class NotFoundPage(Page):
    """No page has this address."""

    template: ClassVar[str] = "not_found.html"
    usual_status: ClassVar[int] = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongClientPage(Page):
    """An authorization request that must not be answered by a redirect (RFC 6749 section 4.1.2.1).

    The values are shown as sent, for the program's author; neither becomes a link.
    """

    template: ClassVar[str] = "wrong_client.html"
    usual_status: ClassVar[int] = 400

    reason: Literal["client", "redirect-uri"]
    client_id: str | None = None  # None: missing
    redirect_uri: str | None = None
