"""Where the confirm page lets its form lead, and who may frame it: tried in Chromium."""

import dataclasses
import socket
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from keyturn.server.pages.assets import asset_routes
from keyturn.server.pages.preview import PREVIEW_NOW
from keyturn.server.pages.render import respond
from keyturn.server.pages.views import ConfirmPage, HandoverPage
from tests.requirements_ import go_without
from tests.server.pages.conftest import FRAME
from tests.server.pages.serving import served
from tests.server.pages.test_pages import PAGES

if TYPE_CHECKING:
    from playwright.sync_api import Page

Opened = Callable[..., "Page"]
CONFIRM = PAGES["confirm-other-address"]


class Listener:
    """A program that waits on loopback, and remembers what reached it."""

    def __init__(self) -> None:
        self.reached: list[str] = []
        self.app = Starlette(routes=[Route("/callback", self._callback)])

    async def _callback(self, request: Request) -> Response:
        self.reached.append(request.url.query)
        return HTMLResponse("<link rel=icon href=data:,><h1>Go back to your terminal</h1>")


class Deciding:
    """A server with one confirm page, whose form is answered by a redirect to ``leads_to``."""

    def __init__(self, *, allows: str, leads_to: str) -> None:
        self.decisions: list[dict[str, Any]] = []
        self.allows, self.leads_to = allows, leads_to
        routes = [Route("/", self._ask), Route("/cli/decide", self._decide, methods=["POST"])]
        self.app = Starlette(routes=[*routes, *asset_routes()])

    async def _ask(self, _request: Request) -> Response:
        assert isinstance(CONFIRM, ConfirmPage)
        page = dataclasses.replace(CONFIRM, redirect_origin=self.allows)
        return respond(page, frame=FRAME, now=PREVIEW_NOW)

    async def _decide(self, request: Request) -> Response:
        self.decisions.append(dict(await request.form()))
        if "[::1]" not in self.leads_to:
            return RedirectResponse(self.leads_to, status_code=303)
        page = HandoverPage(program="acme", approved=True, callback_url=self.leads_to)
        return respond(page, frame=FRAME, now=PREVIEW_NOW)


@pytest.fixture
def listener() -> Iterator[tuple[Listener, str]]:
    waiting = Listener()
    with served(waiting.app) as base:
        yield waiting, base


def approve(page: "Page", base: str) -> None:
    page.goto(base)
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Approve").click()


@pytest.mark.proves("S-51")
def test_approving_leads_to_the_callback_that_the_page_names(
    opened: Opened, listener: tuple[Listener, str]
) -> None:
    waiting, callback = listener
    deciding = Deciding(allows=callback, leads_to=f"{callback}/callback?code=x")
    with served(deciding.app) as base:
        page = opened()
        approve(page, base)
        page.wait_for_url(f"{callback}/callback?code=x")

    assert waiting.reached == ["code=x"]
    assert deciding.decisions == [
        {"form_token": "preview-only", "recognised": "yes", "decision": "approve"}
    ]


@pytest.mark.proves("S-51")
def test_a_redirect_to_any_other_port_is_stopped_by_the_browser(
    opened: Opened, listener: tuple[Listener, str]
) -> None:
    waiting, callback = listener
    deciding = Deciding(allows="http://127.0.0.1:9", leads_to=f"{callback}/callback?code=x")
    with served(deciding.app) as base:
        page = opened()
        with page.expect_console_message(lambda said: "form-action" in said.text):
            approve(page, base)

        assert page.url == f"{base}/"
    assert waiting.reached == []


def test_the_answer_reaches_an_ipv6_callback_by_one_more_press(opened: Opened) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        go_without("no IPv6 loopback address is here")
    waiting = Listener()
    with served(waiting.app, host="::1") as callback:
        deciding = Deciding(allows=callback, leads_to=f"{callback}/callback?code=x")
        with served(deciding.app) as base:
            page = opened()
            approve(page, base)
            page.get_by_role("link", name="Continue").click()
            page.wait_for_url(f"{callback}/callback?code=x")

    assert waiting.reached == ["code=x"]


def test_a_handover_goes_to_an_ipv6_loopback_and_nowhere_else() -> None:
    for elsewhere in ("https://evil.example/", "http://127.0.0.1:1/", "javascript:alert(1)"):
        with pytest.raises(ValueError, match="PORT alone"):
            HandoverPage(program="acme", approved=True, callback_url=elsewhere)


@pytest.mark.proves("T-1")
def test_without_the_box_only_deny_is_sent(opened: Opened) -> None:
    deciding = Deciding(allows="http://127.0.0.1:9", leads_to="/")
    with served(deciding.app) as base:
        page = opened()
        page.goto(base)
        page.get_by_role("button", name="Approve").click()
        assert page.evaluate("document.activeElement.name") == "recognised"
        page.get_by_role("button", name="Deny").click()
        page.wait_for_load_state()

    assert deciding.decisions == [{"form_token": "preview-only", "decision": "deny"}]


@pytest.mark.proves("T-2")
def test_no_other_page_can_show_the_confirm_page_in_a_frame(opened: Opened) -> None:
    deciding = Deciding(allows="http://127.0.0.1:9", leads_to="/")

    with served(deciding.app) as base:

        async def frame(_request: Request) -> Response:
            return HTMLResponse(f"<link rel=icon href=data:,><iframe src='{base}/'></iframe>")

        with served(Starlette(routes=[Route("/", frame)])) as attacker:
            page = opened()
            with page.expect_console_message(lambda said: "frame-ancestors" in said.text):
                page.goto(attacker)
            shown = [inner.content() for inner in page.frames[1:]]

    assert not [text for text in shown if "Approve" in text]
