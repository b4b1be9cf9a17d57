"""Durable before answered, by evidence: what the kernel was asked to do, and in which order."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.faults.servers_ import Server, serving
from tests.faults.steps_ import (
    CLIENT,
    authorization_code,
    cli_attempt,
    complete,
    good,
    guest,
    redeem_send,
    refresh_send,
    revoke_send,
    send,
    signed_up,
    stack,
)
from tests.faults.tracing_ import Call, calls, tracing
from tests.requirements_ import require
from tests.server.person_ import Person, authorize_path

TRACED = "trace=fdatasync,fsync,pwrite64,read,recvfrom,recvmsg,write,writev,sendto,sendmsg"
OPTIONS = ("-y", "-s", "8192", "-e", TRACED)
LOG = "keyturn.sqlite3-wal>"
SENDS = ("write", "writev", "sendto", "sendmsg")
RECEIVES = ("read", "recvfrom", "recvmsg")
TOGETHER = 24


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("durable") / "data") as servers:
        yield servers[0]


def is_log_write(call: Call) -> bool:
    return call.name == "pwrite64" and LOG in call.arguments


def is_log_sync(call: Call) -> bool:
    return call.name in ("fdatasync", "fsync") and LOG in call.arguments and call.result == 0


def on_socket(call: Call, names: tuple[str, ...], text: str) -> bool:
    return call.name in names and "socket:" in call.arguments[:40] and text in call.arguments


@pytest.mark.proves("S-21")
def test_of_many_answers_at_once_each_leaves_after_the_sync_of_its_own_transaction(
    server: Server, tmp_path: Path
) -> None:
    ada = signed_up(server, "ada@example.com")
    codes = [authorization_code(ada) for _ in range(TOGETHER)]
    with (
        tracing(server.pid, tmp_path / "calls", OPTIONS),
        ThreadPoolExecutor(TOGETHER) as pool,
    ):
        answers = list(
            pool.map(lambda code: good(send(server, redeem_send(server.port, code))), codes)
        )
    seen = calls(tmp_path / "calls")
    for answer in answers:
        family = answer["session"]
        written = next(c for c in seen if is_log_write(c) and family in c.arguments)
        # One thread writes a transaction's frames and then syncs: its next sync is theirs.
        synced = next(
            c
            for c in seen
            if is_log_sync(c) and c.thread == written.thread and c.began > written.ended
        )
        sent = next(c for c in seen if on_socket(c, SENDS, family))
        assert synced.ended < sent.began
    syncs = sum(is_log_sync(call) for call in seen)
    print(f"{TOGETHER} redemptions shared {syncs} syncs")


@pytest.mark.proves("S-26", "S-30", "S-6")
def test_every_kind_of_acknowledgement_leaves_after_a_sync(server: Server, tmp_path: Path) -> None:
    ada = signed_up(server, "grace@example.com")
    tokens = good(send(server, redeem_send(server.port, authorization_code(ada))))
    browser, attempt = guest(server), cli_attempt(server)
    acts: dict[str, Callable[[], Any]] = {
        "refresh": lambda: send(server, refresh_send(server.port, tokens["refresh_token"])),
        "revoke": lambda: send(server, revoke_send(server.port, tokens["refresh_token"])),
        "start a device code": lambda: server.request(
            "POST", "/oauth/device_authorization", data={"client_id": CLIENT}
        ),
        "begin a session": lambda: stack(server, "/auth/anonymous/sign-up", {}),
        "complete": lambda: complete(server, attempt["login_code"], browser["refresh_token"]),
        "poll": lambda: stack(server, "/auth/cli/poll", {"polling_code": attempt["polling_code"]}),
        "approve": lambda: press_approve(ada),
    }
    ada.open(authorize_path())
    for name, act in acts.items():
        log = tmp_path / name.replace(" ", "-")
        with tracing(server.pid, log, OPTIONS):
            answer: httpx2.Response = act()
        assert answer.status_code in (200, 201, 303), (name, answer.text)
        assert_synced_between_question_and_answer(calls(log), name)


def press_approve(person: Person) -> httpx2.Response:
    return person.press("/cli/decide", decision="approve", follow=False)


def assert_synced_between_question_and_answer(seen: list[Call], name: str) -> None:
    asked = next(call for call in seen if on_socket(call, RECEIVES, "POST /"))
    answered = next(call for call in seen if on_socket(call, SENDS, "HTTP/1.1"))
    between = [call for call in seen if asked.ended < call.began < answered.began]
    written = [call for call in between if is_log_write(call)]
    assert written, f"{name}: nothing was written"
    assert any(
        is_log_sync(call) and call.began > written[-1].ended and call.ended < answered.began
        for call in between
    ), f"{name}: answered before it was durable"


WRITER = """
import asyncio, os, sys
from pathlib import Path
from keyturn.server.storage.base import run
from keyturn.server.storage.sqlite import SqliteStorage

def put(name):
    yield from run("insert_server_meta", name=name, value="")

async def main():
    storage = SqliteStorage(Path(sys.argv[1]))
    storage.open()
    os.write(1, b"together")
    await asyncio.gather(*(storage.write(put, f"together {i}") for i in range(200)))
    os.write(1, b"in turn")
    for i in range(20):
        await storage.write(put, f"in turn {i}")
        os.write(1, b"acknowledged")
    os.write(1, b"end")
    await storage.close()

asyncio.run(main())
"""


def test_writes_at_once_share_a_sync_and_writes_in_turn_have_one_each(tmp_path: Path) -> None:
    log, database = tmp_path / "calls", tmp_path / "keyturn.sqlite3"
    command = [require("strace"), "-f", "-qq", "-y", "-e", "trace=fdatasync,fsync,write"]
    subprocess.run(
        [*command, "-o", str(log), sys.executable, "-c", WRITER, str(database)],
        check=True,
        capture_output=True,
        timeout=60,
    )
    story = "".join(_letter(call) for call in calls(log))
    together, in_turn = re.match(r".*T(S*)I([SA]*)E", story, re.DOTALL).groups()  # type: ignore[union-attr]
    assert 1 <= len(together) <= 4
    assert in_turn == "SA" * 20


def _letter(call: Call) -> str:
    if is_log_sync(call):
        return "S"
    words = {"together": "T", "in turn": "I", "acknowledged": "A", "end": "E"}
    if call.name == "write" and call.arguments.startswith("1<"):
        return next((letter for word, letter in words.items() if f'"{word}"' in call.arguments), "")
    return ""
