"""Every page as text: its frame, its forms, and what becomes of what strangers wrote."""

import dataclasses
import re
from itertools import pairwise
from typing import Any, get_args

import pytest

from keyturn.server.pages.preview import GROUPS, PREVIEW_NOW, State
from keyturn.server.pages.render import render
from keyturn.server.pages.views import ConfirmPage, Frame, Page, SignInPage, Verdict
from tests.server.pages.conftest import FRAME
from tests.server.pages.reading import Reading

STATES = [state for group in GROUPS for state in group.states]
PAGES = {state.name: state.page for state in STATES}
every_state = pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)

# Fields that strangers fill, by view. The rest is ours or the operator's.
STRANGERS = frozenset(
    {"label", "program", "host_name", "system", "address", "near", "account_label"}
    | {"client_id", "redirect_uri", "email"}
)
HOSTILE = '\u202eMARK"><script>alert(1)</script>\x00\u200b&amp;'


def read(page: Page, frame: Frame = FRAME) -> Reading:
    return Reading(render(page, frame=frame, now=PREVIEW_NOW))


def hostile(value: Any) -> Any:
    """Return a copy of a view with hostile text in every field that a stranger fills."""
    if isinstance(value, tuple):
        return tuple(hostile(item) for item in value)
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return value
    changes = {
        field.name: HOSTILE
        if field.name in STRANGERS and isinstance(getattr(value, field.name), str)
        else hostile(getattr(value, field.name))
        for field in dataclasses.fields(value)
    }
    return dataclasses.replace(value, **changes)


@every_state
def test_a_page_has_language_title_one_h1_and_headings_in_order(state: State) -> None:
    page = read(state.page)
    levels = [int(e.tag[1]) for e in page.elements if re.fullmatch("h[1-6]", e.tag)]

    assert page.elements[0].attributes == {"lang": "en", "dir": "ltr"}
    assert page.text("title").endswith(" - Keyturn")
    assert page.text("title").startswith("Error: ") == state.page.failed
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert [page.count(landmark) for landmark in ("header", "main", "footer")] == [1, 1, 1]


@every_state
def test_a_page_needs_no_script_and_loads_nothing_from_elsewhere(state: State) -> None:
    page = read(state.page)

    assert page.count("script") == page.count("style") == page.count("iframe") == 0
    for element in page.elements:
        assert not [name for name in element.attributes if name.startswith("on")]
        assert "style" not in element.attributes
        if element.tag != "a":
            target = element.attributes.get("href") or element.attributes.get("action") or "/"
            assert target.startswith("/")
            assert not target.startswith("//")


def test_pages_of_different_kinds_have_different_titles() -> None:
    titles: dict[str, set[str]] = {}
    for state in STATES:
        title = read(state.page).text("title").removeprefix("Error: ")
        titles.setdefault(title, set()).add(state.page.template)

    assert {title: kinds for title, kinds in titles.items() if len(kinds) > 1} == {}


@pytest.mark.proves("T-14")
@every_state
def test_what_strangers_wrote_is_text_in_isolation_and_never_markup_or_a_link(
    state: State,
) -> None:
    plain, page = read(state.page), read(hostile(state.page))

    assert [e.tag for e in page.elements if e.tag != "bdi"] == [
        e.tag for e in plain.elements if e.tag != "bdi"
    ]
    for text, within in page.texts:
        assert "\u202e" not in text
        assert "\u200b" not in text
        assert "MARK" not in text or {"bdi", "title"} & set(within)
        assert "MARK" not in text or "a" not in within
    for element in page.elements:
        if element.tag == "a":
            assert "MARK" not in (element.attributes["href"] or "")


@pytest.mark.proves("S-62")
@every_state
def test_every_address_in_a_page_starts_with_the_prefix_of_the_mount(state: State) -> None:
    mounted = read(state.page, Frame(host="id.example.com", path="/auth"))

    for element in mounted.elements:
        for name in ("href", "action", "formaction"):
            if (address := element.attributes.get(name)) and not address.startswith("http://[::1]"):
                assert address.startswith("/auth/")


def test_the_pages_of_a_project_below_the_mount_share_its_files() -> None:
    page = read(PAGES["device"], Frame(host="id.example.com", path="/auth/p/acme", root="/auth"))
    linked = [e.attributes["href"] or "" for e in page.elements if e.tag == "link"]

    assert all(address.startswith("/auth/static/") for address in linked)
    assert page.form("/auth/p/acme/device")


@pytest.mark.parametrize(
    ("name", "action", "fields"),
    [
        ("sign-in", "/sign-in", {"form_token", "continue", "email", "password"}),
        ("sign-in-link-only", "/sign-in/link", {"form_token", "continue", "email"}),
        ("sign-in-link-sent", "/sign-in/link", {"form_token", "continue", "email"}),
        ("sign-in-link-opened", "/sign-in/link/finish", {"form_token"}),
        ("sign-up", "/sign-up", {"form_token", "continue", "email", "password"}),
        ("password", "/password", {"form_token", "username", "current", "password"}),
        ("password", "/switch-account", {"form_token", "continue"}),
        ("device", "/device", {"form_token", "user_code"}),
        ("confirm-device", "/cli/decide", {"form_token", "decision"}),
        ("confirm-other-address", "/cli/decide", {"form_token", "decision", "recognised"}),
        ("done", "/sessions/end", {"form_token", "session", "reason"}),
        ("sessions-empty", "/sign-out", {"form_token"}),
        ("sessions", "/sessions/end-others", {"form_token"}),
        ("sessions-alert", "/sessions/dismiss", {"form_token", "session"}),
    ],
)
def test_a_form_posts_these_fields_there(name: str, action: str, fields: set[str]) -> None:
    form = read(PAGES[name]).form(action)

    assert set(form.fields) == fields
    assert form.fields["form_token"] == "preview-only"


@every_state
def test_every_form_is_a_post_with_a_form_token(state: State) -> None:
    page = read(state.page)

    assert {e.attributes["method"] for e in page.elements if e.tag == "form"} <= {"post"}
    assert all(form.fields["form_token"] for form in page.forms)


@pytest.mark.parametrize("state", [s for s in STATES if s.page.has_problem], ids=lambda s: s.name)
def test_a_form_with_problems_ties_each_to_its_field_and_starts_at_the_first(state: State) -> None:
    page = read(state.page)
    ids = {e.attributes["id"] for e in page.elements if "id" in e.attributes}
    inputs = [e for e in page.elements if e.tag == "input" and e.attributes["type"] != "hidden"]
    wrong = [e for e in inputs if "aria-invalid" in e.attributes]
    focused = [e for e in inputs if "autofocus" in e.attributes]

    assert state.page.status == 422
    assert len(focused) == 1
    if wrong:
        assert focused[0] is wrong[0]
    for element in wrong:
        described = (element.attributes["aria-describedby"] or "").split()
        assert f"{element.attributes['id']}-problem" in described
        assert set(described) <= ids


@every_state
def test_a_password_is_never_shown_back(state: State) -> None:
    for element in read(state.page).elements:
        if element.attributes.get("type") == "password":
            assert "value" not in element.attributes


def test_the_typed_email_and_code_are_kept() -> None:
    values = {
        e.attributes["value"]
        for name in ("sign-in-errors", "device-error")
        for e in read(PAGES[name]).elements
        if e.attributes.get("id") in ("email", "user_code")
    }

    assert values == {"ada.example.com", "WDJB-MJH"}


@pytest.mark.proves("S-50")
def test_a_request_from_this_computer_says_so_and_shows_no_code_to_compare() -> None:
    page = read(PAGES["confirm-loopback"]).text("main")

    assert "A program on this computer asks" in page
    assert "this computer, port 49152" in page
    assert "terminal shows this code" not in page
    assert "gave you this code" not in page


@pytest.mark.proves("S-9a")
def test_a_request_by_login_code_shows_code_claims_and_both_addresses() -> None:
    page = read(PAGES["confirm-stack"]).text("main")
    bare = read(PAGES["confirm-not-given"]).text("main")
    other = read(PAGES["confirm-other-address"]).text("main")

    assert "Check that your terminal shows this code 4MZK-9TQX" in page
    assert "same as this browser" in page
    assert "Computer not given System not given Address not known" in bare
    assert "198.51.100.77" in other
    assert "203.0.113.24" in other
    assert "not this browser" in other


def test_a_name_that_nobody_vetted_is_marked_on_the_page() -> None:
    assert "not verified" in read(PAGES["confirm-loopback-bare"]).text("dd")
    assert "not verified" not in read(PAGES["confirm-loopback"]).text("dd")


@pytest.mark.parametrize("verdict", get_args(Verdict))
def test_only_differing_addresses_ask_for_the_box(verdict: Verdict) -> None:
    page = PAGES["confirm-stack"]
    assert isinstance(page, ConfirmPage)
    origin = dataclasses.replace(page.origin, verdict=verdict)

    form = read(dataclasses.replace(page, origin=origin)).form("/cli/decide")

    assert ("recognised" in form.fields) == (verdict == "different")


def test_sign_in_and_sign_up_hand_on_where_to_continue() -> None:
    there = "/oauth/authorize?client_id=a&state=ä b"
    page = read(SignInPage(form_token="t", continue_to=there))
    links = [e.attributes["href"] for e in page.elements if e.tag == "a"]

    assert page.form("/sign-in").fields["continue"] == there
    assert "/sign-up?continue=%2Foauth%2Fauthorize%3Fclient_id%3Da%26state%3D%C3%A4+b" in links


def test_help_and_sessions_are_linked_only_where_they_lead_somewhere() -> None:
    without = Frame(host="id.example.com")

    assert "Help" not in read(PAGES["device"], without).text("footer")
    assert "Sessions" in read(PAGES["device"], without).text("footer")
    assert "Sessions" not in read(PAGES["sign-in"]).text("footer")
    assert "Sessions" not in read(PAGES["sessions"]).text("footer")
    assert "Help" in read(PAGES["sign-in"]).text("footer")


@pytest.mark.parametrize("path", ["auth", "/auth/", "/"])
def test_a_prefix_that_would_make_wrong_addresses_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="prefix of Frame"):
        Frame(host="id.example.com", path=path)
