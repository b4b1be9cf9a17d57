"""All servers of one run, started once and kept for every section that lets them take turns."""

from __future__ import annotations

import http.client
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from _server import ours, rivals
from _server.contest import OURS
from _server.installing import Absent
from _server.processes import PATIENCE_SECONDS

if TYPE_CHECKING:
    from _server.driver import Driver
    from _server.processes import Server
    from _server.rivals import Lane, Rival

FAMILIES = 10_000
DRAWN = 4096
# So many that none is polled faster than its pace.
CODES = 60_000


@dataclass
class Stage:
    """Our server and the others.

    Attributes:
        folder: Where our data goes.
        alone: Whether to leave the others out.
        idle: Memory of each before any load, MiB.
        most: The most of each at any time, MiB.
        made: The lanes that there are.
    """

    driver: Driver
    stack: ExitStack
    folder: Path
    alone: bool
    rounds: int
    idle: dict[str, float] = field(default_factory=dict)
    most: dict[str, float] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
    _filled: ours.Filled | None = None
    _servers: dict[str, tuple[Rival | None, Server]] = field(default_factory=dict)

    def servers(self) -> dict[str, tuple[Rival | None, Server]]:
        """Return every server that takes part, ours first; who does not is said by name."""
        if not self._servers:
            data = self.folder / "data"
            self._filled = ours.fill(data, families=FAMILIES, drawn=DRAWN, codes=CODES)
            server = self.stack.enter_context(ours.serving(self._filled))
            self._add(OURS, None, server)
            for rival in () if self.alone else rivals.ALL:
                try:
                    self._add(rival.name, rival, self.stack.enter_context(rival.start({})))
                except Absent as reason:
                    print(f"  skipped: {rival.name}; {reason}", flush=True)
        return self._servers

    def filled(self) -> ours.Filled:
        """Return what is in our server's database."""
        self.servers()
        assert self._filled is not None
        return self._filled

    def lane(self, kind: str, name: str, lane: Lane) -> None:
        """Tell the load generator what to send to one of them."""
        self.made.add(f"{kind}/{name}")
        self.driver.lane(f"{kind}/{name}", self.servers()[name][1], lane)

    def _add(self, name: str, rival: Rival | None, server: Server) -> None:
        self._servers[name] = rival, server
        _wait_for_answer(server)
        self.idle[name] = server.memory_mib()


def _wait_for_answer(server: Server) -> None:
    """Wait until it answers anything at all, so that "idle" is after its start."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_SECONDS)
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            connection.connect()
            break
        except ConnectionRefusedError:
            if time.monotonic() > ends_at:
                raise
            time.sleep(0.05)
    connection.request("GET", "/")
    connection.getresponse().read()
    connection.close()
    time.sleep(0.5)
