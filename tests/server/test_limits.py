"""Limits count what the server knows, before it judges, and nobody resets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from keyturn.server.http.limits import Limit, TooMany
from keyturn.server.http.origin import client_ip

if TYPE_CHECKING:
    from tests.server.in_process_ import InProcess, SetClock

FIVE = Limit("guesses of ada", 5, 600)


def test_the_sixth_try_is_refused_until_the_window_ends(server: InProcess, clock: SetClock) -> None:
    take = server.services.limits.take
    for _ in range(5):
        server.run(take([FIVE]))
    with pytest.raises(TooMany) as refused:
        server.run(take([FIVE]))
    assert refused.value.until == clock.now + 600_000
    clock.advance(599)
    with pytest.raises(TooMany):
        server.run(take([FIVE]))
    clock.advance(1)
    server.run(take([FIVE]))


def test_a_try_over_one_limit_counts_under_none(server: InProcess) -> None:
    other = Limit("guesses of all", 100, 600)
    for _ in range(5):
        server.run(server.services.limits.take([FIVE]))
    for _ in range(200):
        with pytest.raises(TooMany):
            server.run(server.services.limits.take([other, FIVE]))
    server.run(server.services.limits.take([other]))


def test_a_good_try_is_given_back(server: InProcess) -> None:
    for _ in range(20):
        server.run(server.services.limits.take([FIVE]))
        server.run(server.services.limits.give_back([FIVE]))


@pytest.mark.proves("S-62")
@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "expected"),
    [
        ("203.0.113.1", "198.51.100.1", (), "203.0.113.1"),
        ("10.0.0.1", "198.51.100.1", ("10.0.0.0/8",), "198.51.100.1"),
        ("10.0.0.1", "1.2.3.4, 198.51.100.1", ("10.0.0.0/8",), "198.51.100.1"),
        ("10.0.0.1", "1.2.3.4, 198.51.100.1, 10.0.0.2", ("10.0.0.0/8",), "198.51.100.1"),
        ("203.0.113.1", "198.51.100.1", ("10.0.0.0/8",), "203.0.113.1"),
        ("10.0.0.1", "nonsense", ("10.0.0.0/8",), "10.0.0.1"),
        ("::ffff:203.0.113.1", None, (), "203.0.113.1"),
        ("not an address", None, (), None),
        (None, "198.51.100.1", (), None),
    ],
)
def test_a_forwarded_address_counts_only_as_far_as_trusted_proxies_wrote_it(
    peer: str | None, forwarded: str | None, trusted: tuple[str, ...], expected: str | None
) -> None:
    assert client_ip(peer, forwarded, trusted) == expected
