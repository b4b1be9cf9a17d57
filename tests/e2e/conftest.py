"""Fixtures of the end-to-end tests: everything is a process of its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.acme_ import Acme
from tests.served_ import Served, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Yield a running ``keyturn serve``."""
    with serving(tmp_path_factory.mktemp("server"), rate_limits="off") as served:
        yield served


@pytest.fixture
def acme(server: Served, tmp_path: Path) -> Acme:
    """Return ``acme`` on a computer with a browser."""
    return Acme(server.base, tmp_path)


@pytest.fixture
def headless(server: Served, tmp_path: Path) -> Acme:
    """Return ``acme`` on a computer that is reached over SSH."""
    return Acme(server.base, tmp_path, browser=False)


@pytest.fixture
def window(chromium: "Browser") -> Iterator["Page"]:
    """Yield an empty Chromium window with cookies of its own."""
    context = chromium.new_context()
    yield context.new_page()
    context.close()
