"""Fixtures of the client's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.machine_ import Machine
from tests.issuers_.issuer_ import Issuer


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """Yield a running sign-in server."""
    with Issuer() as running:
        yield running


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine with an empty home."""
    return Machine(tmp_path / "home")


@pytest.fixture(autouse=True)
def _no_variables_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep what the developer's own shell sets away from the tests."""
    for name in ("ACME_TOKEN", "ACME_HOME", "ACME_ACCOUNT", "ACME_DEBUG", "BROWSER", "CI"):
        monkeypatch.delenv(name, raising=False)
    for name in ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
