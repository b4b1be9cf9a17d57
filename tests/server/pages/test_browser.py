"""The pages as Chromium lays them out: the accessibility checklist of the design note."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from starlette.applications import Starlette

from keyturn.server.pages.assets import asset_routes
from keyturn.server.pages.brand import Brand
from keyturn.server.pages.preview import preview_routes
from keyturn.server.pages.views import Frame
from tests.server.pages import measuring
from tests.server.pages.serving import only, served
from tests.server.pages.test_pages import PAGES

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

QUIET = "the browser has nothing to complain of, and no script speaks up"
Opened = Callable[..., "Page"]


@pytest.fixture(scope="module")
def findings(chromium: "Browser", site: str) -> dict[str, dict[str, Any]]:
    """Return what each check found, by state; every state is visited once for all of them."""
    found: dict[str, dict[str, Any]] = {check.says: {} for check in measuring.CHECKS}
    found[QUIET] = {}
    page = chromium.new_page()
    page.on("console", lambda said: _complaint(said, found[QUIET]))
    page.on("dialog", lambda dialog: found[QUIET].update({page.url: dialog.message}))
    for name in ("", *PAGES):
        page.goto(f"{site}/preview/{name}".rstrip("/"))
        for check in measuring.CHECKS:
            if result := check.on(page):
                found[check.says][name] = result
    page.context.close()
    return found


def _complaint(said: "ConsoleMessage", found: dict[str, Any]) -> None:
    """Remember what the console says, but for the page's own status, which is meant."""
    own_status = said.text.startswith("Failed to load") and said.location["url"] == (
        said.page and said.page.url
    )
    if not own_status:
        found[said.location["url"]] = said.text


@pytest.mark.parametrize("says", [QUIET, *(check.says for check in measuring.CHECKS)])
def test_on_every_page(findings: dict[str, dict[str, Any]], says: str) -> None:
    assert findings[says] == {}


def test_a_hundred_sessions_are_listed_and_each_can_be_revoked(opened: Opened, site: str) -> None:
    page = opened(width=320)
    page.goto(f"{site}/preview/sessions-many")

    assert page.get_by_role("button", name="Revoke acme on node-").count() == 100


# The design note's table: page, selector, property, what it stands on, least ratio light and dark.
TABLE = [
    ("confirm-device", ".decide .soft", "color", None, 6.2, 6.9),
    ("confirm-device", "h1", "color", None, 16.2, 13.8),
    ("confirm-device", ".textlink", "color", ".account", 7.5, 9.0),
    ("confirm-device", ".choice .button-main", "color", None, 7.5, 8.7),
    ("confirm-device", ".choice .button-solid", "color", None, 11.9, 11.9),
    ("confirm-device", ".choice .button-main", "backgroundColor", ".decide", 6.8, 7.9),
    ("confirm-device", ".choice .button-solid", "backgroundColor", ".decide", 10.7, 9.8),
    ("confirm-other-address", ".notice .icon", "color", ".notice", 6.2, 9.8),
    ("sign-in-mismatch", ".notice .icon", "color", ".notice", 6.7, 8.6),
    ("sessions", ".notice .icon", "color", ".notice", 6.5, 8.6),
    ("sign-in", "#email", "borderTopColor", ".card", 4.1, 4.7),
    ("sign-in", ".button:not(.button-main)", "borderTopColor", ".card", 4.1, 4.7),
    ("sign-in-mismatch", "#password", "outlineColor", ".card", 6.7, 9.0),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_contrasts_of_the_design_note_hold(opened: Opened, site: str, scheme: str) -> None:
    page = opened(color_scheme=scheme)
    for name, selector, prop, back, light, dark in TABLE:
        page.goto(f"{site}/preview/{name}")
        page.evaluate(measuring.CONTRASTS)
        ratio = page.evaluate("([s, p, b]) => ratioOf(s, p, b)", [selector, prop, back])
        least = light if scheme == "light" else dark
        assert ratio >= least - 0.05, f"{name} {selector} {prop}: {ratio}"


def tabbed(page: "Page") -> list[dict[str, Any]]:
    """Press Tab from the top of the page to its end; return what had the focus, in order."""
    stops: list[dict[str, Any]] = []
    while len(stops) < 30:
        page.keyboard.press("Tab")
        focused = page.evaluate(measuring.FOCUSED)
        if focused is None:
            return stops
        stops.append(focused)
    raise AssertionError(f"Tab does not come to an end: {stops}")


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("confirm-loopback", ["Not you?", "Deny", "Approve", "Sessions", "Help"]),
        ("confirm-device", ["Not you?", "Deny", "Approve", "Sessions", "Help"]),
        (
            "confirm-guest",
            [
                *("Not you?", "Keep the guest’s work: create a new account from it"),  # noqa: RUF001
                *("Deny", "Approve", "Sessions", "Help"),
            ],
        ),
        (
            "confirm-other-address",
            ["Not you?", "recognised", "Deny", "Approve", "Sessions", "Help"],
        ),
        ("done", ["This was not me", "Sessions", "Help"]),
        (
            "sign-in",
            [
                "email",
                "password",
                "Sign in",
                "Email me a link",
                "Choose a new one",
                "Create an account",
                "Help",
            ],
        ),
    ],
)
def test_tab_goes_through_the_page_as_one_reads_it_with_a_ring_of_3_px(
    opened: Opened, site: str, name: str, order: list[str]
) -> None:
    page = opened(width=390)
    page.goto(f"{site}/preview/{name}")
    assert page.evaluate(measuring.FOCUSED) is None
    stops = tabbed(page)

    assert [stop["name"] for stop in stops] == order
    assert [stop["top"] for stop in stops] == sorted(stop["top"] for stop in stops)
    assert {stop["ring"] for stop in stops} == {"solid 3"}


@pytest.mark.proves("T-1")
@pytest.mark.parametrize("width", [1280, 390, 320])
@pytest.mark.parametrize("name", ["confirm-loopback", "confirm-device", "confirm-stack"])
def test_deny_comes_first_and_is_as_large_as_approve(
    opened: Opened, site: str, name: str, width: int
) -> None:
    page = opened(width=width)
    page.goto(f"{site}/preview/{name}")
    deny = page.get_by_role("button", name="Deny").bounding_box()
    approve = page.get_by_role("button", name="Approve").bounding_box()

    assert deny is not None
    assert approve is not None
    assert (deny["y"], deny["height"]) == (approve["y"], approve["height"])
    assert deny["width"] == pytest.approx(approve["width"], abs=0.5)
    assert deny["x"] < approve["x"]


def test_a_form_with_problems_opens_at_the_first_of_them(opened: Opened, site: str) -> None:
    page = opened()
    starts = {}
    for name in ("sign-in-errors", "sign-in-mismatch", "sign-up-errors", "password-errors"):
        page.goto(f"{site}/preview/{name}")
        page.wait_for_function("document.activeElement !== document.body")
        starts[name] = page.evaluate("document.activeElement.id")

    assert starts == {
        "sign-in-errors": "email",
        "sign-in-mismatch": "password",
        "sign-up-errors": "email",
        "password-errors": "current",
    }


def test_a_screen_reader_hears_the_code_letter_by_letter_and_problems_with_their_field(
    opened: Opened, site: str
) -> None:
    page = opened()
    page.goto(f"{site}/preview/confirm-stack")
    heard = page.locator(".compare").aria_snapshot()
    page.goto(f"{site}/preview/sign-up-errors")
    field = page.get_by_role("textbox", name="New password")
    described = field.evaluate(
        "e => e.getAttribute('aria-describedby').split(' ')"
        ".map(id => document.getElementById(id).innerText).join(' ')"
    )

    assert "4 M Z K, 9 T Q X" in heard
    assert "4MZK" not in heard
    assert described.endswith("5 characters are too few. Use 8 or more.")


def test_print_shows_only_the_note(opened: Opened, site: str) -> None:
    page = opened()
    page.goto(f"{site}/preview/confirm-device")
    page.emulate_media(media="print")

    assert page.evaluate("document.body.innerText").strip() == (
        "This page is not made for paper: it shows details of a sign-in."
    )


@pytest.mark.parametrize(
    ("file", "css"),
    [
        ("logo.svg", ""),
        ("mark.svg", ':root { --brand-logo: url("/brand/mark.svg"); }'),
    ],
    ids=["by-name", "by-property"],
)
def test_an_operators_logo_takes_the_place_of_the_glyph_at_28_px(
    opened: Opened, tmp_path: Path, file: str, css: str
) -> None:
    (tmp_path / "brand.css").write_text(css)
    (tmp_path / file).write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="126" height="42"><rect/></svg>'
    )
    brand = Brand(tmp_path)
    frame = Frame(host="id.example.com", brand=brand)
    with served(Starlette(routes=[*asset_routes(only(brand)), *preview_routes(frame)])) as base:
        page = opened()
        with page.expect_response(lambda answer: f"/brand/{file}" in answer.url) as logo:
            page.goto(f"{base}/preview/sign-in")
        assert logo.value.ok
        assert not page.locator(".brand-mark svg").is_visible()
        box = page.locator(".brand-mark").bounding_box()

    assert box is not None
    assert (box["width"], box["height"]) == (84, 28)
