"""A browser without a window: it plays a person, on the real pages, over real HTTP.

It keeps cookies, follows links and redirects, fills in forms and presses buttons, and can do
nothing that the page before it does not offer. It runs no script, as the pages have none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode, urljoin, urlsplit

from keyturn.net.page import NotOnThePage, Page, read_page
from keyturn.net.stdlib import Http
from keyturn.protocol.wire import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from keyturn.protocol.wire import Reply

_MOST_REDIRECTS = 10


class ScriptedBrowser:
    """One browser window. Close it afterwards.

    Args:
        monotonic: Returns seconds that only ever grow.
        sleep: Does nothing for the seconds given.
        user_agent: What it calls itself.

    Attributes:
        page: What it shows.
    """

    def __init__(
        self, *, monotonic: Callable[[], float], sleep: Callable[[float], None], user_agent: str
    ) -> None:
        self.page: Page = Page(url="about:blank", status=0)
        self._cookies: dict[str, dict[str, str]] = {}
        self._http = Http(monotonic=monotonic, sleep=sleep, environ={}, user_agent=user_agent)

    def close(self) -> None:
        """Close every connection."""
        self._http.close()

    def open(self, url: str) -> Page:
        """Go to an address.

        Raises:
            ServerUnreachable, UnexpectedReply: there was no answer that could be shown.
            NotOnThePage: it redirects in circles.
        """
        return self._go(Request(method="GET", url=url))

    def follow(self, text: str) -> Page:
        """Click the link with these words. Raises as ``open``, and NotOnThePage."""
        return self.open(self.page.link(text))

    def press(self, text: str, **typed: str) -> Page:
        """Type into the fields of a form and press its button.

        Raises:
            NotOnThePage: there is no such button or field.
            ServerUnreachable, UnexpectedReply: as ``open``.
        """
        form, button = self.page.button(text)
        if missing := typed.keys() - form.typed.keys():
            raise NotOnThePage(f"{self.page.named} has no field {sorted(missing)}")
        fields = {**form.hidden, **form.typed, **typed}
        if button.name is not None:
            fields[button.name] = button.value
        url = urljoin(self.page.url, button.action or form.action)
        if form.method == "GET":
            return self.open(f"{url}?{urlencode(fields)}")
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": _origin(self.page.url),
        }
        body = urlencode(fields).encode("ascii")
        return self._go(Request(method="POST", url=url, headers=headers, body=body))

    def _go(self, request: Request) -> Page:
        for _ in range(_MOST_REDIRECTS):
            reply = self._send(request)
            target = reply.headers.get("location")
            if reply.status not in (301, 302, 303) or target is None:
                text = reply.body.decode("utf-8", "replace")
                self.page = read_page(text, url=request.url, status=reply.status)
                return self.page
            request = Request(method="GET", url=urljoin(request.url, target))
        raise NotOnThePage(f"{_origin(request.url)} redirects in circles")

    def _send(self, request: Request) -> Reply:
        jar = self._cookies.setdefault(_origin(request.url), {})
        cookies = "; ".join(f"{name}={value}" for name, value in jar.items())
        headers = {"Accept": "text/html", **request.headers}
        if cookies:
            headers["Cookie"] = cookies
        reply = self._http.send(
            Request(method=request.method, url=request.url, headers=headers, body=request.body)
        )
        # One at a time is what these pages set; see keyturn.server.browser.
        name, _, value = reply.headers.get("set-cookie", "").partition(";")[0].partition("=")
        if name:
            jar[name] = value
        return reply


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
