"""A person and a program, through the pages, without a browser: forms are found in the answers."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.server.in_process_ import BASE_URL, InProcess
from tests.server.person_ import PASSWORD, VERIFIER, Person, authorize_path, last_mailed_link


@pytest.fixture
def ada(server: InProcess) -> Person:
    """Return a person who has just signed up in a browser."""
    person = Person(server)
    person.open("/sign-up")
    person.press("/sign-up", email="ada@example.com", password=PASSWORD)
    assert "Sessions" in person.page.text
    return person


@pytest.mark.proves("S-50", "S-51")
def test_a_stranger_signs_up_then_approves_and_the_code_goes_to_the_loopback_address(
    server: InProcess,
) -> None:
    person = Person(server)
    person.open(authorize_path())
    assert "A terminal is waiting" in person.page.text
    sign_up = re.search(r'href="(/sign-up[^"]*)"', person.page.text)
    assert sign_up is not None
    person.open(unescape(sign_up[1]))
    person.press("/sign-up", email="ada@example.com", password=PASSWORD)
    assert "Let <bdi>Keyturn CLI</bdi> sign in?" in person.page.text
    assert "quartz-07" in person.page.text
    assert (
        "form-action 'self' http://127.0.0.1:49152;"
        in person.page.headers["content-security-policy"]
    )
    answer = person.press("/cli/decide", decision="approve", follow=False)
    target = urlsplit(answer.headers["location"])
    assert (answer.status_code, target.netloc, target.path) == (303, "127.0.0.1:49152", "/callback")
    query = parse_qs(target.query)
    assert query["state"] == ["s" * 20]
    assert query["iss"] == [BASE_URL]
    tokens = server.request(
        "POST",
        "/oauth/token",
        data={
            "grant_type": "authorization_code",
            "client_id": "keyturn-cli",
            "code": query["code"][0],
            "redirect_uri": "http://127.0.0.1:49152/callback",
            "code_verifier": VERIFIER,
        },
    )
    assert tokens.status_code == 200, tokens.text
    assert tokens.json()["refresh_token"]


@pytest.mark.proves("S-51")
def test_denying_tells_the_program_and_gives_no_code(ada: Person) -> None:
    ada.open(authorize_path())
    answer = ada.press("/cli/decide", decision="deny", follow=False)
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert query["error"] == ["access_denied"]
    assert "code" not in query


@pytest.mark.proves("S-51")
def test_the_button_of_one_page_works_once(ada: Person) -> None:
    ada.open(authorize_path())
    shown = ada.page
    first = ada.press("/cli/decide", decision="approve", follow=False)
    ada.page = shown
    again = ada.press("/cli/decide", decision="approve", follow=False)
    assert first.status_code == 303
    assert again.status_code == 200
    assert "already approved" in again.text


@pytest.mark.proves("S-51")
@pytest.mark.parametrize("decision", ["approve", "deny"])
def test_no_url_parameter_decides_anything(ada: Person, decision: str) -> None:
    token = "x"
    for extra in (
        {"decision": decision},
        {"decision": decision, "form_token": token, "approve": "1", "prompt": "consent"},
        {"approved": "true", "recognised": "yes", "decision": decision},
    ):
        page = ada.open(authorize_path(**extra), follow=False)
        assert page.status_code == 200
        assert "location" not in page.headers
    assert ada.open(f"/cli/decide?decision={decision}", follow=False).status_code == 405


@pytest.mark.proves("S-51")
def test_another_session_cannot_use_a_page_shown_to_this_one(
    server: InProcess, ada: Person
) -> None:
    ada.open(authorize_path())
    token = ada.form("/cli/decide")["form_token"]
    eve = Person(server)
    eve.open("/sign-up")
    eve.press("/sign-up", email="eve@example.com", password=PASSWORD)
    eve.open(authorize_path())
    answer = eve.press("/cli/decide", decision="approve", form_token=token, follow=False)
    assert answer.status_code == 403
    assert "location" not in answer.headers


@pytest.mark.proves("S-51")
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_post_from_another_site_is_refused_even_with_a_good_token(
    ada: Person, headers: dict[str, str]
) -> None:
    ada.open(authorize_path())
    form = ada.form("/cli/decide") | {"decision": "approve"}
    form.pop("@action")
    answer = ada.server.request(
        "POST", "/cli/decide", data=form, headers=headers | ada.cookie_header()
    )
    assert answer.status_code == 403
    assert "location" not in answer.headers


@pytest.mark.proves("S-22")
def test_a_bad_client_or_redirect_uri_is_shown_and_never_followed(ada: Person) -> None:
    for changes in (
        {"client_id": "nobody"},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": "http://127.0.0.1:1/other"},
    ):
        page = ada.open(authorize_path(**changes), follow=False)
        assert page.status_code == 400
        assert "location" not in page.headers


@pytest.mark.proves("S-50")
def test_a_typed_device_code_is_approved_and_this_was_not_me_takes_it_back(ada: Person) -> None:
    started = ada.server.request(
        "POST",
        "/oauth/device_authorization",
        data={"client_id": "keyturn-cli", "host_name": "box"},
    ).json()
    ada.open("/device")
    ada.press("/device", user_code=started["user_code"].lower())
    assert "Let <bdi>Keyturn CLI</bdi> sign in?" in ada.page.text
    assert started["user_code"].split("-")[0] in ada.page.text
    ada.press("/cli/decide", decision="approve")
    assert "is signed in" in ada.page.text
    ada.press("/sessions/end", reason="not-me")
    assert "is signed out" in ada.page.text
    polled = ada.server.request(
        "POST",
        "/oauth/token",
        data={
            "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
            "client_id": "keyturn-cli",
            "device_code": started["device_code"],
        },
    )
    assert polled.json()["error"] == "access_denied"


@pytest.mark.proves("S-52")
def test_revoking_a_program_leaves_the_browser_signed_in(server: InProcess, ada: Person) -> None:
    ada.open(authorize_path())
    code = parse_qs(
        urlsplit(
            ada.press("/cli/decide", decision="approve", follow=False).headers["location"]
        ).query
    )["code"][0]
    tokens = server.request(
        "POST",
        "/oauth/token",
        data={
            "grant_type": "authorization_code",
            "client_id": "keyturn-cli",
            "code": code,
            "redirect_uri": "http://127.0.0.1:49152/callback",
            "code_verifier": VERIFIER,
        },
    ).json()
    ada.open("/sessions")
    assert "quartz-07" in ada.page.text
    ada.press("/sessions/end", session=tokens["session"])
    assert "is signed out" in ada.page.text
    refused = server.request(
        "POST",
        "/oauth/token",
        data={
            "grant_type": "refresh_token",
            "client_id": "keyturn-cli",
            "refresh_token": tokens["refresh_token"],
        },
    )
    assert refused.json()["error"] == "invalid_grant"
    assert "Sessions" in ada.open("/sessions").text


def test_a_wrong_password_and_an_unknown_address_get_the_same_page(
    server: InProcess, ada: Person
) -> None:
    pages = []
    for email in ("ada@example.com", "nobody@example.com"):
        person = Person(server)
        person.open("/sign-in")
        person.press("/sign-in", email=email, password="wrong password")
        assert person.page.status_code == 400
        pages.append(re.sub(r'value="[^"]*"', "", person.page.text).replace(email, ""))
    assert pages[0] == pages[1]


@pytest.mark.proves("S-54")
def test_a_mailed_link_leaves_the_address_bar_signs_in_once_and_goes_on(
    server: InProcess, ada: Person
) -> None:
    person = Person(server)
    person.open(authorize_path())
    person.press("/sign-in", instead="/sign-in/link", email="ada@example.com")
    assert "Check your email" in person.page.text
    link = last_mailed_link(server)
    arrived = person.open(link, follow=False)
    assert arrived.status_code == 303
    assert "token" not in arrived.headers["location"]
    person.open(arrived.headers["location"])
    assert "ada@example.com" in person.page.text
    person.press("/sign-in/link/finish")
    assert "Let <bdi>Keyturn CLI</bdi> sign in?" in person.page.text
    other = Person(server)
    other.open(link)
    assert "sign-in/link/finish" not in other.page.text


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example/", "/\\evil.example", "https://evil.example", "/sign-in", "/sessions#x",
        "/sessions\n", "/%2f/evil", "javascript:alert(1)", "/p/../sessions/x", "", "/oauth/token",
        "/device\t", "/ /evil.example", "/\u2028/evil.example", "\\\\evil.example",
    ],
)  # fmt: skip
@pytest.mark.proves("T-8")
def test_after_signing_in_nobody_is_sent_anywhere_but_to_a_known_page(
    server: InProcess, target: str
) -> None:
    person = Person(server)
    person.open("/sign-up")
    answer = person.press(
        "/sign-up", email="ada@example.com", password=PASSWORD, follow=False, **{"continue": target}
    )
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sessions"
