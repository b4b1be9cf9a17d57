"""A stranger sends somebody the link of the stranger's own sign-in, and they approve it (T-1)."""

from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from keyturn.net.page import read_page
from tests.e2e import attacks_
from tests.e2e.acme_ import Acme
from tests.e2e.chromium_ import approve, programs, sees, sign_up
from tests.e2e.victim_ import OtherComputer
from tests.served_ import Served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.xdist_group("e2e-phisher")

TRIES = 1000
LOOPBACK = ("127.0.0.1", "localhost", "::1")
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
MIXED_IN_FOR_CHROMIUM = (
    "",
    "&decision=approve&approve=1&form_token=" + "x" * 43,
    "&prompt=none",
    "&prompt=consent&login_hint=ada@example.com",
    "&response_mode=form_post",
    "&redirect_uri=https%3A%2F%2Fevil.example%2Fcallback",
    "&continue=https%3A%2F%2Fevil.example&app_url=https%3A%2F%2Fevil.example",
)


@pytest.mark.proves("T-1", "S-50", "S-51")
def test_the_victim_approves_in_chromium_and_the_attackers_program_gets_nothing(
    chromium: "Browser", acme: Acme, server: Served
) -> None:
    with OtherComputer(server.base) as computer, acme.login() as attacker:
        context = chromium.new_context(proxy={"server": computer.proxy})
        victim = context.new_page()
        sign_up(victim, server.base, "victim@example.com")
        approved = sum(_opens_and_approves(victim, attacker.url + m) for m in MIXED_IN_FOR_CHROMIUM)
        assert approved >= 3
        assert attacker.waiting
        assert programs(victim, server.base) == []
        context.close()
    assert not acme.signed_in
    # What was issued went to the computer on which it was approved, and to nobody else.
    assert {urlsplit(url).hostname for url in computer.asked} == {"127.0.0.1"}
    assert not [host for host in computer.tunnels if attacks_.EVIL in host]
    assert sum("code" in parse_qs(urlsplit(url).query) for url in computer.asked) == approved


def _opens_and_approves(victim: "Page", link: str) -> bool:
    """Have the victim do whatever the page asks for; say whether there was anything to approve."""
    victim.goto(link)
    if not victim.get_by_role("button", name="Approve").count():
        return False
    approve(victim)
    victim.get_by_text("on the victim's own computer").wait_for()
    return True


@pytest.mark.proves("S-23", "T-1")
def test_a_link_with_the_code_in_it_types_nothing_for_the_victim(
    window: "Page", headless: Acme, server: Served
) -> None:
    with headless.login() as attacker:
        sign_up(window, server.base, "careful@example.com")
        for path in ("/device", "/device/confirm"):
            window.goto(f"{server.base}{path}?user_code={attacker.user_code}&decision=approve")
            sees(window, "Type the code from your terminal")
            assert window.get_by_label("Code").input_value() == ""
            assert not window.get_by_role("button", name="Approve").count()
        assert attacker.waiting


@pytest.mark.proves("T-1", "T-2", "T-8", "S-22", "S-51")
def test_a_thousand_links_give_no_code_without_a_click_and_none_to_another_computer(
    server: Served,
) -> None:
    device = _attackers_device(server)
    seen: Counter[str] = Counter()
    with httpx2.Client(base_url=server.base, timeout=20) as victim:
        _sign_up(victim, server.base)
        for link in attacks_.links(TRIES, seed=8252, user_code=device["user_code"]):
            seen[_victim_does_everything(victim, link)] += 1
        assert "No program is signed in." in victim.get("/sessions").text
    assert _poll(server, device) == "authorization_pending"
    # All of it happened: pages approved, links refused, programs told no, buttons not there.
    assert seen["approved"] > 150, seen
    assert seen["refused"] > 150, seen
    assert seen["answered"] > 50, seen


def _victim_does_everything(victim: httpx2.Client, link: str) -> str:
    """Open a link, press Approve wherever it is offered, and look where answers go."""
    shown = victim.get(link)
    target = _only_to_own_computer(shown, link)
    assert "code" not in parse_qs(urlsplit(target or "").query), link
    if target is not None:
        return "answered"
    page = read_page(shown.text, url=str(shown.url), status=shown.status_code)
    approvals = [form for form in page.forms if "Approve" in [b.text for b in form.buttons]]
    if not approvals:
        return "refused" if shown.status_code >= 400 else "shown"
    (form,) = approvals
    assert urlsplit(form.action).netloc == ""
    answer = victim.post(
        form.action,
        data={**form.hidden, "decision": "approve", "recognised": "yes"},
        headers={"origin": str(victim.base_url).rstrip("/")},
    )
    target = _only_to_own_computer(answer, link)
    assert target is not None, link
    assert "code" in parse_qs(urlsplit(target).query), link
    return "approved"


def _only_to_own_computer(answer: httpx2.Response, link: str) -> str | None:
    """Return where an answer sends the browser besides the server's own pages, if anywhere."""
    assert "set-cookie" not in answer.headers or "keyturn_" in answer.headers["set-cookie"], link
    assert answer.status_code < 500, link
    assert "refresh" not in answer.headers, link
    target = answer.headers.get("location")
    if target is None or (target.startswith("/") and not target.startswith("//")):
        return None
    parts = urlsplit(target)
    assert (parts.scheme, parts.username, parts.password) == ("http", None, None), link
    assert parts.hostname in LOOPBACK, link
    assert parts.path == "/callback", link
    return str(target)


def _attackers_device(server: Served) -> dict[str, str]:
    asked = {"client_id": "keyturn-cli", "host_name": "your-own-laptop"}
    started: dict[str, str] = server.request(
        "POST", "/oauth/device_authorization", data=asked
    ).json()
    return started


def _poll(server: Served, device: dict[str, str]) -> str:
    asked = {
        "grant_type": DEVICE_GRANT,
        "client_id": "keyturn-cli",
        "device_code": device["device_code"],
    }
    error: str = server.request("POST", "/oauth/token", data=asked).json()["error"]
    return error


def _sign_up(victim: httpx2.Client, base: str) -> None:
    page = read_page(victim.get("/sign-up").text, url=f"{base}/sign-up", status=200)
    form, _ = page.button("Create account")
    typed = {"email": "thousand@example.com", "password": "correct horse battery"}
    answer = victim.post("/sign-up", data={**form.hidden, **typed}, headers={"origin": base})
    assert answer.status_code == 303, answer.text
