"""Invented states of what comes after a decision: done, sessions, errors."""

from __future__ import annotations

from dataclasses import replace

from keyturn.server.pages import words
from keyturn.server.pages.preview.invented import (
    ADA,
    LONG_ACCOUNT,
    LONG_HOST,
    LONG_PROGRAM,
    MARKUP,
    PREVIEW_NOW,
    TOKEN,
    UNBROKEN,
    UTRECHT,
    Group,
    State,
    account,
    ago,
    ahead,
)
from keyturn.server.pages.views import (
    BrowserSession,
    DeniedPage,
    DonePage,
    EndedPage,
    ErrorKind,
    ErrorPage,
    NotFoundPage,
    Page,
    Place,
    ProgramSession,
    SessionAlert,
    SessionsNotice,
    SessionsPage,
    TooManyPage,
    WrongClientPage,
)

_DONE = DonePage(
    account_label=ADA,
    program="acme",
    host_name="quartz-07",
    lasts=words.lasts(idle_days=30, most_days=365),
    form_token=TOKEN,
    session="invented-1",
)
_DENIED = DeniedPage(account_label=ADA, program="acme", host_name="quartz-07")
_ENDED = EndedPage(
    account_label=ADA,
    program="acme",
    host_name="quartz-07",
    from_at=ago(minutes=2),
    to_at=PREVIEW_NOW,
)

_HERE = BrowserSession(
    id="browser-1",
    label="Firefox on Linux",
    current=True,
    last_used_at=PREVIEW_NOW,
    seen_at=UTRECHT,
    signed_in_at=ago(hours=5),
)
_PHONE = BrowserSession(
    id="browser-2",
    label="Chrome on Android",
    last_used_at=ago(hours=20),
    seen_at=Place(address="2001:db8::17"),
    signed_in_at=ago(days=9),
)
_QUARTZ = ProgramSession(
    id="program-1",
    program="acme",
    host_name="quartz-07",
    system="Debian 12",
    last_used_at=ago(minutes=4),
    seen_at=UTRECHT,
    signed_in_at=ago(hours=5),
)
_RUNNER = ProgramSession(
    id="program-2",
    program="acme",
    host_name="build-runner-0017.eu-central-1.compute.internal.example.com",
    system="Ubuntu 24.04",
    last_used_at=ago(hours=19, minutes=20),
    seen_at=Place(address="198.51.100.9", near="Frankfurt, Germany"),
    signed_in_at=ago(days=8),
    typed_code=True,
    ends_at=ahead(days=6),
)
_LEDGER = ProgramSession(
    id="program-3",
    program="ledger",
    host_name="adas-macbook",
    system="macOS 15",
    last_used_at=ago(days=23),
    seen_at=Place(address="2001:db8::42"),
    signed_in_at=ago(days=262),
)
_SESSIONS = SessionsPage(
    account=account(),
    form_token=TOKEN,
    browsers=(_HERE,),
    programs=(_QUARTZ, _RUNNER, _LEDGER),
    notice=SessionsNotice(kind="ended", program="acme", host_name="old-laptop"),
)
_ALERT = SessionAlert(
    id="ended-1",
    program="acme",
    host_name="old-laptop",
    ended_at=ago(hours=3),
    address="198.51.100.9",
)
_EMPTY = replace(_SESSIONS, programs=(), notice=None)


def _many(count: int) -> tuple[ProgramSession, ...]:
    return tuple(
        replace(
            _QUARTZ, id=f"many-{n}", host_name=f"node-{n:03}", last_used_at=ago(hours=7 * n + 1)
        )
        for n in range(count)
    )


def _error(kind: ErrorKind) -> ErrorPage:
    return ErrorPage(
        kind=kind,
        request_id="req-7f3k-9xwd-2mtq",
        at=PREVIEW_NOW,
        retry_to="/device",
        again_at=ahead(seconds=30) if kind == "unavailable" else None,
        signed_in=True,
    )


def _state(name: str, note: str, page: Page) -> State:
    return State(name=name, note=note, page=page)


AFTERWARDS = Group(
    title="Afterwards",
    states=(
        _state("done", "approved", _DONE),
        _state(
            "done-bare", "the program said nothing of its computer", replace(_DONE, host_name=None)
        ),
        _state("denied", "denied", _DENIED),
        _state("denied-bare", "computer not given", replace(_DENIED, host_name=None)),
        _state("ended", "after “This was not me”", _ENDED),
        _state("ended-bare", "computer not given", replace(_ENDED, host_name=None)),
    ),
)

SESSIONS = Group(
    title="Sessions",
    states=(
        _state("sessions", "one was just revoked", _SESSIONS),
        _state("sessions-empty", "no program", _EMPTY),
        _state(
            "sessions-browsers",
            "other browsers too, one program",
            replace(
                _SESSIONS,
                browsers=(_HERE, _PHONE),
                programs=(replace(_QUARTZ, last_used_at=None, seen_at=None, system=None),),
                notice=SessionsNotice(kind="gone"),
            ),
        ),
        _state(
            "sessions-others-ended",
            "after “Revoke all others”",
            replace(_EMPTY, notice=SessionsNotice(kind="others-ended", count=3)),
        ),
        _state(
            "sessions-password",
            "after a new password",
            replace(_EMPTY, notice=SessionsNotice(kind="password-changed", count=1)),
        ),
        _state(
            "sessions-alert",
            "an old token was used again",
            replace(_SESSIONS, notice=None, alerts=(_ALERT,)),
        ),
        _state(
            "sessions-alert-bare",
            "the same, computer and address not known",
            replace(_EMPTY, alerts=(replace(_ALERT, host_name=None, address=None),)),
        ),
        _state("sessions-many", "a hundred", replace(_SESSIONS, programs=_many(100), notice=None)),
        _state(
            "sessions-long",
            "long and hostile names",
            replace(
                _SESSIONS,
                account=account(LONG_ACCOUNT),
                alerts=(replace(_ALERT, program=LONG_PROGRAM, host_name=UNBROKEN),),
                programs=(
                    replace(_RUNNER, program=LONG_PROGRAM, host_name=LONG_HOST),
                    replace(_LEDGER, program=UNBROKEN, host_name=UNBROKEN, system=UNBROKEN),
                    replace(_QUARTZ, program=MARKUP, host_name=MARKUP, system=MARKUP),
                ),
            ),
        ),
    ),
)

ERRORS = Group(
    title="Errors",
    states=(
        _state("error", "with a request id", _error("failed")),
        _state("error-decision", "after Approve or Deny", _error("decision")),
        _state("error-unavailable", "busy or without storage", _error("unavailable")),
        _state("error-expired-form", "form token spent or foreign", _error("expired-form")),
        _state("error-cross-site", "a form of another site", _error("cross-site")),
        _state("error-unreadable", "a request that does not parse", _error("unreadable")),
        _state(
            "too-many", "a limit on requests", TooManyPage(what="requests", until=ahead(minutes=1))
        ),
        _state("not-found", "no such page", NotFoundPage()),
        _state(
            "wrong-client", "unknown client", WrongClientPage(reason="client", client_id="acme-clj")
        ),
        _state(
            "wrong-redirect",
            "redirect URI not registered",
            WrongClientPage(
                reason="redirect-uri",
                client_id="acme-cli",
                redirect_uri="https://evil.example/callback?next=javascript:alert(1)",
            ),
        ),
    ),
)
