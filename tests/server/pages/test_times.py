"""Times in words."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from keyturn.server.pages import times

NOW = datetime(2026, 11, 20, 13, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("past", "words"),
    [
        (timedelta(0), "just now"),
        (timedelta(seconds=-30), "just now"),  # a clock a little ahead of ours
        (timedelta(seconds=1), "1 second ago"),
        (timedelta(seconds=40), "40 seconds ago"),
        (timedelta(seconds=119), "1 minute ago"),
        (timedelta(minutes=4), "4 minutes ago"),
        (timedelta(hours=5), "5 hours ago"),
        (timedelta(hours=13), "13 hours ago"),
        (timedelta(hours=19, minutes=20), "yesterday"),
        (timedelta(days=23), "23 days ago"),
        (timedelta(days=90), "22 August"),
        (timedelta(days=400), "16 October 2025"),
    ],
)
def test_the_past_is_told_as_people_tell_it(past: timedelta, words: str) -> None:
    assert times.ago(NOW - past, NOW) == words


def test_shortly_after_midnight_the_last_hours_are_hours_not_yesterday() -> None:
    midnight = datetime(2026, 11, 21, 0, 5, tzinfo=UTC)

    assert times.ago(midnight - timedelta(minutes=20), midnight) == "20 minutes ago"
    assert times.ago(midnight - timedelta(hours=3), midnight) == "3 hours ago"


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (timedelta(seconds=59), "in 59 seconds"),
        (timedelta(minutes=9, seconds=59), "in 9 minutes"),
        (timedelta(days=2), "in 2 days"),
        (timedelta(0), "now"),
        (timedelta(minutes=-5), "now"),
    ],
)
def test_time_left_is_rounded_down_so_that_nobody_is_promised_too_much(
    ahead: timedelta, words: str
) -> None:
    assert times.until(NOW + ahead, NOW) == words


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (timedelta(seconds=61), "2 minutes"),
        (timedelta(seconds=60), "1 minute"),
        (timedelta(minutes=15), "15 minutes"),
        (timedelta(minutes=14, seconds=1), "15 minutes"),
        (timedelta(hours=25), "2 days"),
        (timedelta(seconds=-3), "1 second"),
    ],
)
def test_a_wait_is_rounded_up_so_that_nobody_comes_back_too_early(
    ahead: timedelta, words: str
) -> None:
    assert times.wait(NOW + ahead, NOW) == words


def test_the_time_to_come_back_at_is_the_next_full_minute() -> None:
    assert times.due(NOW + timedelta(seconds=61), NOW) == "13:03 UTC"
    assert times.due(NOW + timedelta(minutes=15), NOW) == "13:16 UTC"


def test_days_are_named_near_by_and_dated_further_off() -> None:
    assert times.day(NOW - timedelta(hours=5), NOW) == "today"
    assert times.day(NOW - timedelta(days=1), NOW) == "yesterday"
    assert times.day(NOW - timedelta(days=8), NOW) == "12 November"
    assert times.day(NOW - timedelta(days=400), NOW) == "16 October 2025"
    assert times.end_day(NOW, NOW) == "today"
    assert times.end_day(NOW + timedelta(days=1), NOW) == "tomorrow"
    assert times.end_day(NOW + timedelta(days=6), NOW) == "on 26 November"


def test_clock_times_say_utc_whatever_zone_the_value_came_in() -> None:
    tokyo = timezone(timedelta(hours=9))
    moment = datetime(2026, 11, 20, 22, 10, tzinfo=tokyo)

    assert times.clock(moment, NOW) == "13:10 UTC"
    assert times.clock(moment + timedelta(days=1), NOW) == "13:10 UTC on 21 November"
    assert times.stamp(moment) == "20 November 2026, 13:10:00 UTC"
    assert times.machine(moment) == "2026-11-20T13:10:00Z"
