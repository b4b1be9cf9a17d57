"""Supersede: what a family's refresh token gets, by where the family stands. Pure.

A predecessor stays good until its successor is known to have arrived, so a crash or a lost answer
never costs a session; anything older is proof of a second holder and ends the family (server
promises S-30 to S-35). Whoever reads this first: ``judge`` is the whole policy.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keyturn.server.sessions.family_token import FamilyToken
    from keyturn.server.sessions.rules import Session

# How long after a rotation its answer is simply given again, to clients that never acknowledge.
WINDOW_MS = 10_000
SIBLINGS_PER_HOUR = 10
HOUR_MS = 3600 * 1000


class Step(enum.Enum):
    """What to do with a presented token."""

    ROTATE = enum.auto()  # the current one: the next generation
    REPEAT = enum.auto()  # the predecessor, within the window: the same successor again
    SIBLING = enum.auto()  # the predecessor, later: a new successor, and the unused one dies
    LATER = enum.auto()  # the predecessor's predecessor, within the window: 503, nothing changes
    SLOWER = enum.auto()  # a sibling too many within the hour: 429, nothing changes
    END = enum.auto()  # older: two hold this family, so it ends


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do, and when asking again makes sense (ms since 1970; 0: at once or never)."""

    step: Step
    again_at: int = 0


def judge(family: Session, token: FamilyToken, *, now: int) -> Verdict:
    """Decide what ``token`` gets from a live ``family``; the token's MAC has been checked."""
    age = family.generation - token.generation
    if age == 0 and token.sibling == family.sibling:
        return Verdict(Step.ROTATE)
    in_window = is_in_window(family, now=now)
    if age == 1 and token.sibling == family.predecessor_sibling:
        if in_window:
            return Verdict(Step.REPEAT)
        return Verdict(Step.END) if family.successor_used else _sibling(family, now)
    if age == 2 and in_window:
        return Verdict(Step.LATER, family.rotated_at + WINDOW_MS)
    return Verdict(Step.END)


def is_in_window(family: Session, *, now: int) -> bool:
    """Say whether the last rotation's answer is still given again. Never once acknowledged."""
    return not family.acknowledged and now - family.rotated_at <= WINDOW_MS


def _sibling(family: Session, now: int) -> Verdict:
    hour_is_over = now - family.siblings_since >= HOUR_MS
    if not hour_is_over and family.siblings_made >= SIBLINGS_PER_HOUR:
        return Verdict(Step.SLOWER, family.siblings_since + HOUR_MS)
    return Verdict(Step.SIBLING)
