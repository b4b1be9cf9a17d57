"""The load generator: one process, one thread, non-blocking sockets, kept-alive connections.

It reads one JSON command a line and answers each with one JSON line. It is no HTTP client: every
answer is looked at just enough to see where it ends, whether it is the expected one, and what token
it brings, so that it takes a fraction of what any server needs for the same request.
"""

from __future__ import annotations

import json
import re
import select
import socket
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
_LARGEST_READ = 262144
_STALLED_SECONDS = 30.0


@dataclass
class Lane:
    """What is sent to one server, over and over.

    Attributes:
        head: The request up to the value of Content-Length.
        body: What follows; ``{token}`` in it, or in a header, stands for the next token.
        tokens: Taken from the left; where ``taken_from`` is set, the answer's goes to the right.
        expected: What a right answer begins with, and something that it holds.
        taken_from: Matches the next token in an answer.
        collects: Matches what is kept of each answer.
        names_token: Whether the head has the token too.
    """

    address: tuple[str, int]
    head: bytes
    body: bytes
    tokens: deque[bytes]
    expected: tuple[bytes, bytes]
    taken_from: re.Pattern[bytes] | None
    collects: re.Pattern[bytes] | None
    names_token: bool

    @classmethod
    def of(cls, given: dict[str, Any]) -> Lane:
        """Read a lane as the command gives it."""
        lines = [f"{given.get('method', 'POST')} {given['path']} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in given["headers"].items()]
        patterns = [given.get("taken_from"), given.get("collects")]
        taken_from, collects = (re.compile(p.encode()) if p else None for p in patterns)
        return cls(
            address=("127.0.0.1", given["port"]),
            head="\r\n".join([*lines, "Content-Length: "]).encode(),
            body=given["body"].encode(),
            tokens=deque(token.encode() for token in given["tokens"]),
            expected=(f"HTTP/1.1 {given['status']} ".encode(), given["holds"].encode()),
            taken_from=taken_from,
            collects=collects,
            names_token="{token}" in str(given["headers"]),
        )

    def request(self, token: bytes) -> bytes:
        """Return the next request."""
        body = self.body.replace(b"{token}", token)
        head = self.head.replace(b"{token}", token) if self.names_token else self.head
        return b"%s%d\r\n\r\n%s" % (head, len(body), body)


@dataclass
class Connection:
    """One connection and the request on it."""

    socket: socket.socket
    token: bytes = b""
    sent_at: float = 0.0
    got: bytes = b""


@dataclass
class Turn:
    """What happened in one turn. Seconds; it ends with its last answer."""

    took: list[float] = field(default_factory=list)
    seconds: float = 0.0
    answered: int = 0
    wrong: int = 0
    shown: str = ""
    collected: list[bytes] = field(default_factory=list)


def run(lane: Lane, *, connections: int, seconds: float, most: int | None) -> Turn:
    """Keep every connection busy for that long, or until ``most`` answers came."""
    turn, poller, by_fd = Turn(), select.epoll(), {}
    for _ in range(min(connections, len(lane.tokens))):
        connection = Connection(_connected(lane))
        by_fd[connection.socket.fileno()] = connection
        poller.register(connection.socket, select.EPOLLIN)
    started = time.perf_counter()
    ends_at = started + seconds
    for connection in by_fd.values():
        _send(lane, connection)
    waiting = len(by_fd)
    while waiting:
        ready = poller.poll(_STALLED_SECONDS)
        if not ready:
            raise RuntimeError("the server has not answered for half a minute")
        for fd, _ in ready:
            connection = by_fd[fd]
            chunk = connection.socket.recv(_LARGEST_READ)
            connection.got += chunk
            if chunk and not _is_whole(connection.got):
                continue
            now = time.perf_counter()
            turn.answered += 1
            turn.took.append(now - connection.sent_at)
            turn.seconds = now - started
            _take(lane, connection, turn)
            if not chunk or _CLOSE.search(connection.got):
                connection = _again(lane, connection, poller, by_fd)
            if now < ends_at and (most is None or turn.answered <= most - waiting):
                _send(lane, connection)
            else:
                waiting -= 1
    for connection in by_fd.values():
        connection.socket.close()
    return turn


def _connected(lane: Lane) -> socket.socket:
    made = socket.create_connection(lane.address, timeout=_STALLED_SECONDS)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def _again(
    lane: Lane, connection: Connection, poller: select.epoll, by_fd: dict[int, Connection]
) -> Connection:
    """Connect anew where the server closes after each answer."""
    poller.unregister(connection.socket)
    del by_fd[connection.socket.fileno()]
    connection.socket.close()
    fresh = Connection(_connected(lane))
    by_fd[fresh.socket.fileno()] = fresh
    poller.register(fresh.socket, select.EPOLLIN)
    return fresh


def _send(lane: Lane, connection: Connection) -> None:
    connection.token = lane.tokens.popleft()
    connection.got = b""
    request = lane.request(connection.token)
    connection.sent_at = time.perf_counter()
    connection.socket.sendall(request)


def _is_whole(got: bytes) -> bool:
    end = got.find(b"\r\n\r\n")
    if end < 0:
        return False
    if found := _LENGTH.search(got, 0, end):
        return len(got) >= end + 4 + int(found[1])
    if _CHUNKED.search(got, 0, end + 2):
        return got.endswith(b"0\r\n\r\n")
    return got.startswith(b"HTTP/1.1 204 ")


def _take(lane: Lane, connection: Connection, turn: Turn) -> None:
    """Look at an answer; a token that it brings takes the place of the one that was sent."""
    got, token = connection.got, connection.token
    status, holds = lane.expected
    is_right = got.startswith(status) and holds in got
    if lane.taken_from is not None and is_right:
        found = lane.taken_from.search(got)
        is_right, token = found is not None, found[1] if found else token
    if lane.collects is not None and is_right and (found := lane.collects.search(got)):
        turn.collected.append(found[1])
    if not is_right:
        turn.wrong += 1
        turn.shown = turn.shown or got[:600].decode(errors="replace")
    lane.tokens.append(token)


def main() -> None:
    """Serve commands until there are no more."""
    lanes: dict[str, Lane] = {}
    for line in sys.stdin:
        command = json.loads(line)
        if command["do"] == "lane":
            lanes[command["name"]] = Lane.of(command)
            answer: dict[str, Any] = {}
        else:
            began = time.process_time()
            turn = run(
                lanes[command["name"]],
                connections=command["connections"],
                seconds=command["seconds"],
                most=command.get("most"),
            )
            answer = {
                "took": [round(each * 1_000_000) for each in turn.took],
                "seconds": turn.seconds,
                "answered": turn.answered,
                "wrong": turn.wrong,
                "shown": turn.shown,
                "collected": [each.decode() for each in turn.collected],
                "own_cpu": time.process_time() - began,
            }
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
