"""``keyturn keys``: the keys that sign tokens, and letting the next ones take over."""

from __future__ import annotations

import argparse
import asyncio
from typing import TYPE_CHECKING

from keyturn.client.commands.output import Console
from keyturn.server.clock import instant
from keyturn.server.command import (
    PROBLEMS,
    add_common_options,
    chosen_settings,
    fail,
    with_services,
)
from keyturn.server.keys.listing import Listed, listed
from keyturn.server.keys.service import NotYet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keyturn.server.services import Services

EXIT_TEMPORARY = 75
DAY_MS = 24 * 3600 * 1000


def main(argv: Sequence[str]) -> int:
    """List the signing keys, or rotate them.

    Exit status: 0 done; 1 failed; 75 where no key may sign yet, and nothing was changed.
    """
    options = _parser().parse_args(argv)
    action = _rotate if options.action == "rotate" else _list
    try:
        return asyncio.run(with_services(chosen_settings(options), action, options))
    except PROBLEMS as problem:
        return fail(problem)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="keyturn keys", description="The keys that sign access tokens."
    )
    actions = parser.add_subparsers(dest="action", required=True)
    found = actions.add_parser("list", help="list them: id, algorithm, state, age; never a secret")
    rotate = actions.add_parser(
        "rotate",
        help="let the next keys sign; the old ones verify for two more days",
        description="Let each purpose's next key sign from now on and publish the one after it. "
        "Tokens signed before stay valid; running servers follow within a minute. A key signs "
        "only after it was published for an hour, since verifiers keep what they fetched.",
    )
    for each in (found, rotate):
        add_common_options(each)
        each.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


async def _list(services: Services, options: argparse.Namespace) -> int:
    now = services.clock.now_ms()
    found = await services.storage.read(listed, now=now)
    shown = [key for key in found if key.state != "gone"]
    console = Console(as_json=options.json)
    if options.json:
        console.document([_document(key, now) for key in shown])
        return 0
    for key in shown:
        console.answer(
            f"{key.kid:<18}{key.algorithm:<7}{key.state:<9}{_age(key, now):<10}{key.purpose}"
        )
    if not shown:
        console.answer("No keys yet: each is made when it is first needed.")
    return 0


async def _rotate(services: Services, options: argparse.Namespace) -> int:
    now = services.clock.now_ms()
    purposes = list(
        dict.fromkeys(key.purpose for key in await services.storage.read(listed, now=now))
    )
    rotated, waiting = [], {}
    for purpose in purposes:
        try:
            await services.keys.rotate(purpose)
            rotated.append(purpose)
        except NotYet as not_yet:
            waiting[purpose] = not_yet.at
    _say(Console(as_json=options.json), rotated, waiting)
    return EXIT_TEMPORARY if waiting and not rotated else 0


def _say(console: Console, rotated: list[str], waiting: dict[str, int]) -> None:
    if console.as_json:
        not_yet = [{"purpose": name, "at": _text(at)} for name, at in waiting.items()]
        console.document({"rotated": rotated, "not_yet": not_yet})
        return
    for purpose in rotated:
        console.answer_marked("ok", f"{purpose}: the next key signs")
    for purpose, at in waiting.items():
        console.answer_marked("warn", f"{purpose}: its next key may sign from {_text(at)} on")
    if not rotated and not waiting:
        console.answer("No keys yet: each is made when it is first needed.")


def _document(key: Listed, now: int) -> dict[str, object]:
    return {
        "kid": key.kid,
        "purpose": key.purpose,
        "algorithm": key.algorithm,
        "state": key.state,
        "age_seconds": (now - key.created_at) // 1000,
        "created_at": _text(key.created_at),
        "retired_at": None if key.retired_at is None else _text(key.retired_at),
    }


def _age(key: Listed, now: int) -> str:
    days, hours = divmod((now - key.created_at) // (DAY_MS // 24), 24)
    return f"{days} d" if days else f"{hours} h"


def _text(milliseconds: int) -> str:
    return f"{instant(milliseconds):%Y-%m-%dT%H:%M:%SZ}"
