"""What replies say about time, and how long to stay away."""

import pytest

from keyturn.protocol.retry import (
    backoff_seconds,
    clock_skew_seconds,
    is_temporary,
    retry_after_seconds,
    stated_time,
)
from tests.protocol.flow_ import reply

DATE = "Fri, 15 Jan 2027 08:00:00 GMT"
NOW = 1_800_000_000.0


@pytest.mark.proves("K-28")
def test_overload_and_whoever_is_on_the_way_are_temporary_and_refusals_are_not() -> None:
    assert all(map(is_temporary, (407, 408, 425, 429, 500, 502, 503, 504, 511)))
    assert not any(map(is_temporary, (200, 302, 400, 401, 403, 404, 451)))


@pytest.mark.proves("K-45")
def test_each_failure_in_a_row_doubles_the_pause_up_to_a_cap() -> None:
    assert [backoff_seconds(n, base=5) for n in (1, 2, 3, 4, 1000)] == [10, 20, 40, 60, 60]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry_after": "7"}, 7),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "Fri, 15 Jan 2027 08:00:30 GMT"}, None),
        ({"retry_after": "Fri, 15 Jan 2027 08:00:30 GMT", "date": DATE}, 30),
        ({"retry_after": "Fri, 15 Jan 2027 07:00:00 GMT", "date": DATE}, 0),
        ({"retry_after": "Fri, 15 Jan 2027 07:00:00", "date": DATE}, None),
    ],
)
def test_retry_after_counts_from_the_replys_own_date(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after_seconds(reply(503, **headers)) == seconds


@pytest.mark.proves("K-21")
def test_the_skew_of_this_computers_clock_is_measured_against_the_date_header() -> None:
    assert stated_time(reply(200, date=DATE)) == NOW
    assert clock_skew_seconds(reply(200, date=DATE), now=NOW + 400) == 400
    assert clock_skew_seconds(reply(200), now=NOW) is None
    assert clock_skew_seconds(reply(200, date="yesterday"), now=NOW) is None
