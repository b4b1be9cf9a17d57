"""examples/mounted_server as its first lines say to run it: a process, and a real program."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

import keyturn
from tests.server.mounting.test_frameworks import Browser

EXAMPLE = Path(__file__).parents[3] / "examples" / "mounted_server"


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[str]:
    listening = socket.create_server(("127.0.0.1", 0))
    origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
    command = [sys.executable, "-m", "uvicorn", "app:app", "--fd", str(listening.fileno())]
    environ = {
        **os.environ,
        "NOTES_URL": origin,
        "NOTES_SECRET": "for this test alone",
        "PYTHONPATH": str(EXAMPLE),
    }
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            command, pass_fds=[listening.fileno()], cwd=tmp_path, env=environ, stderr=log
        )
        listening.close()
        try:
            yield origin
        finally:
            process.terminate()
            assert process.wait(timeout=30) in (0, -15)


@pytest.mark.proves("S-63")
def test_the_example_signs_a_program_in_as_its_own_user(origin: str, tmp_path: Path) -> None:
    auth = keyturn.Auth(
        "acme",
        issuer=f"{origin}/auth",
        client_id="keyturn-cli",
        home=str(tmp_path / "home"),
        storage="file",
    )
    with httpx2.Client(base_url=origin, timeout=30) as http:
        browser = Browser(http, "ada")
        assert "/login" in browser.open("/").text
        http.post("/login", data={"name": "ada"})

        def approve(event: object) -> None:
            if isinstance(event, keyturn.Verification):
                browser.open(event.url)
                browser.press("/device", user_code=event.user_code or "")
                assert "Ada Lovelace" in browser.page.text or "ada@" in browser.page.text
                browser.press("/cli/decide", decision="approve")

        outcome = auth.login(method="device", on_event=approve)

    assert outcome.session.account_id == "user-1"
    assert auth.userinfo()["name"] == "Ada Lovelace"
