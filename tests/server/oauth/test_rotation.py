"""Supersede rotation: crashes are forgiven, a second holder is not."""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import replace

import pytest

from keyturn.server.sessions.family_token import FamilyToken
from keyturn.server.sessions.rotation import WINDOW_MS, Step, judge
from keyturn.server.sessions.rules import Session

NOW = 1_000_000_000
FAMILY = "00000000-0000-4000-8000-000000000000"
FRESH = Session(
    id=FAMILY, project_id="p", user_id="u", client_id="c", kind="cli", rotation="supersede",
    generation=0, sibling=0, predecessor_sibling=0, successor_used=0, acknowledged=0,
    rotated_at=NOW - 3600_000, siblings_since=0, siblings_made=0, scope="", resource=None,
    authenticated_at=NOW, idle_seconds=None, idle_expires_at=None, absolute_expires_at=NOW * 2,
    approved_by=None, host_name=None, system=None, program=None, user_agent=None, ip=None,
    last_used_ip=None, last_used_at=NOW, created_at=NOW, ended_at=None, ended_reason=None,
)  # fmt: skip


def token(generation: int, sibling: int = 0) -> FamilyToken:
    return FamilyToken(FAMILY, generation, sibling)


def rotated(family: Session = FRESH, *, ago: int = 60_000, times: int = 1) -> Session:
    return replace(
        family, generation=family.generation + times, predecessor_sibling=family.sibling,
        sibling=0, successor_used=0, rotated_at=NOW - ago,
    )  # fmt: skip


@pytest.mark.proves("S-30", "S-31", "S-32", "S-33")
@pytest.mark.parametrize(
    ("family", "presented", "step"),
    [
        (FRESH, token(0), Step.ROTATE),
        (rotated(), token(1), Step.ROTATE),
        (rotated(ago=WINDOW_MS), token(0), Step.REPEAT),
        (replace(rotated(ago=5000), successor_used=1), token(0), Step.REPEAT),
        (rotated(ago=WINDOW_MS + 1), token(0), Step.SIBLING),
        (replace(rotated(ago=0), acknowledged=1), token(0), Step.SIBLING),
        (replace(rotated(ago=0), acknowledged=1, successor_used=1), token(0), Step.END),
        (replace(rotated(), successor_used=1), token(0), Step.END),
        (rotated(times=2, ago=5000), token(0), Step.LATER),
        (rotated(times=2), token(0), Step.END),
        (replace(rotated(times=2, ago=0), acknowledged=1), token(0), Step.END),
        (rotated(times=3, ago=0), token(0), Step.END),
        (replace(rotated(), sibling=1), token(1, 0), Step.END),
        (replace(rotated(), predecessor_sibling=1), token(0, 0), Step.END),
        (
            replace(rotated(), siblings_made=10, siblings_since=NOW - 3599_000),
            token(0),
            Step.SLOWER,
        ),
        (
            replace(rotated(), siblings_made=10, siblings_since=NOW - 3600_000),
            token(0),
            Step.SIBLING,
        ),
        (FRESH, token(1), Step.END),
    ],
)
def test_what_a_token_gets_depends_on_where_its_family_stands(
    family: Session, presented: FamilyToken, step: Step
) -> None:
    assert judge(family, presented, now=NOW).step is step


def present(family: Session | None, shown: FamilyToken, now: int) -> tuple[Session | None, bool]:
    """Do to a family what the server does; return it (``None``: ended) and whether it answered."""
    if family is None:
        return None, False
    match judge(family, shown, now=now).step:
        case Step.ROTATE:
            return (
                replace(
                    family, generation=family.generation + 1,
                    predecessor_sibling=family.sibling, sibling=0, successor_used=0,
                    rotated_at=now,
                ),
                True,
            )  # fmt: skip
        case Step.REPEAT:
            return family, True
        case Step.SIBLING:
            return replace(family, sibling=family.sibling + 1, rotated_at=now), True
        case Step.END:
            return None, False
        case _:
            return family, False


@pytest.mark.proves("S-31", "S-33")
@pytest.mark.parametrize("acknowledges", [True, False])
def test_no_crash_and_no_lost_answer_costs_a_client_with_lock_and_compare_its_session(
    acknowledges: bool,
) -> None:
    # State: the family, what the store holds, what the process has in flight, how far time is.
    # Each step: ask and lose the question, ask and lose the answer, ask and crash before storing,
    # store (and acknowledge), or let the window pass. One process at a time: that is the lock.
    start = (FRESH, token(0), 0)
    seen, queue = {_key(start)}, deque([(start, 0)])
    checked = 0
    while queue:
        (family, stored, passed), depth = queue.popleft()
        now = NOW + passed
        _, answered = present(family, stored, now + WINDOW_MS + 1)
        assert answered, (family, stored)
        checked += 1
        if depth == 8:
            continue
        after, got = present(family, stored, now)
        assert after is not None
        nexts = [(after, stored, passed), (family, stored, passed + WINDOW_MS + 1)]
        if got:
            fresh = token(after.generation, after.sibling)
            kept = after
            if acknowledges:
                kept = replace(after, successor_used=1, acknowledged=1)
            nexts += [(kept, fresh, passed), (after, fresh, passed)]
        for state in nexts:
            if _key(state) not in seen:
                seen.add(_key(state))
                queue.append((state, depth + 1))
    assert checked > 50


@pytest.mark.proves("S-35", "T-6")
def test_with_acknowledgement_a_thief_survives_at_most_one_refresh_of_the_owner() -> None:
    # Every order of owner and thief up to eight steps, from a copy taken of the stored token.
    worst = 0
    for order in itertools.product("OT", repeat=8):
        family: Session | None = replace(FRESH, acknowledged=1)
        owner = thief = token(0)
        owner_refreshes = survived = 0
        for step, who in enumerate(order):
            now = NOW + step  # at once: no window can help either of them
            shown = owner if who == "O" else thief
            family, answered = present(family, shown, now)
            if not answered or family is None:
                continue
            fresh = token(family.generation, family.sibling)
            if who == "O":
                owner, owner_refreshes = fresh, owner_refreshes + 1
                family = replace(family, successor_used=1)
            else:
                thief, survived = fresh, owner_refreshes
        worst = max(worst, survived)
    assert worst <= 1


def _key(state: tuple[Session, FamilyToken, int]) -> tuple[object, ...]:
    family, stored, passed = state
    return (
        family.generation, family.sibling, family.predecessor_sibling, family.successor_used,
        family.acknowledged, passed + NOW - family.rotated_at > WINDOW_MS, stored,
    )  # fmt: skip
