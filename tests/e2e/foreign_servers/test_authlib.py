"""Our client at an authorization server made of Authlib, which has never heard of it.

It hands out secrets and wants them by Basic, and compares redirect addresses as a whole.
"""

import json
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from keyturn.client.auth import Auth
from keyturn.client.login.base import LoginEvent, Verification
from keyturn.protocol.errors import SessionExpired
from tests.client.machine_ import Machine
from tests.e2e.foreign_servers.person_ import visit

SERVER = Path(__file__).parent / "authlib_server_.py"


class Authlib:
    """A running server."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.issuer + path, timeout=10) as reply:  # noqa: S310
            body: bytes = reply.read()
        return body

    def seen(self) -> dict[str, Any]:
        seen: dict[str, Any] = json.loads(self.get("/seen"))
        return seen


@pytest.fixture
def server() -> Iterator[Authlib]:
    """Yield a running server."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", str(SERVER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        assert port.isdecimal()
        yield Authlib(f"http://127.0.0.1:{port}")


def person(event: LoginEvent) -> None:
    """Do in a browser what the program says."""
    if not isinstance(event, Verification) or event.browser_opened is not None:
        return
    code = f"?user_code={event.user_code}" if event.user_code else ""
    threading.Thread(target=visit, args=(event.url + code,), daemon=True).start()


@pytest.mark.proves("K-46", "K-45", "K-28", "K-61")
def test_registered_signed_in_by_browser_and_by_code_renewed_revoked_and_registered_anew(
    server: Authlib, tmp_path: Path
) -> None:
    machine = Machine(tmp_path / "home")
    auth = Auth(
        "acme",
        issuer=server.issuer,
        scope="notes",
        home=str(machine.home),
        effects=machine.effects,
    )
    session = auth.login(method="loopback", on_event=person).session
    assert (session.account_id, session.email) == ("ada", "ada@example.com")
    # One without a port, which it then refused in the browser, and one with: that is kept.
    assert len(server.seen()["registered"]) == 2
    for _ in range(3):
        auth.refresh()
    auth.login(method="device", force=True, on_event=person)
    auth.login(method="loopback", force=True, on_event=person)
    assert len(server.seen()["registered"]) == 2
    assert server.seen()["replayed"] == 0
    assert auth.logout().revoked == "revoked"

    auth.login(method="device", on_event=person)
    server.get("/forget")
    with pytest.raises(SessionExpired, match="invalid_client"):
        auth.refresh()
    assert auth.session() is not None
    auth.login(method="loopback", force=True, on_event=person)
    assert auth.userinfo()["sub"] == "ada"
