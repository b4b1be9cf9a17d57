"""What a check found, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Outcome = Literal["pass", "warn", "fail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """A remedy that can be carried out from here, once somebody agreed.

    Attributes:
        question: What to ask first.
        apply: Carries it out; ``None``: it is a new sign-in, which is the caller's to run.
    """

    question: str
    apply: Callable[[], None] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found.

    Attributes:
        check: The check's name: ``clock``.
        outcome: ``pass``; ``warn``: works, and will not always; ``fail``: stands in the way.
        evidence: What was seen, for people. Never a secret.
        remedy: The next step, with ``{program}`` where the program's name belongs.
        fix: How to carry it out from here, where that is possible.
    """

    check: str
    outcome: Outcome
    evidence: str
    remedy: str | None = None
    fix: Fix | None = field(default=None, repr=False)


SIGN_IN = Fix(question="Sign in now?")
