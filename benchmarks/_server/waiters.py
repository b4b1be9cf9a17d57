"""Programs that wait for a decision, each on a connection of its own; a process of its own.

It reads one JSON object: the port, requests to hold and those that decide. It prints one when all
are held. Then, upon a line, it takes the place of some with a newer request of the same code, which
answers them at once and writes nothing, sends the decisions one by one, and prints how long each
took to arrive; and, in between, how long a byte takes to another process and back.
"""

from __future__ import annotations

import json
import os
import resource
import select
import socket
import sys
import time
from typing import Any

_AT_ONCE = 256
_PATIENCE_SECONDS = 30.0
_READ = 65536


def main() -> None:
    """Hold, then decide."""
    echo = _echo()
    _allow_many_sockets()
    told = json.loads(sys.stdin.readline())
    address = ("127.0.0.1", told["port"])
    held = [_sent(address, request) for request in _spread(told["held"])]
    print(json.dumps({"held": len(held)}), flush=True)
    if not sys.stdin.readline():
        return
    poller = select.epoll()
    for each in held:
        poller.register(each, select.EPOLLIN)
    deciding = socket.create_connection(address)
    deciding.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    poller.register(deciding, select.EPOLLIN)
    newer: list[socket.socket] = []
    replaced, echoed = [], []
    for number in told["replaced"]:
        request = told["held"][number].encode()
        replaced.append(_replaced(poller, address, held[number].fileno(), request, newer))
        echoed.append(_echoed(echo))
    decided = [
        _decided(poller, deciding, held[number].fileno(), request.encode())
        for number, request in told["decisions"]
    ]
    print(json.dumps({"replaced": replaced, "decided": decided, "echoed": echoed}), flush=True)
    for each in [*held, *newer]:
        each.close()


def _echo() -> socket.socket:
    """Return a socket to a process of its own that sends back what it gets."""
    here, there = socket.socketpair()
    if os.fork():
        there.close()
        return here
    here.close()
    while byte := there.recv(1):
        there.sendall(byte)
    os._exit(0)


def _echoed(echo: socket.socket) -> float:
    began = time.perf_counter()
    echo.sendall(b".")
    echo.recv(1)
    return time.perf_counter() - began


def _spread(requests: list[str]) -> Any:
    """Yield them in bursts that a listening socket can take."""
    for number, request in enumerate(requests, start=1):
        yield request
        if number % _AT_ONCE == 0:
            time.sleep(0.02)


def _sent(address: tuple[str, int], request: str) -> socket.socket:
    made = socket.create_connection(address, timeout=_PATIENCE_SECONDS)
    made.sendall(request.encode())
    return made


def _replaced(
    poller: select.epoll,
    address: tuple[str, int],
    waiter: int,
    request: bytes,
    newer: list[socket.socket],
) -> float:
    """Hold the same code anew; return how soon its older request was answered, in seconds."""
    newer.append(socket.create_connection(address, timeout=_PATIENCE_SECONDS))
    got = b""
    began = time.perf_counter()
    newer[-1].sendall(request)
    while not got.endswith(b"}"):
        ready = poller.poll(_PATIENCE_SECONDS)
        if [fd for fd, _ in ready] != [waiter]:
            raise RuntimeError("not the one whose place was taken was answered")
        got += os.read(waiter, _READ)
    took = time.perf_counter() - began
    _expect(got, b" 200 ")
    poller.unregister(waiter)
    return took


def _decided(
    poller: select.epoll, deciding: socket.socket, waiter: int, request: bytes
) -> dict[str, Any]:
    """Send one decision; return when it was answered and when its waiter was, in seconds."""
    expected = {deciding.fileno(): b" 200 ", waiter: b" 201 "}
    got = dict.fromkeys(expected, b"")
    moments: dict[int, float] = {}
    began = time.perf_counter()
    deciding.sendall(request)
    while len(moments) < 2:
        ready = poller.poll(_PATIENCE_SECONDS)
        if not ready:
            raise RuntimeError("a decision did not arrive within half a minute")
        for fd, _ in ready:
            if fd not in expected:
                raise RuntimeError("another request was answered than the one decided")
            got[fd] += os.read(fd, _READ)
            if got[fd].endswith(b"}"):
                moments[fd] = time.perf_counter() - began
                _expect(got[fd], expected[fd])
    poller.unregister(waiter)
    return {"decided": moments[deciding.fileno()], "arrived": moments[waiter]}


def _expect(answer: bytes, status: bytes) -> None:
    if status not in answer[:20]:
        raise RuntimeError(answer[:400].decode(errors="replace"))


def _allow_many_sockets() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    main()
