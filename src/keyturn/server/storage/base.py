"""What the features ask of storage, whichever database stands behind it.

A unit of work is a generator: it yields statements by name and is handed back rows. The text of a
statement lives in ``statements/``; a driver runs the generator, so the same use case serves
SQLite (driven on the writer's thread) and PostgreSQL (driven on the event loop).

A unit of work may be run again from the start when a database asks for it, so it must have no
effect but its statements.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

Row = Mapping[str, Any]


class StorageUnavailable(Exception):
    """The database could not do what was asked: nothing was changed. Answer 503, try again."""


class StorageConflict(StorageUnavailable):
    """The work met what somebody else had just written: a key that is taken, a parent that is gone.

    Nothing was changed; who tries again sees it, and is answered by the rules.
    """


@dataclass(frozen=True, slots=True)
class Query:
    """One named statement and its parameters."""

    name: str
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Many:
    """One named statement for many items at once, which share no row and no key.

    Each database has its own (``statements/postgres/``, ``statements/sqlite/``). The rows of all
    come together.

    Attributes:
        name: The statement.
        items: The parameters of each.
        then: A statement for the items whose ``id`` came back in a row; PostgreSQL does it in the
            first.
    """

    name: str
    items: Sequence[Mapping[str, Any]]
    then: str | None = None


Work = Generator[Query | Many, "list[Row]", R]


def conditional(work: Callable[P, Work[R]]) -> Callable[P, Work[R]]:
    """Mark a unit of work of one statement, whose WHERE says all that its changes depend on.

    It is right whatever else is written at the same time: a row that somebody else has just changed
    is looked at once more when its lock is free. So PostgreSQL need not look for an order of all
    that was read, which for many rows at once it would not find, and runs the statement without a
    transaction around it: one journey instead of five. It is right once more too: what it has
    changed no longer fits. So it is run again where the answer was lost. If nobody can be asked any
    more, StorageUnavailable does not say here that nothing was changed.
    """
    work.is_conditional = True  # type: ignore[attr-defined]
    return work


def is_conditional(work: object) -> bool:
    """Say whether a unit of work is marked so."""
    return getattr(work, "is_conditional", False)


def every(statement: str, /, **params: Any) -> Work[list[Row]]:
    """Run a statement and return all of its rows."""
    return (yield Query(statement, params))


def first(statement: str, /, **params: Any) -> Work[Row | None]:
    """Run a statement and return its first row, or ``None``."""
    rows = yield Query(statement, params)
    return rows[0] if rows else None


def each(
    statement: str, items: Sequence[Mapping[str, Any]], *, then: str | None = None
) -> Work[list[Row]]:
    """Run a statement for many items at once and return the rows of all; see ``Many``."""
    return (yield Many(statement, items, then)) if items else []


def run(statement: str, /, **params: Any) -> Work[None]:
    """Run a statement for its effect."""
    yield Query(statement, params)


def announce(topic: str) -> Work[None]:
    """Wake whoever waits for ``topic`` on any process, with the commit of this transaction."""
    yield Query("announce", {"topic": topic})


class Storage(Protocol):
    """Runs units of work. Raises StorageUnavailable, never a driver's own exception."""

    async def read(self, work: Callable[P, Work[R]], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a unit of work that changes nothing."""
        ...

    async def write(self, work: Callable[P, Work[R]], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a unit of work in a transaction; return only once it is durable.

        If the work raises, nothing of it is kept and the exception reaches the caller. Whatever
        is written at the same time is neither undone nor delayed by it.
        """
        ...

    def subscribe(self, told: Callable[[str | None], None]) -> bool:
        """Have ``told`` called with each topic that any process announces.

        ``None`` says that some may have been missed. It is called in the event loop. Returns false
        where this database cannot tell; then ``changes`` has to be looked at.
        """
        ...

    async def changes(self) -> object:
        """Return a value that differs once another process has written; see ``subscribe``.

        Cheap enough to be called ten times a second; no statement while nobody writes.
        """
        ...

    async def close(self) -> None:
        """Finish what was accepted, then let go of the database."""
        ...
