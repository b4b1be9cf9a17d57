"""The people, programs and times of the preview. All of it is invented."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from keyturn.server.pages.views import Account, Page, Place

PREVIEW_NOW = datetime(2026, 11, 20, 13, 1, tzinfo=UTC)
TOKEN = "preview-only"  # noqa: S105 - no server accepts it
ADA = "ada@example.com"
UTRECHT = Place(address="203.0.113.24", near="Utrecht, Netherlands")
WARSAW = Place(address="198.51.100.77", near="Warsaw, Poland")

LONG_PROGRAM = "acme-enterprise-deployment-toolkit-nightly-preview"
LONG_HOST = (
    "build-runner-0017.eu-central-1.compute.internal."
    "averyveryverylongsubdomainlabelthatneverends.example.com"
)
LONG_SYSTEM = "SUSE Linux Enterprise Server 15 SP6 (5.14.21-150500.55.83-default) on aarch64"
LONG_ACCOUNT = (
    "wolfeschlegelsteinhausenbergerdorff.adalovelace+command-line-tools"
    "@subdomain.of.a.long.example.com"
)
LONG_PLACE = Place(
    address="2001:0db8:85a3:0000:0000:8a2e:0370:7334",
    near="Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch, United Kingdom",
)
UNBROKEN = "w" * 300

# What somebody would send to break a page or to fool its reader.
MARKUP = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
TURNED = "acme\u202egnp.exe\u202c \u2066(verified)\u2069"
CONTROLS = "ac\x00me\x1b[2J\x07\nApproved\x7f by\u200b\u200dadmin\ufeff"
PILED = "z" + "\u0335\u0321\u0322\u0327\u0328\u0349\u0356\u0359" * 8 + "algo"
ARABIC = "أداة البناء"
HEBREW = "מחשב-07"
EMOJI = "🚀 rocket 👩‍💻"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One page in one state, under the name it has in the address."""

    name: str
    note: str = ""
    page: Page


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """States that belong together, in the order of a sign-in."""

    title: str
    states: tuple[State, ...]


def account(label: str = ADA) -> Account:
    """Return the account bar of ``label``."""
    return Account(label=label, form_token=TOKEN, continue_to="/device")


def ago(**past: int) -> datetime:
    """Return the instant that lies this far before the invented now."""
    return PREVIEW_NOW - timedelta(**past)


def ahead(**future: int) -> datetime:
    """Return the instant that lies this far after the invented now."""
    return PREVIEW_NOW + timedelta(**future)
