"""Neither what an answer says nor how long it takes tells what was nearly found (threat T-10).

The bounded part compares answers byte for byte. In full, 2 x 10,000 answers of each kind are timed;
the test fails only where the whole interval lies beyond a bound, so a busy machine cannot fail it
by chance, and a difference below the bound is told and not hidden.
"""

import os
import random
import re
from collections.abc import Callable, Iterator

import httpx2
import pytest

from tests.faults.alike_ import difference, timed_in_pairs
from tests.faults.questions_ import EVERY, Question
from tests.requirements_ import rounds
from tests.server.in_process_ import InProcess

pytestmark = pytest.mark.sweep

COMPARED = rounds(bounded=4, full=50)
PAIRS = 10_000
# What five or ten tries in ten minutes can never show, and a network's own jitter hides: 0.2 ms,
# or 2 % where the answer takes its time anyway.
BOUND_SECONDS = 0.0002
BOUND_SHARE = 0.02
_DRAWN = re.compile(r'(?<="nonce":")(\w+)')
_OF_ITS_OWN = ("x-stack-request-id", "x-request-id", "date")

KINDS = pytest.mark.parametrize("kind", EVERY)


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    started = InProcess(tmp_path_factory.mktemp("alike") / "data", rate_limits="off")
    yield started
    started.close()


def answer(server: InProcess, asked: Question) -> httpx2.Response:
    return server.post(asked.path, **asked.options)


def comparable(found: httpx2.Response, asked: Question) -> tuple[int, str, list[tuple[str, str]]]:
    headers = [(k, v) for k, v in found.headers.multi_items() if k not in _OF_ITS_OWN]
    # What is drawn by lot says nothing, but how much of it there is might.
    text = _DRAWN.sub(lambda drawn: f"{len(drawn[1])} letters", found.text)
    return found.status_code, text.replace(asked.said, "SAID"), headers


@pytest.mark.proves("T-10")
@KINDS
def test_the_answers_are_the_same_to_the_byte(server: InProcess, kind: str) -> None:
    pairs = EVERY[kind](server)
    for _ in range(COMPARED):
        nothing, something = next(pairs)
        first, second = answer(server, nothing), answer(server, something)
        assert comparable(first, nothing) == comparable(second, something)
        assert len(first.content) == len(second.content)


@pytest.mark.proves("T-10")
@pytest.mark.skipif(os.environ.get("KEYTURN_FAULTS") != "full", reason="in full by make faults")
@KINDS
def test_the_answers_take_equally_long(
    server: InProcess, kind: str, tell: Callable[[str], None]
) -> None:
    pairs = EVERY[kind](server)
    client = server.client()

    def ask(asked: Question) -> Callable[[], None]:
        async def send() -> None:
            await client.post(asked.path, **asked.options)

        return lambda: server.run(send())

    def pair() -> tuple[Callable[[], None], Callable[[], None]]:
        client.cookies.clear()
        nothing, something = next(pairs)
        return ask(something), ask(nothing)

    for _ in range(20):  # first times are of another kind
        for call in pair():
            call()
    found = timed_in_pairs(pair, pairs=PAIRS, lot=random.Random(PAIRS))  # noqa: S311
    bound = max(BOUND_SECONDS, BOUND_SHARE * found.typical)
    tell(f"{kind}: {found}; bound {bound * 1e6:.0f} us")
    assert not found.lies_beyond(bound), str(found)


def noise(lot: random.Random) -> float:
    """Return a time as a busy machine makes them: a long tail, and now and then a stall."""
    return 0.001 + lot.expovariate(3000) + (0.05 if lot.random() < 0.02 else 0.0)


def test_on_a_busy_machine_nothing_is_found_where_there_is_nothing() -> None:
    lot = random.Random(1)  # noqa: S311 - drawn to be the same each time
    times = [[noise(lot) for _ in range(2000)] for _ in range(2)]
    found = difference(*times)
    assert found.low < 0 < found.high
    assert abs(found.slower - 0.5) < found.slower_margin
    assert not found.lies_beyond(0)


def test_on_a_busy_machine_a_difference_is_found_in_the_midst_of_the_noise() -> None:
    lot = random.Random(2)  # noqa: S311 - drawn to be the same each time
    slower = [noise(lot) + 0.0003 for _ in range(2000)]
    found = difference(slower, [noise(lot) for _ in range(2000)])
    assert found.low < 0.0003 < found.high
    assert found.lies_beyond(BOUND_SECONDS)
    assert difference(slower[::-1], slower[::-1]).median == 0
