"""Which of Keyturn's numbered promises a test of the shipped suites is about.

A plain decorator and no pytest marker: those have to be declared in every project that uses them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

F = TypeVar("F", bound=Callable[..., object])


def proves(*numbers: str) -> Callable[[F], F]:
    """Note that a test proves the promises with these ``numbers`` (docs/reference/promises.md)."""

    def noted(test: F) -> F:
        test.__dict__["promises"] = numbers
        return test

    return noted
