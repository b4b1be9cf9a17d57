"""Numbers for Prometheus: how many requests, how they ended, how long they took.

They are served at an address of their own, which is off unless it is set: who can reach the sign-in
pages need not know how busy they are. No label holds anything that a caller can choose.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    start_http_server,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from keyturn.server.operating.address import address_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Where it is set before the library is loaded, a process keeps its numbers in files there.
SHARED_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The numbers of one process."""

    def __init__(self) -> None:
        self.registry: CollectorRegistry = CollectorRegistry()
        self.in_progress: Gauge = Gauge(
            "keyturn_requests_in_progress",
            "Requests being answered, those that wait for a decision included.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self._requests = Counter(
            "keyturn_requests",
            "Requests answered, by declared route and status; status 0: nobody was left to answer.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "keyturn_request_seconds",
            "How long answers took, held ones included.",
            ["route"],
            buckets=BUCKETS,
            registry=self.registry,
        )

    def note(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)


def serve(registry: CollectorRegistry, address: str) -> Callable[[], None]:
    """Serve a registry at an address, in a thread; return what stops it. Raises OSError."""
    host, port = address_of(address)
    server, thread = start_http_server(port, host, registry)

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return stop


def with_process_facts(metrics: Metrics) -> CollectorRegistry:
    """Add memory, CPU time and open files of this process."""
    ProcessCollector(registry=metrics.registry)
    PlatformCollector(registry=metrics.registry)
    return metrics.registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """The numbers of several processes, added up by the one that serves them."""

    folder: str
    registry: CollectorRegistry

    def ended(self, pid: int) -> None:
        """Forget what a process was doing when it ended; what it has counted stays."""
        mark_process_dead(pid, self.folder)  # type: ignore[no-untyped-call]


@contextmanager
def shared() -> Iterator[Shared]:
    """Make a place where several processes keep their numbers; it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="keyturn-metrics-") as folder:
        registry = CollectorRegistry()
        MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
        yield Shared(folder=folder, registry=registry)
