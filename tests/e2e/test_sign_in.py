"""A person in Chromium, a program in its terminal, a server: signed in, end to end."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.e2e.acme_ import Acme
from tests.e2e.chromium_ import PASSWORD, approve, programs, sees, sign_up
from tests.served_ import Served

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.xdist_group("e2e-sign-in")


@pytest.mark.proves("S-50", "S-51", "K-40")
def test_a_stranger_signs_up_approves_and_the_program_on_this_computer_goes_on(
    window: "Page", acme: Acme, server: Served
) -> None:
    with acme.login() as login:
        assert login.verification["method"] == "loopback"
        window.goto(login.url)
        sign_up(window, server.base, "ada@example.com")
        sees(window, "Let Keyturn CLI sign in?")
        approve(window)
        sees(window, "Go back to your terminal")
        assert login.ending()["account"]["email"] == "ada@example.com"
    hello = acme.run("hello")
    assert (hello.returncode, hello.stdout) == (0, "Hello, ada@example.com.\n")
    assert len(programs(window, server.base)) == 1


@pytest.mark.proves("K-44")
def test_the_page_after_it_asks_for_nothing_more_and_its_port_is_closed(
    window: "Page", acme: Acme, server: Served
) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    window.on("request", lambda request: asked.append(request.url))
    window.on("console", lambda said: complaints.append(said.text))
    with acme.login() as login:
        window.goto(login.url)
        sign_up(window, server.base, "grace@example.com")
        approve(window)
        sees(window, "Go back to your terminal")
        login.ending()
    came_back = [url for url in asked if not url.startswith(server.base)]
    assert asked[-1:] == came_back
    assert urlsplit(came_back[0]).path == "/callback"
    assert complaints == []
    assert window.evaluate("document.referrer") == ""
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(came_back[0])


@pytest.mark.proves("S-51")
def test_deny_tells_the_program_and_the_window_says_so(
    window: "Page", acme: Acme, server: Served
) -> None:
    with acme.login() as login:
        window.goto(login.url)
        sign_up(window, server.base, "edsger@example.com")
        window.get_by_role("button", name="Deny").click()
        sees(window, "The sign-in did not finish")
        assert login.ending()["error"]["code"] == "LOGIN_DENIED"
    assert not acme.signed_in
    assert programs(window, server.base) == []


@pytest.mark.proves("S-50", "K-40")
def test_a_code_typed_by_hand_signs_a_program_in_that_is_reached_over_ssh(
    window: "Page", headless: Acme, server: Served
) -> None:
    with headless.login() as login:
        assert login.verification["method"] == "device"
        assert login.user_code not in login.url
        window.goto(login.url)
        sign_up(window, server.base, "barbara@example.com")
        typed = login.user_code.replace("-", " ").lower()
        window.get_by_label("Code").press_sequentially(typed)
        window.keyboard.press("Enter")
        sees(window, "Let Keyturn CLI sign in?")
        assert login.user_code.split("-")[0] in window.inner_text("main")
        approve(window)
        sees(window, "Keyturn CLI is signed in")
        assert login.ending()["account"]["email"] == "barbara@example.com"
    assert headless.run("hello").stdout == "Hello, barbara@example.com.\n"
    assert len(programs(window, server.base)) == 1


@pytest.mark.proves("S-52")
def test_what_is_revoked_in_the_browser_is_over_in_the_terminal_and_nothing_else(
    window: "Page", acme: Acme, server: Served
) -> None:
    with acme.login() as login:
        window.goto(login.url)
        sign_up(window, server.base, "tony@example.com")
        approve(window)
        login.ending()
    window.goto(f"{server.base}/sessions")
    window.get_by_role("button", name="Revoke Keyturn CLI").click()
    assert window.get_by_role("status").inner_text().endswith("is signed out.")
    assert programs(window, server.base) == []
    online = acme.run("auth", "status", "--online")
    assert online.returncode == 4, online.stderr
    window.goto(f"{server.base}/sessions")
    sees(window, "Sessions")


def test_signing_in_with_the_wrong_password_keeps_the_program_waiting(
    window: "Page", acme: Acme, server: Served
) -> None:
    sign_up(window, server.base, "donald@example.com")
    window.get_by_role("button", name="Sign out").click()
    with acme.login() as login:
        window.goto(login.url)
        for password in ("not the password", PASSWORD):
            window.get_by_label("Email").fill("donald@example.com")
            window.get_by_label("Password").fill(password)
            window.get_by_role("button", name="Sign in").click()
            assert login.waiting
        approve(window)
        assert login.ending()["event"] == "signed_in"
