"""``auth doctor``: why does it not work here? ``--fix`` offers the remedies and checks again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.client.commands.errors import EXIT_FAILED, hint_of
from keyturn.client.commands.findings import count, show
from keyturn.client.commands.run import Call
from keyturn.client.commands.table import ACCOUNT, JSON, VERBOSE, Option, load
from keyturn.protocol.errors import KeyturnError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keyturn.client.doctor.findings import Finding, Fix

OPTIONS = (
    JSON,
    ACCOUNT,
    Option("--fix", help="Offer to carry out the remedies, then check again."),
    VERBOSE,
)


def run(call: Call) -> int:
    """Print every finding; 1 where a problem was found, 0 where at most warnings were."""
    findings = call.auth.doctor(account=call.account)
    _print(call, findings)
    if call.options.get("fix") and _mended(call, findings):
        call.console.talk("Checking again.")
        findings = call.auth.doctor(account=call.account)
        _print(call, findings)
    return EXIT_FAILED if count(findings, "fail") else 0


def _print(call: Call, findings: Sequence[Finding]) -> None:
    show(call.console, findings, remedy=lambda finding: _remedy(call, finding))


def _remedy(call: Call, finding: Finding) -> str | None:
    if finding.outcome == "pass" or finding.remedy is None:
        return None
    said = KeyturnError(hint=finding.remedy)
    return hint_of(said, program=call.auth.program, group=call.group, suffix=call.suffix)


def _mended(call: Call, findings: Sequence[Finding]) -> bool:
    """Offer every remedy that can be carried out from here, once; say whether one was taken."""
    fixes = {finding.fix.question: finding.fix for finding in findings if finding.fix}
    if not fixes:
        call.console.talk("There is nothing that can be mended from here.")
        return False
    if not call.console.interactive:
        call.console.mark("warn", "--fix asks before it changes anything, and nobody is here.")
        return False
    taken = False
    for fix in fixes.values():
        if call.console.ask(fix.question):
            taken = _applied(call, fix) or taken
    return taken


def _applied(call: Call, fix: Fix) -> bool:
    if fix.apply is None:
        sign_in = Call(
            call.auth,
            call.console,
            {"force": True},
            hooks=call.hooks,
            group=call.group,
            suffix=call.suffix,
        )
        return load("login").run(sign_in) == 0
    try:
        fix.apply()
    except OSError as error:
        call.console.mark("fail", f"That did not work: {error.strerror}.")
        return False
    return True
