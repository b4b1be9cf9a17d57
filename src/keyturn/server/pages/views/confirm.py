"""Deciding about a program: the code, the question, and what stands in its place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from keyturn.server.pages.views.frame import Account, Page

ConfirmKind = Literal["loopback", "device", "stack"]
Verdict = Literal["same", "different", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A network address as the server saw it, and roughly where that is, if known."""

    address: str
    near: str | None = None  # as "Utrecht, Netherlands"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a request comes from. Host and system are claims of the program, the rest is ours.

    ``loopback_port`` is the port of this computer that the answer goes to; with it, ``seen_at``
    is not shown, because the address of the request is this browser's own. ``answer_goes_to`` is
    the web site or app that it goes to instead.
    """

    host_name: str | None = None  # None: not given
    system: str | None = None
    loopback_port: int | None = None
    answer_goes_to: str | None = None
    seen_at: Place | None = None
    browser_at: Place | None = None
    verdict: Verdict = "unknown"  # how the two places compare


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestAttached:
    """The program was used as a guest so far."""

    upgrade_to: str | None = None  # path below the prefix; None: no upgrade is offered


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmPage(Page):
    """The question: posts ``form_token``, ``decision`` and ``recognised`` to ``action``.

    ``decision`` is "approve" or "deny". ``recognised=yes`` comes only with the box, which is there
    when the verdict is "different"; the server checks it again and shows this page with
    ``box_missing`` when an approval lacks it.
    """

    template: ClassVar[str] = "confirm.html"
    wide: ClassVar[bool] = True

    signed_in: bool = True
    kind: ConfirmKind
    account: Account
    form_token: str
    program: str
    vetted: bool = True  # False: the program chose its own name (dynamic registration)
    code: str | None = None  # typed (device) or to compare (stack), dashes optional
    origin: Origin
    started_at: datetime
    ends_at: datetime
    grants: tuple[str, ...]  # sentences after "NAME can", as "Read and change your projects"
    lasts: str | None = None  # as `words.lasts` says it; None: the program does not stay signed in
    guest: GuestAttached | None = None
    box_missing: bool = False
    action: str = "/cli/decide"
    redirect_origin: str | None = None  # exact, as "http://127.0.0.1:49152"

    @property
    def needs_box(self) -> bool:
        """Whether Approve needs the box: the two addresses differ."""
        return self.origin.verdict == "different"

    @property
    def has_problem(self) -> bool:  # noqa: D102 - as Page
        return self.box_missing

    @property
    def form_origins(self) -> tuple[str, ...]:  # noqa: D102 - as Page
        return (self.redirect_origin,) if self.redirect_origin else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicePage(Page):
    """Type a code: posts ``form_token`` and ``user_code`` to ``/device``."""

    template: ClassVar[str] = "device.html"

    signed_in: bool = True
    account: Account
    form_token: str
    user_code: str = ""  # what was typed, shown back
    problem: str | None = None

    @property
    def has_problem(self) -> bool:  # noqa: D102 - as Page
        return self.problem is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidCodePage(Page):
    """The one answer for a code that is unknown, expired, or opened by somebody else."""

    template: ClassVar[str] = "invalid_code.html"
    usual_status: ClassVar[int] = 404

    account: Account | None = None
    minutes: int = 10  # how long a code lasts

    @property
    def failed(self) -> bool:  # noqa: D102 - nothing of the reader's has to be mended
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedPage(Page):
    """This account has decided already. Shown to nobody else; others get `InvalidCodePage`."""

    template: ClassVar[str] = "used.html"

    signed_in: bool = True
    account: Account
    program: str
    host_name: str | None = None
    approved: bool
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverPage(Page):
    """One more press, where a redirect cannot leave the confirm page: callbacks on ``[::1]``.

    A Content-Security-Policy cannot name an IPv6 address, so ``form-action`` would stop the
    redirect. The link carries the answer's parameters, exactly as the redirect would.
    """

    template: ClassVar[str] = "handover.html"

    program: str
    approved: bool
    callback_url: str

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for any other address: no other link leaves our origin."""
        if not self.callback_url.startswith("http://[::1]:"):
            raise ValueError("HandoverPage is for callbacks on http://[::1]:PORT alone.")
