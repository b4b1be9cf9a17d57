"""Fixtures of the commands' tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.commands.acme_ import Acme
from tests.issuers_.issuer_ import Issuer


@pytest.fixture
def server() -> Iterator[Issuer]:
    """Yield a running server at which everything is approved at once."""
    with Issuer() as running:
        running.interval = 1
        # Polls are held, or so it says, and come at once: their pace is tested by the clock.
        running.extra_metadata["keyturn_prefer_wait_max"] = 1
        running.session_lifetime = 30 * 86400
        yield running


@pytest.fixture
def acme(server: Issuer, tmp_path: Path) -> Acme:
    """Return acme, built with argparse, on a machine without a browser."""
    return Acme(server, tmp_path)


@pytest.fixture(params=["argparse", "click", "typer"])
def any_acme(server: Issuer, tmp_path: Path, request: pytest.FixtureRequest) -> Acme:
    """Return acme, built with each framework in turn."""
    return Acme(server, tmp_path, framework=request.param)
