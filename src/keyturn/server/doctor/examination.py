"""What is opened once for all checks: the database, if there is one, for reading only."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from keyturn.server.storage.base import StorageUnavailable
from keyturn.server.storage.inspection import inspected_sqlite

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from keyturn.server.clock import Clock
    from keyturn.server.settings import Settings
    from keyturn.server.storage.inspection import Inspected

DATABASE_FILE = "keyturn.sqlite3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """One look at one server.

    Attributes:
        settings: Its settings.
        file: The TOML file they came from, if any.
        clock: This machine's.
        opened: The database; ``None`` where it is not there yet or cannot be read.
        problem: Why it cannot be read.
    """

    settings: Settings
    file: Path | None
    clock: Clock
    opened: Inspected | None
    problem: str | None

    @classmethod
    @asynccontextmanager
    async def of(
        cls, settings: Settings, *, file: Path | None, clock: Clock
    ) -> AsyncIterator[Examination]:
        """Open what there is to look at."""
        async with AsyncExitStack() as stack:
            opened, problem = None, None
            try:
                opened = await stack.enter_async_context(_database(settings))
            except FileNotFoundError:
                pass
            except (StorageUnavailable, OSError) as error:
                problem = str(error)
            yield cls(settings=settings, file=file, clock=clock, opened=opened, problem=problem)


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[Inspected]:
    url = settings.database or ""
    if url.startswith(("postgresql://", "postgres://")):
        from keyturn.server.storage.postgres_inspection import inspected_postgres

        async with inspected_postgres(url) as opened:
            yield opened
        return
    path = Path(url.removeprefix("sqlite:///")) if url else settings.data / DATABASE_FILE
    async with inspected_sqlite(path) as opened:
        yield opened
