"""Other web sites try to approve on the person's behalf, in a browser that is signed in (T-2)."""

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from tests.e2e.acme_ import Acme
from tests.e2e.chromium_ import approve, sees, sign_up
from tests.e2e.evil_ import EvilSite, evil_site
from tests.served_ import Served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [
    pytest.mark.xdist_group("e2e-other-sites"),
    pytest.mark.proves("T-2", "S-51"),
]
SITES = pytest.mark.parametrize("name", ["same-site", "cross-site"])
EMBEDDED = """
<p>Click to win</p>
<iframe id=own src="/harmless"></iframe>
<iframe id=stolen src="{url}" width=900 height=900></iframe>
<object data="{url}" width=900 height=900></object>
<embed src="{url}" width=900 height=900>
"""


@pytest.fixture(scope="module")
def evil() -> Iterator[EvilSite]:
    with evil_site() as site:
        yield site


@pytest.fixture(scope="module")
def victim(chromium: "Browser", server: Served) -> Iterator["Page"]:
    """Yield a window of somebody who is signed in to the server."""
    context = chromium.new_context()
    page = context.new_page()
    sign_up(page, server.base, "victim@example.com")
    sees(page, "Sessions")
    yield page
    context.close()


@SITES
def test_a_framed_confirm_page_is_not_shown_so_there_is_nothing_to_click(
    name: str, victim: "Page", evil: EvilSite, acme: Acme
) -> None:
    with acme.login() as login:
        evil.show("/harmless", "<button>a button</button>")
        evil.show("/", EMBEDDED.format(url=login.url.replace("&", "&amp;")))
        victim.goto(evil.origins[name])
        victim.wait_for_load_state("networkidle")
        # The control: what may be framed is there and can be clicked.
        assert victim.frame_locator("#own").get_by_role("button").count() == 1
        for frame in victim.frames[1:]:
            assert frame.get_by_role("button", name="Approve").count() == 0
        assert [f.url for f in victim.frames[1:] if f.url.startswith(acme.issuer)] == []
        box = victim.locator("#stolen").bounding_box()
        assert box is not None
        for across in range(50, 900, 170):
            victim.mouse.click(box["x"] + across, box["y"] + 500)
        assert login.waiting
    assert not acme.signed_in


@SITES
def test_a_form_of_another_site_approves_nothing_even_with_a_stolen_token(
    name: str, victim: "Page", evil: EvilSite, acme: Acme, server: Served
) -> None:
    with acme.login() as login:
        stolen = _token_shown_to(victim, login.url)
        for token in (stolen, "", "x" * len(stolen)):
            fields = {"form_token": token, "decision": "approve", "recognised": "yes"}
            inputs = "".join(f'<input name={k} value="{v}">' for k, v in fields.items())
            form = f"<form method=post action={server.base}/cli/decide>{inputs}</form>"
            evil.show("/", f"{form}<script>document.forms[0].submit()</script>")
            with victim.expect_response(lambda answer: "/cli/decide" in answer.url) as posted:
                victim.goto(evil.origins[name])
            assert posted.value.request.method == "POST"
            assert posted.value.status == 403
        assert login.waiting
    assert not acme.signed_in


@SITES
def test_a_script_of_another_site_neither_reads_the_page_nor_presses_its_button(
    name: str, victim: "Page", evil: EvilSite, acme: Acme, server: Served
) -> None:
    with acme.login() as login:
        stolen = _token_shown_to(victim, login.url)
        evil.show("/", "")
        victim.goto(evil.origins[name])
        assert victim.evaluate(READS, login.url) == "TypeError"
        body = urlencode({"form_token": stolen, "decision": "approve", "recognised": "yes"})
        press = [f"{server.base}/cli/decide", body]
        with victim.expect_response(press[0]) as posted:
            victim.evaluate(PRESSES, [*press, "no-cors"])
        assert posted.value.status == 403
        # Whoever insists on reading the answer is not even told its status.
        assert victim.evaluate(PRESSES, [*press, "cors"]) == "TypeError"
        assert login.waiting
    assert not acme.signed_in


def test_the_very_token_that_other_sites_could_not_use_works_on_its_own_page(
    victim: "Page", evil: EvilSite, acme: Acme, server: Served
) -> None:
    with acme.login() as login:
        _token_shown_to(victim, login.url)
        approve(victim)
        sees(victim, "Go back to your terminal")
        assert login.ending()["event"] == "signed_in"


READS = """url => fetch(url, {credentials: 'include'})
  .then(answer => answer.text(), problem => problem.name)"""
PRESSES = """([url, body, mode]) => fetch(url, {
  method: 'POST', credentials: 'include', mode, body,
  headers: {'Content-Type': 'application/x-www-form-urlencoded'},
}).then(() => '', problem => problem.name)"""


def _token_shown_to(victim: "Page", url: str) -> str:
    """Return the single-use token of a confirm page: what an attacker can at best dream of."""
    victim.goto(url)
    form = victim.locator("form.decide")
    token: str = form.locator("input[name=form_token]").input_value()
    assert len(token) >= 43
    return token
