"""What every page owes whoever looks at it, and every form that a page posts."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.server.in_process_ import BASE_URL

if TYPE_CHECKING:
    import httpx2

# Every address that a page's form posts to, with the fields it knows.
FORMS: dict[str, tuple[str, ...]] = {
    "/sign-in": ("email", "password", "continue"),
    "/sign-up": ("email", "password", "continue"),
    "/sign-in/link": ("email", "continue"),
    "/sign-in/link/finish": (),
    "/sign-in/second-factor": ("totp", "continue"),
    "/password/forgot": ("email", "continue"),
    "/password/reset/new": ("password",),
    "/verify-email/finish": (),
    "/sign-out": (),
    "/switch-account": ("continue",),
    "/device": ("user_code",),
    "/cli/decide": ("decision", "recognised"),
    "/sessions/end": ("session", "reason"),
    "/sessions/end-others": (),
    "/sessions/dismiss": ("session",),
    "/password": ("current", "password"),
}
FORM_TYPE = "application/x-www-form-urlencoded"


def is_careful(answer: httpx2.Response) -> None:
    """Check an answer of a page's route: a page of ours, or a redirect to one."""
    assert answer.status_code < 500, (answer.status_code, answer.url, answer.text[-600:])
    assert answer.headers["cache-control"] == "no-store"
    if answer.status_code == 303:
        stays_here(answer.headers["location"])
        return
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"


def stays_here(location: str) -> None:
    """Check that a browser on our pages stays on them, however it reads the address."""
    assert location.startswith("/"), location
    assert not location.startswith(("//", "/\\")), location
    assert location.isascii()
    assert location.isprintable()
    assert "\\" not in location
    assert urlsplit(BASE_URL + location).netloc == urlsplit(BASE_URL).netloc
