"""The owner is told of a session's end although the server dies before the mail is sent."""

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.servers_ import Server, serving
from tests.faults.steps_ import (
    authorization_code,
    good,
    redeem_send,
    refresh_send,
    send,
    signed_up,
)
from tests.server.in_process_ import BASE_URL
from tests.server.mail.smtp_ import Inbox, answering, smtp

pytestmark = pytest.mark.sweep


class Waited(Inbox):
    """An inbox that tells when something has come."""

    def __init__(self) -> None:
        super().__init__()
        self.came = threading.Event()

    async def handle_DATA(self, *args: object) -> str:
        answer = await super().handle_DATA(*args)  # type: ignore[arg-type]
        self.came.set()
        return answer


def end_by_reuse(server: Server) -> None:
    """Sign a program in, have it acknowledge a refresh, and present the token before that."""
    code = authorization_code(signed_up(server, "ada@example.com"))
    first = good(send(server, redeem_send(server.port, code)))
    second = good(send(server, refresh_send(server.port, first["refresh_token"])))
    bearer = {"authorization": f"Bearer {second['access_token']}"}
    assert server.request("POST", "/oauth/ack", headers=bearer).status_code == 204
    stolen = send(server, refresh_send(server.port, first["refresh_token"]))
    assert stolen.json()["error"] == "invalid_grant"


def wait_for_claim(server: Server) -> None:
    """Wait until the server has begun to send the mail."""
    for _ in range(2000):
        [row] = server.rows("SELECT mail_due_at > created_at AS claimed FROM session_alert")
        if row["claimed"]:
            return
        time.sleep(0.01)
    raise AssertionError("nobody began to send the mail")


@pytest.mark.proves("S-33")
@pytest.mark.parametrize("moment", ["before the mail", "in the middle of it"])
def test_a_server_killed_before_it_told_the_owner_tells_after_its_restart(
    tmp_path: Path, moment: str
) -> None:
    data, inbox = tmp_path / "data", Waited()
    with (
        answering() as silent,
        serving(data, smtp_url=f"smtp://127.0.0.1:{silent}") as [server],
    ):
        end_by_reuse(server)
        if moment == "in the middle of it":
            wait_for_claim(server)
        # Leaving this block kills the server.
    with closing(sqlite3.connect(data / "keyturn.sqlite3")) as database:
        # The claim of the dead: its time is turned back rather than waited for.
        assert database.execute("UPDATE session_alert SET mail_due_at = 0").rowcount == 1
        database.commit()
    with smtp(inbox) as port, serving(data, smtp_url=f"smtp://127.0.0.1:{port}") as [again]:
        assert inbox.came.wait(30), again.log
    [message] = inbox.messages
    assert message["To"] == "ada@example.com"
    assert f"{BASE_URL}/sessions" in message.get_content()
    assert list((data / "outbox").glob("*")) == []
