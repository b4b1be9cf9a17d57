"""The headers of pages, and what may be added to them."""

from datetime import timedelta

import pytest

from keyturn.server.pages.headers import page_headers
from keyturn.server.pages.preview import PREVIEW_NOW
from keyturn.server.pages.render import respond
from keyturn.server.pages.views import ErrorPage, NotFoundPage, TooManyPage
from tests.server.pages.conftest import FRAME
from tests.server.pages.test_pages import PAGES

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action {}; "
    "base-uri 'none'; frame-ancestors 'none'"
)


@pytest.mark.proves("S-51")
def test_a_page_may_load_its_style_and_images_and_nothing_else() -> None:
    headers = respond(PAGES["sign-in"], frame=FRAME, now=PREVIEW_NOW).headers

    assert headers["content-security-policy"] == POLICY.format("'self'")
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.proves("S-51")
def test_the_confirm_page_names_the_exact_loopback_origin() -> None:
    headers = respond(PAGES["confirm-loopback"], frame=FRAME, now=PREVIEW_NOW).headers

    sources = "'self' http://127.0.0.1:49152"
    assert headers["content-security-policy"] == POLICY.format(sources)


def test_the_providers_origins_are_named_where_their_buttons_are() -> None:
    headers = respond(PAGES["sign-in-providers"], frame=FRAME, now=PREVIEW_NOW).headers

    sources = "'self' https://sso.example.org https://club.example.net"
    assert headers["content-security-policy"] == POLICY.format(sources)


@pytest.mark.parametrize(
    "origin",
    ["http://localhost:8123", "https://app.example", "https://app.example:8443", "dev.acme.cli:"],
)
def test_an_exact_origin_is_taken_as_it_is(origin: str) -> None:
    policy = page_headers(form_origins=[origin])["Content-Security-Policy"]

    assert f"form-action 'self' {origin};" in policy


def test_an_ipv6_loopback_origin_is_left_out_because_no_policy_can_name_it() -> None:
    policy = page_headers(form_origins=["http://[::1]:8123"])["Content-Security-Policy"]

    assert "form-action 'self';" in policy


@pytest.mark.parametrize(
    "origin",
    [
        *("*", "http:", "https:", "http://*:8123", "https://*.example", "javascript:", "data:"),
        *("http://127.0.0.1", "http://evil.example:80", "https://app.example/path", "'self'"),
        *("https://a.example; script-src *", "https://a.example https://b.example", "https://a\n"),
    ],
)
def test_anything_wider_than_one_origin_is_refused(origin: str) -> None:
    with pytest.raises(ValueError, match="one exact origin"):
        page_headers(form_origins=[origin])


def test_a_limit_answers_429_and_says_when_to_come_back_in_whole_seconds() -> None:
    until = PREVIEW_NOW + timedelta(seconds=89, milliseconds=1)
    answer = respond(TooManyPage(what="codes", until=until), frame=FRAME, now=PREVIEW_NOW)

    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "90"


def test_a_page_answers_with_its_usual_status_unless_the_route_says_otherwise() -> None:
    error = ErrorPage(kind="unavailable", request_id="r", at=PREVIEW_NOW)

    assert respond(error, frame=FRAME, now=PREVIEW_NOW).status_code == 503
    assert "retry-after" not in respond(error, frame=FRAME, now=PREVIEW_NOW).headers
    assert respond(NotFoundPage(), frame=FRAME, now=PREVIEW_NOW).status_code == 404
    assert respond(NotFoundPage(), frame=FRAME, now=PREVIEW_NOW, status=410).status_code == 410
