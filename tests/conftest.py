"""Fixtures that more than one room of the suite uses."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.bare_ import install_bare
from tests.requirements_ import require

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# Nothing but the page under test: no update checks, sync, first-run tabs or traffic of its own.
CHROMIUM_ARGUMENTS = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def pytest_configure() -> None:
    """Keep every test, and every program it starts, away from the developer's own keyring."""
    os.environ.pop("DBUS_SESSION_BUS_ADDRESS", None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the sweeps covered; whoever runs them wants to see more than a dot."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, value in report.user_properties:
                if name == "sweep":
                    terminalreporter.write_line(str(value))


@pytest.fixture(scope="module")
def chromium() -> Iterator["Browser"]:
    """Yield the machine's own Chromium, driven by playwright's blocking interface.

    One browser for each module, not for the session: while playwright's blocking interface is
    open, its event loop counts as running in this thread and ``asyncio.run`` refuses to start.
    """
    path = require("chromium")
    from playwright.sync_api import sync_playwright

    sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=[*CHROMIUM_ARGUMENTS, *sandbox]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a Python that has Keyturn's wheel and no other package."""
    return install_bare(tmp_path_factory.mktemp("bare"))
