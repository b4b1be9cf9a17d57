"""Somebody else's web site: shows whatever page it is given, under two names."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from tests.server.pages.serving import served

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


@dataclass
class EvilSite:
    """Pages of an attacker.

    Attributes:
        base: Its address at 127.0.0.1: another origin than the server's, yet to cookies the same
            site, since ports do not count there.
        html: What every path shows.
    """

    base: str = ""
    html: dict[str, str] = field(default_factory=dict)

    @property
    def origins(self) -> dict[str, str]:
        """The same site under both names: ``localhost`` is another site to cookies as well."""
        return {
            "same-site": self.base,
            "cross-site": self.base.replace("127.0.0.1", "localhost"),
        }

    def show(self, path: str, html: str) -> None:
        self.html[path] = f"<!doctype html><title>prize</title>{html}"

    async def answer(self, request: "Request") -> "Response":
        return HTMLResponse(self.html.get(request.url.path, ""))


@contextmanager
def evil_site() -> Iterator[EvilSite]:
    """Yield the site, answering on a free port."""
    site = EvilSite()
    app = Starlette(routes=[Route("/{path:path}", site.answer)])
    with served(app) as base:
        site.base = base
        yield site
