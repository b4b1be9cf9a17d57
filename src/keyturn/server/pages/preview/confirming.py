"""Invented states of the confirm page, and of the pages that take its place."""

from __future__ import annotations

from dataclasses import replace

from keyturn.server.pages import words
from keyturn.server.pages.preview.invented import (
    ARABIC,
    CONTROLS,
    EMOJI,
    HEBREW,
    LONG_ACCOUNT,
    LONG_HOST,
    LONG_PLACE,
    LONG_PROGRAM,
    LONG_SYSTEM,
    MARKUP,
    PILED,
    TOKEN,
    TURNED,
    UNBROKEN,
    UTRECHT,
    WARSAW,
    Group,
    State,
    account,
    ago,
    ahead,
)
from keyturn.server.pages.views import (
    ConfirmPage,
    DevicePage,
    GuestAttached,
    HandoverPage,
    InvalidCodePage,
    Origin,
    Place,
    TooManyPage,
    UsedPage,
)

_GRANTS = ("See your name and email address", "Read and change your projects")
_SAME = Origin(
    host_name="quartz-07",
    system="Debian 12 on x86-64",
    seen_at=UTRECHT,
    browser_at=UTRECHT,
    verdict="same",
)
_OTHER = replace(_SAME, seen_at=WARSAW, verdict="different")

_DEVICE = ConfirmPage(
    kind="device",
    account=account(),
    form_token=TOKEN,
    program="acme",
    code="WDJBMJHT",
    origin=_SAME,
    started_at=ago(seconds=40),
    ends_at=ahead(minutes=9),
    grants=_GRANTS,
    lasts=words.lasts(most_days=14),
)
_LOOPBACK = replace(
    _DEVICE,
    kind="loopback",
    code=None,
    origin=replace(_SAME, loopback_port=49152),
    lasts=words.lasts(idle_days=30, most_days=365),
    redirect_origin="http://127.0.0.1:49152",
)
_STACK = replace(_DEVICE, kind="stack", code="4MZK-9TQX", lasts=words.lasts(most_days=365))


def _named(text: str, base: ConfirmPage = _STACK) -> ConfirmPage:
    """Return ``base`` with ``text`` wherever a stranger writes."""
    place = Place(address=text, near=text)
    return replace(
        base,
        account=account(text),
        program=text,
        origin=replace(_OTHER, host_name=text, system=text, seen_at=place, browser_at=place),
        grants=(text, *_GRANTS),
        guest=GuestAttached(upgrade_to="/sign-up?guest=1"),
    )


_LONG = replace(
    _STACK,
    account=account(LONG_ACCOUNT),
    program=LONG_PROGRAM,
    origin=replace(_SAME, host_name=LONG_HOST, system=LONG_SYSTEM, seen_at=LONG_PLACE),
    grants=(
        _GRANTS[0],
        "Read, create, change and delete every project, environment, secret and deployment that "
        "you can reach in the organisation Example Holding",
    ),
)

CONFIRM = Group(
    title="Confirm a program",
    states=(
        State(name="confirm-loopback", note="opened by a program on this computer", page=_LOOPBACK),
        State(
            name="confirm-loopback-bare",
            note="a program that says nothing about itself, unverified",
            page=replace(_LOOPBACK, vetted=False, origin=Origin(loopback_port=49152)),
        ),
        State(
            name="confirm-website",
            note="an unverified website, with scopes that an operator put into words",
            page=replace(
                _LOOPBACK,
                vetted=False,
                program="Notes assistant",
                origin=Origin(answer_goes_to="assistant.example.com"),
                grants=(
                    "See your name",
                    "Read your notes",
                    "Change and delete your notes",
                    "Use the permission notes.share",
                ),
                redirect_origin="https://assistant.example.com",
            ),
        ),
        State(name="confirm-device", note="a typed code", page=_DEVICE),
        State(name="confirm-stack", note="a code to compare", page=_STACK),
        State(
            name="confirm-not-given",
            note="no computer, no system, address not known",
            page=replace(_STACK, origin=Origin()),
        ),
        State(
            name="confirm-other-address",
            note="another network than this browser",
            page=replace(_DEVICE, origin=_OTHER),
        ),
        State(
            name="confirm-box-missing",
            note="approved without the box",
            page=replace(_DEVICE, origin=_OTHER, box_missing=True),
        ),
        State(
            name="confirm-guest",
            note="anonymous session attached, upgrade offered",
            page=replace(_STACK, guest=GuestAttached(upgrade_to="/sign-up?guest=1")),
        ),
        State(
            name="confirm-guest-stays",
            note="anonymous session attached, no upgrade",
            page=replace(_STACK, guest=GuestAttached()),
        ),
        State(name="confirm-long", note="long names", page=_LONG),
        State(name="confirm-unbroken", note="names without a break", page=_named(UNBROKEN)),
        State(
            name="confirm-right-to-left",
            note="Arabic and Hebrew names",
            page=replace(
                _DEVICE,
                account=account("آدا@example.com"),
                program=ARABIC,
                origin=replace(_OTHER, host_name=HEBREW),
            ),
        ),
        State(name="confirm-emoji", note="emoji in names", page=_named(EMOJI)),
        State(name="confirm-markup", note="markup in names", page=_named(MARKUP)),
        State(name="confirm-turned", note="direction marks in names", page=_named(TURNED)),
        State(name="confirm-controls", note="control characters in names", page=_named(CONTROLS)),
        State(name="confirm-piled", note="piled-up marks in names", page=_named(PILED)),
    ),
)

INSTEAD = Group(
    title="Instead of confirm",
    states=(
        State(
            name="confirm-invalid",
            note="unknown, expired or somebody else's code: one answer",
            page=InvalidCodePage(account=account(), signed_in=True),
        ),
        State(
            name="confirm-used",
            note="already approved, shown to its owner only",
            page=UsedPage(
                account=account(),
                program="acme",
                host_name="quartz-07",
                approved=True,
                decided_at=ago(minutes=2),
            ),
        ),
        State(
            name="confirm-used-denied",
            note="already denied",
            page=UsedPage(
                account=account(), program="acme", approved=False, decided_at=ago(days=1)
            ),
        ),
        State(
            name="confirm-too-many",
            note="too many wrong codes",
            page=TooManyPage(
                what="codes", until=ahead(minutes=15), account=account(), signed_in=True
            ),
        ),
        State(
            name="handover",
            note="approved, for a callback on [::1]",
            page=HandoverPage(
                program="acme", approved=True, callback_url="http://[::1]:49152/callback?code=x"
            ),
        ),
    ),
)

DEVICE = Group(
    title="Type a code",
    states=(
        State(name="device", page=DevicePage(account=account(), form_token=TOKEN)),
        State(
            name="device-error",
            note="wrong code",
            page=DevicePage(
                account=account(),
                form_token=TOKEN,
                user_code="WDJB-MJH",
                problem=words.CODE_UNKNOWN,
            ),
        ),
    ),
)
