"""The previewed site, served for real, and pages of Chromium that looks at it."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from starlette.applications import Starlette

from keyturn.server.pages.assets import asset_routes
from keyturn.server.pages.preview import preview_routes
from keyturn.server.pages.views import Frame
from tests.server.pages.serving import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FRAME = Frame(host="id.example.com", help_url="/help")


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """Yield the base URL of a site with nothing but the preview and its files."""
    with served(Starlette(routes=[*asset_routes(), *preview_routes(FRAME)])) as base:
        yield base


@pytest.fixture
def opened(chromium: "Browser") -> Iterator[Callable[..., "Page"]]:
    """Return a function that opens a fresh page; its arguments are those of ``new_context``."""
    contexts = []

    def open_page(*, width: int = 1280, **options: Any) -> "Page":
        context = chromium.new_context(viewport={"width": width, "height": 844}, **options)
        contexts.append(context)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
