"""``keyturn doctor``: what stands in the way of this server, and what to do about it.

It looks and changes nothing: no folder, database, secret or key is made, whatever is missing.
"""

from __future__ import annotations

import argparse
import asyncio
from typing import TYPE_CHECKING

from keyturn.client.commands.errors import EXIT_FAILED
from keyturn.client.commands.findings import count, show
from keyturn.client.commands.output import Console
from keyturn.server.clock import SystemClock
from keyturn.server.command import add_common_options, chosen_settings
from keyturn.server.doctor.checkup import examine
from keyturn.server.doctor.findings import Finding
from keyturn.server.settings import SettingsProblem

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str]) -> int:
    """Print every finding; 1 where a problem was found, 0 where at most warnings were."""
    options = _parser().parse_args(argv)
    findings = _findings(options)
    show(Console(as_json=options.json), findings, remedy=_remedy)
    return EXIT_FAILED if count(findings, "fail") else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="keyturn doctor",
        description="Look at a server's configuration, database, keys, clock and mail. "
        "Changes nothing. Run it as the user that the server runs as.",
    )
    add_common_options(parser)
    parser.add_argument("--base-url", help="the address people and programs reach the server at")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


def _findings(options: argparse.Namespace) -> list[Finding]:
    try:
        settings = chosen_settings(options)
    except SettingsProblem as problem:
        remedy = "docs/reference/settings.md says what each setting accepts."
        return [Finding(check="settings", outcome="fail", evidence=str(problem), remedy=remedy)]
    return asyncio.run(examine(settings, file=options.config, clock=SystemClock()))


def _remedy(finding: Finding) -> str | None:
    return None if finding.outcome == "pass" else finding.remedy
