"""How findings are shown, whoever found them: lines for people, one document for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keyturn.client.commands.document import Document
    from keyturn.client.commands.output import Console, Mark
    from keyturn.client.doctor.findings import Outcome

_NAME_WIDTH = 15
_MARKS: dict[str, Mark] = {"pass": "ok", "warn": "warn", "fail": "fail"}


class Shown(Protocol):
    """What a finding has to have: the members of ``keyturn.client.doctor.findings.Finding``."""

    @property
    def check(self) -> str:
        """The check's name."""
        ...

    @property
    def outcome(self) -> Outcome:
        """``pass``, ``warn`` or ``fail``."""
        ...

    @property
    def evidence(self) -> str:
        """What was seen, for people. Never a secret."""
        ...

    @property
    def fix(self) -> object | None:
        """How to carry the remedy out from here, if at all."""
        ...


F = TypeVar("F", bound=Shown)


def show(console: Console, findings: Sequence[F], *, remedy: Callable[[F], str | None]) -> None:
    """Print every finding, and how many stand in the way.

    Args:
        console: Where to.
        findings: In the order in which they are shown.
        remedy: Says what to do about one, in words that need nothing filled in.
    """
    if console.as_json:
        console.document(_document(findings, remedy))
        return
    for finding in findings:
        said = remedy(finding)
        console.answer_marked(
            _MARKS[finding.outcome],
            f"{finding.check:<{_NAME_WIDTH}}{finding.evidence}",
            *([" " * _NAME_WIDTH + said] if said else []),
        )
    console.answer(_summary(findings))


def count(findings: Sequence[Shown], outcome: Outcome) -> int:
    """Return how many findings have this outcome."""
    return sum(finding.outcome == outcome for finding in findings)


def _summary(findings: Sequence[Shown]) -> str:
    outcomes: tuple[tuple[str, Outcome], ...] = (("problem", "fail"), ("warning", "warn"))
    counts = [
        f"{number} {word}{'' if number == 1 else 's'}"
        for word, outcome in outcomes
        if (number := count(findings, outcome))
    ]
    return (", ".join(counts) or "No problems") + "."


def _document(findings: Sequence[F], remedy: Callable[[F], str | None]) -> Document:
    return {
        "findings": [
            {
                "check": finding.check,
                "outcome": finding.outcome,
                "evidence": finding.evidence,
                "remedy": remedy(finding),
                "fixable": finding.fix is not None,
            }
            for finding in findings
        ],
        "problems": count(findings, "fail"),
        "warnings": count(findings, "warn"),
    }
