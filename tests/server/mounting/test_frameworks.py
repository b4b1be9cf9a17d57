"""Mounted in four frameworks: real HTTP, our real client, the users of the host."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
import uvicorn

import keyturn
from keyturn.server import Settings
from tests.server.mounting.hosts_ import HOSTS, PREFIX

if TYPE_CHECKING:
    from keyturn.client.login.base import LoginEvent

pytestmark = pytest.mark.proves("S-63")


@contextmanager
def hosting(name: str, data: Path, *, at_root: bool = True) -> Iterator[str]:
    """Yield the origin of a host, answering in a thread of its own."""
    listening = socket.create_server(("127.0.0.1", 0))
    origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
    settings = Settings(data=data, base_url=origin + PREFIX, site_name="Acme")
    config = uvicorn.Config(HOSTS[name](settings, at_root), log_level="error", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield origin
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        listening.close()
        assert not thread.is_alive()


@pytest.fixture(scope="module", params=sorted(HOSTS))
def origin(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    with hosting(request.param, tmp_path_factory.mktemp(request.param)) as origin:
        yield origin


Browse = Callable[[str], "Browser"]


@pytest.fixture
def browse(origin: str) -> Iterator[Browse]:
    """Return a browser for one of the host's users; all are closed afterwards."""
    with ExitStack() as stack:
        yield lambda user: Browser(stack.enter_context(_http(origin)), user)


def _http(origin: str) -> httpx2.Client:
    return httpx2.Client(base_url=origin, timeout=20)


class Browser:
    """Somebody at the host: keeps cookies, follows redirects, presses buttons."""

    def __init__(self, http: httpx2.Client, user: str) -> None:
        self._http, self._user = http, user
        self.page: httpx2.Response

    def open(self, url: str) -> httpx2.Response:
        return self._go(self._http.get(url))

    def get_only(self, url: str) -> httpx2.Response:
        return self._http.get(url)

    def press(self, action: str, **fields: str) -> httpx2.Response:
        found = re.search(
            rf'<form[^>]*action="([^"]*{re.escape(action)})".*?</form>', self.page.text, re.DOTALL
        )
        assert found, self.page.text
        hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', found[0])
        form = {name: unescape(value) for name, value in hidden} | fields
        origin = {"origin": str(self._http.base_url).rstrip("/")}
        return self._go(self._http.post(unescape(found[1]), data=form, headers=origin))

    def _go(self, answer: httpx2.Response) -> httpx2.Response:
        while answer.is_redirect:
            target = answer.headers["location"]
            if urlsplit(target).path == "/login":
                target += f"&user={self._user}"
            answer = self._http.get(target)
        self.page = answer
        return answer


def program(origin: str, home: Path) -> keyturn.Auth:
    return keyturn.Auth(
        "acme", issuer=origin + PREFIX, client_id="keyturn-cli", home=str(home), storage="file"
    )


def sub_of(origin: str, token: str) -> str:
    headers = {"authorization": f"Bearer {token}"}
    sub: str = httpx2.get(f"{origin}{PREFIX}/oauth/userinfo", headers=headers).json()["sub"]
    return sub


def test_a_program_signs_in_with_a_typed_code_as_the_hosts_user(
    origin: str, tmp_path: Path, browse: Browse
) -> None:
    auth, browser = program(origin, tmp_path), browse("ada")

    def approve(event: LoginEvent) -> None:
        if isinstance(event, keyturn.Verification):
            assert event.user_code is not None
            browser.open(event.url)
            browser.press("/device", user_code=event.user_code)
            browser.press("/cli/decide", decision="approve")

    outcome = auth.login(method="device", on_event=approve)

    assert outcome.session.account_id == "ada"
    assert sub_of(origin, auth.token()) == "ada"
    assert auth.refresh().account_id == "ada"
    auth.logout()
    assert not auth.has_session()


def test_a_program_signs_in_through_the_browser_as_the_hosts_user(
    origin: str, tmp_path: Path, browse: Browse
) -> None:
    auth, browser = program(origin, tmp_path), browse("bob")
    pressing: list[threading.Thread] = []

    def approve(event: LoginEvent) -> None:
        if isinstance(event, keyturn.Verification):
            thread = threading.Thread(target=decide, args=(event.url,))
            pressing.append(thread)
            thread.start()

    def decide(url: str) -> None:
        browser.open(url)
        browser.press("/cli/decide", decision="approve")

    auth.login(method="loopback", open_browser=False, on_event=approve)
    for thread in pressing:
        thread.join(timeout=20)

    assert sub_of(origin, auth.token()) == "bob"


def test_the_metadata_is_found_at_the_hosts_root_and_names_the_prefix(origin: str) -> None:
    answer = httpx2.get(f"{origin}/.well-known/oauth-authorization-server{PREFIX}")

    assert answer.status_code == 200
    assert answer.json()["issuer"] == origin + PREFIX
    assert answer.json()["token_endpoint"] == f"{origin}{PREFIX}/oauth/token"
    assert httpx2.get(f"{origin}/.well-known/oauth-authorization-server").status_code == 404


@pytest.mark.parametrize("name", sorted(HOSTS))
def test_a_program_finds_a_server_whose_host_answers_nothing_at_its_root(
    name: str, tmp_path: Path
) -> None:
    with hosting(name, tmp_path / "data", at_root=False) as origin, _http(origin) as http:
        missing = http.get(f"/.well-known/oauth-authorization-server{PREFIX}")
        auth, browser = program(origin, tmp_path / "home"), Browser(http, "ada")

        def approve(event: LoginEvent) -> None:
            if isinstance(event, keyturn.Verification):
                assert event.user_code is not None
                browser.open(event.url)
                browser.press("/device", user_code=event.user_code)
                browser.press("/cli/decide", decision="approve")

        outcome = auth.login(method="device", on_event=approve)

        assert missing.status_code == 404
        assert outcome.session.account_id == "ada"
        openid = http.get(f"{PREFIX}/.well-known/openid-configuration").json()
        assert openid["issuer"] == origin + PREFIX
        assert openid["jwks_uri"].startswith(f"{origin}{PREFIX}/oauth/")


def test_the_rest_is_the_hosts_own(browse: Browse) -> None:
    browser = browse("ada")
    assert browser.open("/").text == "None"
    browser.open("/login?user=ada&next=/")
    assert browser.page.text == "ada"


def test_signed_out_at_the_host_the_next_page_asks_for_its_sign_in(browse: Browse) -> None:
    browser = browse("ada")
    browser.open(f"{PREFIX}/sessions")
    browser.open("/logout")

    answer = browser.get_only(f"{PREFIX}/sessions")

    assert answer.status_code == 303
    target = urlsplit(answer.headers["location"])
    assert (target.path, parse_qs(target.query)["next"]) == ("/login", [f"{PREFIX}/sessions"])


def test_pages_and_what_they_load_stay_below_the_prefix(origin: str, browse: Browse) -> None:
    browser = browse("ada")
    page = browser.open(f"{PREFIX}/sessions")

    links = re.findall(r'(?:href|src|action)="([^"]+)"', page.text)
    assert links
    for link in links:
        assert link.startswith((PREFIX, "#", "http", "data:")), link
    sheet = next(link for link in links if ".css" in link)
    assert httpx2.get(origin + sheet).status_code == 200


def test_an_unknown_address_of_the_api_below_the_prefix_is_no_page(origin: str) -> None:
    answer = httpx2.get(f"{origin}{PREFIX}/oauth/nothing")
    assert answer.status_code == 404
    assert "<html" not in answer.text
