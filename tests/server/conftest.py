"""Fixtures of the server's tests: a real server in this process."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.in_process_ import InProcess, SetClock


@pytest.fixture
def server(tmp_path: Path) -> Iterator[InProcess]:
    """Yield a started server with the default project and client."""
    started = InProcess(tmp_path / "data")
    yield started
    started.close()


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    """Yield one server for a file whose tests each have a project of their own."""
    started = InProcess(tmp_path_factory.mktemp("shared") / "data")
    yield started
    started.close()


@pytest.fixture
def clock(server: InProcess) -> SetClock:
    """Return the clock of ``server``, to be moved by hand."""
    return server.clock


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., InProcess]]:
    """Return a function that starts servers with settings of one's own."""
    started: list[InProcess] = []

    def start(**settings: Any) -> InProcess:
        data = settings.pop("data", tmp_path / f"data{len(started)}")
        started.append(InProcess(data, **settings))
        return started[-1]

    yield start
    for one in started:
        one.close()
