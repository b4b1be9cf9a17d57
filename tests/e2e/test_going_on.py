"""From the click in the browser to the program going on: it is woken, also by a new server."""

import os
import re
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.acme_ import Acme
from tests.e2e.chromium_ import approve, programs, sees, sign_up
from tests.served_ import Served, serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.xdist_group("e2e-going-on")

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


def test_the_program_goes_on_when_the_browser_comes_back(
    window: "Page", acme: Acme, server: Served
) -> None:
    with acme.login() as login:
        window.goto(login.url)
        sign_up(window, server.base, "loopback@example.com")
        clicked = time.perf_counter()
        approve(window)
        assert login.ending()["event"] == "signed_in"
        print(f"from click to signed in: {login.moments[-1] - clicked:.3f} s")


@pytest.mark.proves("S-40", "K-45")
def test_a_program_that_waits_for_a_typed_code_is_woken_and_has_asked_once(
    window: "Page", headless: Acme, server: Served
) -> None:
    headless.variables["ACME_DEBUG"] = "1"
    with headless.login() as login:
        _type_code(window, login.url, login.user_code, server.base, "woken@example.com")
        clicked = time.perf_counter()
        approve(window)
        assert login.ending()["event"] == "signed_in"
        print(f"from click to signed in: {login.moments[-1] - clicked:.3f} s")
        asked = re.findall(r"POST \S+: HTTP (\d+)", login.log.read_text())
    # The request for a code, and one poll: it was held from before the code was typed.
    assert asked == ["200", "200"]


def test_a_server_killed_after_the_approval_still_redeems_it_when_it_is_back(
    window: "Page", tmp_path: Path
) -> None:
    with serving(tmp_path) as first:
        acme = Acme(first.base, tmp_path)
        with acme.login() as login:
            window.goto(login.url)
            sign_up(window, first.base, "patient@example.com")
            # The program sleeps while the code comes back to it, so it redeems it afterwards.
            login.signal(signal.SIGSTOP)
            with window.expect_request(re.compile(r"/callback\?")):
                window.get_by_role("button", name="Approve").click(no_wait_after=True)
            _kill(first)
            with serving(tmp_path, "--port", str(first.port)) as second:
                login.signal(signal.SIGCONT)
                assert login.ending()["account"]["email"] == "patient@example.com"
                assert acme.run("hello").stdout == "Hello, patient@example.com.\n"
                assert len(programs(window, second.base)) == 1


def test_a_typed_code_approved_before_the_server_was_killed_gives_tokens_once(
    window: "Page", tmp_path: Path
) -> None:
    with serving(tmp_path) as first:
        asked = {"client_id": "keyturn-cli"}
        device = first.request("POST", "/oauth/device_authorization", data=asked).json()
        where, code = device["verification_uri"], device["user_code"]
        _type_code(window, where, code, first.base, "typed@example.com")
        approve(window)
        sees(window, "Keyturn CLI is signed in")
        _kill(first)
        with serving(tmp_path, "--port", str(first.port)) as second:
            poll = {**asked, "grant_type": DEVICE_GRANT, "device_code": device["device_code"]}
            answers = [second.request("POST", "/oauth/token", data=poll) for _ in range(2)]
            assert [answer.status_code for answer in answers] == [200, 400]
            assert answers[0].json()["refresh_token"]
            assert len(programs(window, second.base)) == 1


def _type_code(window: "Page", url: str, code: str, base: str, email: str) -> None:
    """Sign up and type a code; the confirm page is open afterwards."""
    window.goto(url)
    sign_up(window, base, email)
    window.get_by_label("Code").fill(code)
    window.get_by_role("button", name="Continue").click()
    sees(window, "Let Keyturn CLI sign in?")


def _kill(server: Served) -> None:
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait(timeout=10)
