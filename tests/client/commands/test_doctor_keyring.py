"""``auth doctor`` and a real Secret Service: in use, locked, and without what was put into it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.commands.acme_ import Acme
from tests.client.stores.secret_service_ import SecretServiceHere

pytestmark = pytest.mark.xdist_group("secret-service")


@pytest.fixture
def secret_service(acme: Acme, tmp_path: Path) -> Iterator[SecretServiceHere]:
    """Yield a running Secret Service that acme finds."""
    service = SecretServiceHere(tmp_path / "keyring-home")
    acme.variables["DBUS_SESSION_BUS_ADDRESS"] = service.address
    yield service
    service.close()


def line(acme: Acme) -> list[str]:
    """Return doctor's line about the keyring, and what stands under it."""
    lines = acme.auth("doctor").stdout.splitlines()
    first = next(n for n, text in enumerate(lines) if text[6:].startswith("keyring "))
    under = lines[first + 1] if lines[first + 1].startswith(" ") else ""
    return [lines[first], under.strip()]


@pytest.mark.proves("K-62", "K-5")
def test_a_keyring_is_told_apart_unused_in_use_locked_and_gone(
    acme: Acme, secret_service: SecretServiceHere
) -> None:
    assert line(acme) == ["ok    keyring        unlocked; nothing is kept in it yet", ""]
    assert acme.auth("login", "--device").returncode == 0
    assert line(acme) == ["ok    keyring        has the session's refresh token", ""]
    secret_service.lock()
    assert line(acme) == [
        "fail  keyring        the login keyring is locked",
        "Unlock it, or run `acme auth login --storage file`.",
    ]
    secret_service.end()
    assert line(acme)[0].startswith("fail  keyring        ")
    assert "Traceback" not in acme.auth("doctor").stderr


@pytest.mark.proves("K-62", "K-10")
def test_a_secret_that_is_missing_is_found_and_signing_in_anew_is_offered(
    acme: Acme, secret_service: SecretServiceHere
) -> None:
    assert acme.auth("login", "--device").returncode == 0
    secret_service.secret_tool("clear", "service", "keyturn:acme")
    found, remedy = line(acme)
    assert found.startswith("fail  keyring        ")
    assert "acme auth login" in remedy


@pytest.mark.proves("K-62", "K-2")
def test_a_session_kept_in_the_file_by_choice_needs_no_keyring(
    acme: Acme, secret_service: SecretServiceHere
) -> None:
    assert acme.auth("login", "--device", "--storage", "file").returncode == 0
    secret_service.lock()
    done = acme.auth("doctor")
    assert (done.returncode, " keyring " in done.stdout) == (0, False)
