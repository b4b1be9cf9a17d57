"""``keyturn migrate``: the newest schema; with ``--to``, from SQLite to PostgreSQL."""

from __future__ import annotations

import argparse
import asyncio
from typing import TYPE_CHECKING

from keyturn.client.commands.output import Console
from keyturn.server.command import PROBLEMS, add_common_options, chosen_settings, fail
from keyturn.server.services import POSTGRES, database_of
from keyturn.server.settings import SettingsProblem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from keyturn.server.settings import Settings


def main(argv: Sequence[str]) -> int:
    """Upgrade or move; 0 once that is durable or was done before, 1 with a message otherwise."""
    options = _parser().parse_args(argv)
    console = Console(as_json=options.json)
    try:
        settings = chosen_settings(options)
        if options.to is None:
            return _upgrade(console, database_of(settings))
        return _move(console, settings, options.to)
    except ModuleNotFoundError as error:
        if error.name != "asyncpg":
            raise
        return fail(SettingsProblem("database: pip install 'keyturn[postgres]' first"))
    except PROBLEMS as problem:
        return fail(problem)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="keyturn migrate",
        description="Bring the database's schema up to date, beside running servers. With --to, "
        "move everything from SQLite to an empty PostgreSQL database.",
    )
    add_common_options(parser)
    parser.add_argument(
        "--to", metavar="URL", help="move to this database: postgresql://USER@HOST/NAME"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


def _upgrade(console: Console, database: Path | str) -> int:
    from keyturn.server.storage.upgrade import upgrade

    before, after = asyncio.run(upgrade(database))
    if console.as_json:
        console.document({"schema_before": before, "schema": after})
    elif before == after:
        console.answer_marked("ok", f"Schema {after}: nothing to do.")
    else:
        console.answer_marked("ok", f"Schema {before} has become schema {after}.")
    return 0


def _move(console: Console, settings: Settings, url: str) -> int:
    source = database_of(settings)
    if isinstance(source, str):
        raise SettingsProblem("migrate --to: the database to move from must be SQLite")
    if not url.startswith(POSTGRES):
        raise SettingsProblem("migrate --to: postgresql://USER@HOST/NAME")
    from keyturn.server.storage.transfer import transfer

    done = asyncio.run(transfer(source, url, told=console.talk))
    if console.as_json:
        console.document({"moved_to": done.where, "rows": done.rows})
        return 0
    console.answer_marked(
        "ok", f"Moved to {done.where}: {sum(done.rows.values())} rows copied and read back."
    )
    console.answer("Start the servers with --database and that address, and with the same secret:")
    console.answer(str(settings.secret_path))
    return 0
