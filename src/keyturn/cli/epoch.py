"""``keyturn epoch bump``: after restoring a backup, before the server starts again."""

from __future__ import annotations

import argparse
import asyncio
from typing import TYPE_CHECKING

from keyturn.client.commands.output import Console
from keyturn.server.command import (
    PROBLEMS,
    add_common_options,
    chosen_settings,
    fail,
    with_services,
)
from keyturn.server.epoch.service import bump

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keyturn.server.services import Services


def main(argv: Sequence[str]) -> int:
    """End every session; 0 once that is durable, 1 with a message if it cannot be done."""
    options = _parser().parse_args(argv)
    try:
        return asyncio.run(with_services(chosen_settings(options), _bump, options))
    except PROBLEMS as problem:
        return fail(problem)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="keyturn epoch", description="What a restored backup may bring back to life."
    )
    actions = parser.add_subparsers(dest="action", required=True)
    each = actions.add_parser(
        "bump",
        help="end every session, code and pending sign-in",
        description="End every session, code and pending sign-in of this database, so that "
        "nothing that was revoked after a backup comes back with it. Everybody signs in again.",
    )
    add_common_options(each)
    each.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


async def _bump(services: Services, options: argparse.Namespace) -> int:
    done = await bump(services.storage, services.clock)
    console = Console(as_json=options.json)
    if options.json:
        console.document(
            {"epoch": done.epoch, "sessions_ended": done.sessions, "pending_ended": done.pending}
        )
        return 0
    console.answer_marked(
        "ok", f"Epoch {done.epoch}: {done.sessions} sessions and {done.pending} pending ended."
    )
    console.answer("Passwords and project keys are those of the backup: a key that was rotated")
    console.answer("after it is valid again until `keyturn project keys rotate PROJECT`.")
    return 0
