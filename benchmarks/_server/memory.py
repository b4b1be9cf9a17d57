"""The section on memory: idle, and the most under load."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from _numbers import Aim, Ratio
from _running import table

from _server.contest import OURS, Verdicts
from _server.hot import polling, refreshing

if TYPE_CHECKING:
    from _server.processes import Server
    from _server.stage import Stage

CONNECTIONS = 64
LOAD_SECONDS = 3.0
_LOOK_EVERY_SECONDS = 0.25
OF_SQLITE = Aim(aim=1 / 4, stretch=1 / 7, at_least=False)
SQLITE = "oidc-provider, SQLite"


def memory(stage: Stage, verdicts: Verdicts) -> None:
    """Load each server alone for a while; tell the most it has had, here and in other sections."""
    for name, (_, server) in stage.servers().items():
        refreshing(stage, name)
        kinds = ["refresh", *(["poll"] if polling(stage, name) else [])]
        with _Highest(server) as highest:
            for kind in kinds:
                stage.driver.turn(
                    f"{kind}/{name}", server, connections=CONNECTIONS, seconds=LOAD_SECONDS
                )
        stage.most[name] = max(stage.most.get(name, 0.0), highest.mib)
    rows = [[name, f"{stage.idle[name]:.0f}", f"{most:.0f}"] for name, most in stage.most.items()]
    print("\nMemory, MiB; loaded: the most at any time of this run")
    table(["", "idle", "loaded"], rows)
    if SQLITE in stage.most:
        share = stage.most[OURS] / stage.most[SQLITE]
        verdicts.add(f"Memory under load: of {SQLITE}", Ratio(share, share, share), OF_SQLITE)


class _Highest:
    """Looks at a server's memory, from another thread, as long as the block lasts."""

    def __init__(self, server: Server) -> None:
        self.mib = 0.0
        self._server, self._over = server, threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> _Highest:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while True:
            self.mib = max(self.mib, self._server.memory_mib())
            if self._over.wait(_LOOK_EVERY_SECONDS):
                return
