"""How long a thief of a refresh token survives: every order of owner and thief, up to 8 steps.

The owner's answers and acknowledgements may be lost and its processes may crash at any step; the
thief copies what is stored whenever it likes, refreshes, and may acknowledge as the owner does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from keyturn.server.sessions.rotation import WINDOW_MS, is_in_window
from tests.server.oauth.test_rotation import FRESH, NOW, present, token

if TYPE_CHECKING:
    from keyturn.server.sessions.family_token import FamilyToken
    from keyturn.server.sessions.rules import Session

STEPS = 8


@dataclass(frozen=True, kw_only=True)
class World:
    """Whether clients acknowledge, and whether every acknowledgement arrives."""

    acknowledges: bool
    heard: bool = False


@dataclass(frozen=True)
class State:
    """Where everybody stands.

    ``renewals`` counts what the owner got and stored since the theft; ``survived`` is how many of
    them there had been when the thief last got something.
    """

    family: Session
    now: int
    owner: FamilyToken
    thief: FamilyToken | None = None
    renewals: int = 0
    survived: int = 0
    turn: str = "owner"

    def key(self) -> tuple[object, ...]:
        """Return what the future depends on: of time, whether the window is open."""
        family = self.family
        return (
            family.generation, family.sibling, family.predecessor_sibling, family.successor_used,
            family.acknowledged, is_in_window(family, now=self.now), self.owner, self.thief,
            self.renewals, self.survived, self.turn,
        )  # fmt: skip


def acknowledged(family: Session) -> Session:
    return replace(family, successor_used=1, acknowledged=1)


def owners_steps(state: State, world: World) -> Iterator[State | None]:
    """Yield what one step of the owner leads to; ``None``: the family has ended."""
    after, answered = present(state.family, state.owner, state.now)
    if after is None:
        yield None
        return
    yield replace(state, family=after)  # the answer lost, or a crash before it was stored
    if answered:
        fresh = token(after.generation, after.sibling)
        stored = replace(
            state, family=after, owner=fresh, renewals=state.renewals + (state.thief is not None)
        )
        if not world.heard:
            yield stored  # the acknowledgement lost, or a crash before it
        if world.acknowledges:
            yield replace(stored, family=acknowledged(after))
    if state.thief is None:
        yield replace(state, thief=state.owner)  # the theft


def thiefs_steps(state: State, world: World) -> Iterator[State | None]:
    """Yield what one step of the thief leads to."""
    if state.thief is None:
        return
    after, answered = present(state.family, state.thief, state.now)
    if after is None:
        yield None
    elif answered:
        fresh = token(after.generation, after.sibling)
        got = replace(state, family=after, thief=fresh, survived=state.renewals)
        yield got
        if world.acknowledges:
            yield replace(got, family=acknowledged(after))


def explore(world: World) -> tuple[int, int, int]:
    """Return how many states there are, how many orders end the family, and the worst survival."""
    start = State(replace(FRESH, acknowledged=int(world.acknowledges)), NOW, token(0))
    seen, queue = {start.key()}, deque([(start, 0)])
    ended = worst = 0
    while queue:
        state, depth = queue.popleft()
        worst = max(worst, state.survived)
        if depth == STEPS:
            continue
        for step in reachable(state, world):
            if step is None:
                ended += 1
            elif step.key() not in seen:
                seen.add(step.key())
                queue.append((step, depth + 1))
    return len(seen), ended, worst


def reachable(state: State, world: World) -> Iterator[State | None]:
    """Yield where one step of anybody leads, at once and after the window has passed."""
    later = replace(state, now=state.now + WINDOW_MS + 1)
    yield later
    for turn, steps in (("owner", owners_steps), ("thief", thiefs_steps)):
        # Without acknowledgements the bound holds for a thief that stays away from the owner's
        # refreshes by more than the window; with them, for one that comes at any time.
        at = state if world.acknowledges or turn == state.turn else later
        for step in steps(at, world):
            yield step and replace(step, turn=turn)


@pytest.mark.proves("S-32", "S-33", "S-35", "T-6")
@pytest.mark.parametrize(
    "world",
    [World(acknowledges=True), World(acknowledges=False)],
    ids=["acknowledged", "outside the window"],
)
def test_in_every_order_a_thief_survives_at_most_one_refresh_of_the_owner(world: World) -> None:
    states, ended, worst = explore(world)
    assert states > 500
    assert ended > 100
    assert worst == 1


@pytest.mark.proves("S-32", "S-35", "T-6")
def test_where_every_acknowledgement_arrives_the_owners_next_refresh_is_the_thiefs_end() -> None:
    states, ended, worst = explore(World(acknowledges=True, heard=True))
    assert states > 500
    assert ended > 100
    assert worst == 0
