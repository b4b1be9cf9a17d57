"""Processes that start quickly: forked from one that has loaded the code already."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from typing import Any

LOADED = ["keyturn.server.command", "tests.faults.racers_", "tests.faults.crowd_"]


def forks() -> ForkServerContext:
    """Return the context of such processes; they share nothing with this one."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LOADED)
    return context


def all_at_once(count: int, work: Callable[..., None], *arguments: Any) -> list[int | None]:
    """Run ``work`` in ``count`` processes that begin together; return their exit codes."""
    context = forks()
    barrier = context.Barrier(count)
    started = [
        context.Process(target=_begin, args=(barrier, work, arguments)) for _ in range(count)
    ]
    for process in started:
        process.start()
    for process in started:
        process.join(60)
    return [process.exitcode for process in started]


def _begin(barrier: Any, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    barrier.wait(60)
    work(*arguments)
