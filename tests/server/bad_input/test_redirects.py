"""No address that anybody hands in makes the server send a browser to a stranger (threat T-8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

import pytest

from keyturn.protocol.pkce import challenge_for
from tests.server.bad_input.hostile_urls_ import ELSEWHERE, HOSTILE
from tests.server.bad_input.pages_ import stays_here
from tests.server.in_process_ import BASE_URL, InProcess
from tests.server.person_ import PASSWORD, VERIFIER, Person, last_mailed_link

if TYPE_CHECKING:
    import httpx2

WEB = "https://app.example/callback"
FRONT_END = "https://front.example/cli"
# Names under which programs around the world hand in where to go afterwards.
NAMES = (
    "continue", "next", "url", "to", "return_to", "returnTo", "redirect", "redirect_uri", "app_url",
    "redirect_url", "after_auth_return_to", "after_sign_in", "target", "goto", "callback", "dest",
)  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    started = InProcess(
        tmp_path_factory.mktemp("redirects") / "data",
        rate_limits="off",
        projects=[
            {"id": "default", "display_name": "Acme"},
            {"id": "fronted", "display_name": "F", "urls": {"cli_auth_confirm": FRONT_END}},
        ],
        clients=[
            {"id": "native", "project": "default"},
            {"id": "web", "project": "default", "redirect_uris": [WEB]},
        ],
    )
    yield started
    started.close()


@pytest.fixture(scope="module")
def ada(server: InProcess) -> Person:
    person = Person(server)
    person.open("/sign-up")
    person.press("/sign-up", email="ada@example.com", password=PASSWORD)
    return person


def as_sent(url: str) -> str:
    return quote(url.encode("utf-8", "surrogatepass"), safe="")


def test_the_corpus_has_a_hundred_addresses_and_more() -> None:
    assert len(set(HOSTILE)) == len(HOSTILE) >= 100


@pytest.mark.proves("T-8", "S-22")
@pytest.mark.parametrize("client", ["native", "web"])
def test_a_hostile_redirect_uri_is_shown_and_never_followed(
    server: InProcess, ada: Person, client: str
) -> None:
    asked = {
        "response_type": "code",
        "client_id": client,
        "code_challenge": challenge_for(VERIFIER),
        "code_challenge_method": "S256",
    }
    for url in (*HOSTILE, "", "http://127.0.0.1/" + "x" * 5000):
        for extra in ({}, {"prompt": "none"}, {"response_type": "token"}, {"scope": "\0"}):
            query = f"{urlencode(asked | extra)}&redirect_uri={as_sent(url)}"
            for cookies in ({}, ada.cookie_header()):
                answer = server.get(f"/oauth/authorize?{query}", headers=cookies)
                assert (answer.status_code, "location" in answer.headers) == (400, False), url
                leads_nowhere_new(answer)


def leads_nowhere_new(answer: httpx2.Response) -> None:
    """Check that the address stands on the page as text at most."""
    for attribute in ('href="', 'action="', 'src="', "url="):
        for found in answer.text.split(attribute)[1:]:
            target = found.partition('"')[0]
            assert target.startswith(("/", BASE_URL)), target
            assert not target.startswith(("//", "/\\")), target


@pytest.mark.proves("T-8")
def test_a_second_redirect_uri_does_not_count(server: InProcess, ada: Person) -> None:
    good = urlencode({"response_type": "code", "client_id": "web", "redirect_uri": WEB})
    for url in HOSTILE:
        for query in (f"{good}&redirect_uri={as_sent(url)}", f"redirect_uri={as_sent(url)}&{good}"):
            answer = server.get(f"/oauth/authorize?{query}", headers=ada.cookie_header())
            assert (answer.status_code, "location" in answer.headers) == (400, False)


@pytest.mark.proves("T-8")
@pytest.mark.parametrize("is_signed_in", [False, True], ids=["stranger", "signed in"])
def test_no_parameter_of_a_page_leads_away(
    server: InProcess, ada: Person, is_signed_in: bool
) -> None:
    cookies = ada.cookie_header() if is_signed_in else {}
    pages: tuple[str, ...] = ("/", "/sign-in", "/sign-up", "/sessions", "/device")
    pages += ("/sign-in/link", "/handler/cli-auth-confirm", "/p/fronted/sign-in")
    for url in HOSTILE:
        query = "&".join(f"{name}={as_sent(url)}" for name in NAMES)
        for page in pages:
            answer = server.get(f"{page}?{query}&token=x", headers=cookies)
            assert answer.status_code in (200, 303, 404)
            if "location" in answer.headers:
                stays_here(answer.headers["location"])
                assert "evil" not in answer.headers["location"]
            leads_nowhere_new(answer)


@pytest.mark.proves("T-8")
def test_no_field_of_a_form_leads_away(server: InProcess) -> None:
    for url in HOSTILE:
        fields = dict.fromkeys(NAMES, url)
        person = Person(server)
        _, token = server.browser(server.person())
        person.open("/sign-in")
        person.cookies["keyturn_session_default"] = token
        person.open("/sessions")
        answer = person.press("/switch-account", follow=False, **fields)
        if "\0" in url:
            assert answer.status_code == 400
            continue
        assert answer.headers["location"] == "/sign-in?continue=%2Fsessions"


@pytest.mark.proves("T-8")
def test_signing_in_up_and_by_link_leads_to_our_own_page(server: InProcess) -> None:
    server.person("grace@example.com")
    # Hashing a password takes its time, and where to go afterwards is one rule for all of them.
    for number, url in enumerate(ELSEWHERE[::6]):
        ip = f"198.51.100.{number}"
        new = Person(server, ip=ip)
        new.open("/sign-up")
        fields = {"email": f"new{number}@example.com", "password": PASSWORD, "continue": url}
        assert new.press("/sign-up", follow=False, **fields).headers["location"] == "/sessions"
        again = Person(server, ip=ip)
        again.open("/sign-in")
        assert again.press("/sign-in", follow=False, **fields).headers["location"] == "/sessions"
        server.clock.advance(601)
        mailed = Person(server, ip=ip)
        mailed.open("/sign-in")
        fields = {"email": "grace@example.com", "continue": url}
        mailed.press("/sign-in", instead="/sign-in/link", follow=True, **fields)
        mailed.open(last_mailed_link(server))
        done = mailed.press("/sign-in/link/finish", follow=False)
        assert done.headers["location"] == "/sessions"


@pytest.mark.proves("T-8", "S-53")
def test_a_projects_own_front_end_is_the_only_other_origin(server: InProcess) -> None:
    headers = {"x-stack-access-type": "client", "x-stack-project-id": "fronted"}
    code = server.post("/api/v1/auth/cli", headers=headers).json()["login_code"]
    for url in HOSTILE:
        query = "&".join(f"{name}={as_sent(url)}" for name in NAMES)
        own = server.get(f"/handler/cli-auth-confirm?login_code={code}&{query}")
        assert own.headers["location"] == f"{FRONT_END}?login_code={code}"
        other = server.get(f"/handler/cli-auth-confirm?login_code={as_sent(url)}&{query}")
        stays_here(other.headers["location"])


@pytest.mark.proves("T-8")
def test_an_api_redirect_url_must_be_trusted(server: InProcess) -> None:
    headers = {"x-stack-access-type": "client", "x-stack-project-id": "default"}
    for url in (u for u in HOSTILE if "\x00" not in u):
        body = {"email": "x@example.com", "password": "short", "verification_callback_url": url}
        answer = server.post("/api/v1/auth/password/sign-up", json=body, headers=headers)
        assert "location" not in answer.headers
        code = answer.json()["code"]
        # Loopback is trusted by default; then the password is what is wrong.
        trusted = urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1") if code else False
        assert code == "REDIRECT_URL_NOT_WHITELISTED" or trusted, (url, code)


@pytest.mark.proves("T-8", "S-62")
def test_no_header_moves_a_redirect_or_a_link(server: InProcess, ada: Person) -> None:
    headers = {
        "host": "evil.example",
        "forwarded": "host=evil.example;proto=https",
        "x-forwarded-host": "evil.example",
        "x-forwarded-proto": "https",
        "x-forwarded-prefix": "//evil.example",
        "x-original-url": "//evil.example/",
        "x-rewrite-url": "https://evil.example/",
        "referer": "https://evil.example/",
        "origin": "https://evil.example",
    }
    for page in ("/", "/sign-in", "/sessions", "/device", "//evil.example", "/%2fevil.example/.."):
        for cookies in ({}, ada.cookie_header()):
            answer = server.get(page, headers={**headers, **cookies})
            assert "evil" not in answer.headers.get("location", "")
            assert "evil" not in answer.text
    for page in ("/.well-known/oauth-authorization-server", "/openapi.json"):
        assert "evil" not in server.get(page, headers=headers).text
    started = server.post("/oauth/device_authorization", data={"client_id": "native"},
                          headers=headers).json()  # fmt: skip
    assert started["verification_uri"] == f"{BASE_URL}/device"
