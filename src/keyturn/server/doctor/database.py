"""Checks of the database: its schema, its health, and its idea of the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.clock import instant
from keyturn.server.doctor.findings import Finding
from keyturn.server.storage.base import Work, first

if TYPE_CHECKING:
    from keyturn.server.doctor.examination import Examination
    from keyturn.server.storage.inspection import Facts

# Tokens and codes live for minutes; half a minute apart, two machines already disagree on them.
TOLERATED_MS = 30_000
# Before this the program was not written: a machine without a battery begins in 1970.
EARLIEST_MS = 1_767_225_600_000


async def database(exam: Examination) -> Finding:
    """Say whether the server could use the database."""
    if exam.problem is not None:
        return Finding(
            check="database",
            outcome="fail",
            evidence=exam.problem,
            remedy="The server answers 503 until it can be opened.",
        )
    if exam.opened is None:
        return Finding(
            check="database", outcome="pass", evidence="not there; the first start makes it"
        )
    return _judged(exam.opened.facts)


async def clock(exam: Examination) -> Finding:
    """Compare this machine's clock with what the database has seen."""
    ahead, seen = 0, EARLIEST_MS
    if exam.opened is not None and exam.opened.facts.schema:
        theirs = await exam.opened.now_ms()
        ahead = 0 if theirs is None else theirs - exam.clock.now_ms()
        seen = max(seen, await exam.opened.read(_latest))
    now = exam.clock.now_ms()
    if abs(ahead) > TOLERATED_MS:
        return _wrong(
            f"{abs(ahead) // 1000} s {'behind' if ahead > 0 else 'ahead of'} the database"
        )
    if seen - now > TOLERATED_MS:
        return _wrong(f"{instant(now):%Y-%m-%d %H:%M}, but something was written later than that")
    return Finding(check="clock", outcome="pass", evidence=f"{instant(now):%Y-%m-%d %H:%M:%S} UTC")


def _wrong(evidence: str) -> Finding:
    return Finding(
        check="clock",
        outcome="fail",
        evidence=evidence,
        remedy="Set the clock and keep it set (NTP): codes and tokens end by it.",
    )


def _judged(facts: Facts) -> Finding:
    evidence = f"{facts.product}, schema {facts.schema}"
    if facts.schema > facts.known_schema:
        return _failed(
            f"{evidence}, made by a newer version; this one knows {facts.known_schema}",
            "Install that version again, or restore the backup from before the upgrade.",
        )
    if facts.damage is not None:
        return _failed(
            f"{evidence}: {facts.damage}", "Stop the server and restore the newest backup."
        )
    if facts.unwritable is not None:
        return _failed(
            f"{evidence}: {facts.unwritable}", "Run the server as the owner of its data."
        )
    if not facts.schema:
        return Finding(
            check="database", outcome="pass", evidence=f"{facts.product}, empty until first start"
        )
    if facts.schema < facts.known_schema:
        return Finding(
            check="database",
            outcome="warn",
            evidence=f"{evidence}; the next start upgrades it to {facts.known_schema}",
            remedy="Back it up before that.",
        )
    return Finding(check="database", outcome="pass", evidence=evidence)


def _failed(evidence: str, remedy: str) -> Finding:
    return Finding(check="database", outcome="fail", evidence=evidence, remedy=remedy)


def _latest() -> Work[int]:
    row = yield from first("latest_known_instant")
    return int(row["seen"]) if row and row["seen"] is not None else 0
