"""What a check of the server found: the same shape as the client's findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["pass", "warn", "fail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found.

    Attributes:
        check: The check's name: ``database``.
        outcome: ``pass``; ``warn``: works, and will not always; ``fail``: stands in the way.
        evidence: What was seen, for people. Never a secret.
        remedy: The next step.
        fix: Always ``None``: an operator's remedies are carried out by the operator.
    """

    check: str
    outcome: Outcome
    evidence: str
    remedy: str | None = None
    fix: None = None
