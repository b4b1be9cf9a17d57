"""Fixtures of the stores' tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.stores.secret_service_ import SecretServiceHere


@pytest.fixture
def secret_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SecretServiceHere]:
    """Yield a running Secret Service that this process would find."""
    service = SecretServiceHere(tmp_path / "keyring-home")
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", service.address)
    yield service
    service.close()
