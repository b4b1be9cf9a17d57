"""Guessing user codes: counted by account, address and in all, whatever the guess looks like."""

from collections.abc import Callable

import pytest

from keyturn.server.http.limits import TooMany
from keyturn.server.oauth.device import GUESSES_OF_ALL, WINDOW_SECONDS
from tests.server.in_process_ import InProcess, SetClock
from tests.server.oauth.grants_ import OWNER, start_device

WRONG = ["BBBB-BBBB", "bbbb bbbb", " BBBBBBBB", "b.b.b.b-b.b.b.b", "AAAA-AAAA"]


def guess(server: InProcess, typed: str, *, account: str = "ada", ip: str | None = None) -> bool:
    """Type a code; say whether it was one."""
    opened = server.services.devices.open_code(
        typed, project_id="default", owner=OWNER, user_id=account, ip=ip
    )
    return server.run(opened) is not None


@pytest.mark.proves("S-23", "T-10")
def test_the_sixth_wrong_code_of_an_account_is_not_even_looked_at(server: InProcess) -> None:
    right = start_device(server)["user_code"]
    for number, typed in enumerate(WRONG):
        assert not guess(server, typed, ip=f"192.0.2.{number}")
    with pytest.raises(TooMany) as reached:
        guess(server, right, ip="198.51.100.1")
    assert reached.value.until == server.clock.now + WINDOW_SECONDS * 1000
    assert guess(server, right, account="somebody else")


@pytest.mark.proves("S-23")
def test_a_right_code_gives_its_try_back_and_no_more(server: InProcess) -> None:
    for _ in range(4):
        assert not guess(server, WRONG[0])
    for _ in range(10):
        assert guess(server, start_device(server)["user_code"].lower().replace("-", " "))
    assert not guess(server, WRONG[0])
    with pytest.raises(TooMany):
        guess(server, WRONG[0])


@pytest.mark.proves("S-23")
def test_the_limit_ends_with_its_window(server: InProcess, clock: SetClock) -> None:
    for typed in WRONG:
        guess(server, typed)
    clock.advance(WINDOW_SECONDS)
    assert not guess(server, WRONG[0])


@pytest.mark.proves("S-23", "T-10")
@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::{}"])
def test_the_21st_wrong_code_of_an_address_is_refused_whoever_signs_in(
    server: InProcess, address: str
) -> None:
    for number in range(20):
        ip = address.format(number + 1)  # one subscriber holds a whole /64 of IPv6
        assert not guess(server, WRONG[0], account=f"account {number}", ip=ip)
    with pytest.raises(TooMany):
        guess(server, WRONG[0], account="one more", ip=address.format("ffff"))
    assert not guess(server, WRONG[0], account="elsewhere", ip="203.0.113.9")


@pytest.mark.proves("S-23")
def test_all_guesses_together_are_capped(server: InProcess) -> None:
    async def all_but_none() -> None:
        for number in range(GUESSES_OF_ALL):
            await server.services.devices.open_code(
                WRONG[0], project_id="default", owner=OWNER, user_id=f"account {number}", ip=None
            )

    server.run(all_but_none())
    with pytest.raises(TooMany):
        guess(server, WRONG[0], account="one more")


@pytest.mark.proves("S-23")
def test_no_setting_lifts_the_limit_on_guesses(start_server: Callable[..., InProcess]) -> None:
    server = start_server(rate_limits="off")
    for typed in WRONG:
        guess(server, typed)
    with pytest.raises(TooMany):
        guess(server, WRONG[0])


@pytest.mark.proves("T-11")
def test_one_address_cannot_begin_without_end(start_server: Callable[..., InProcess]) -> None:
    for limits, last in (("on", 429), ("off", 200)):
        server = start_server(rate_limits=limits)

        async def begin(server: InProcess = server) -> tuple[int, str | None]:
            async with server.client() as client:
                for _ in range(301):
                    reply = await client.post(
                        "/oauth/device_authorization", data={"client_id": "keyturn-cli"}
                    )
                return reply.status_code, reply.headers.get("retry-after")

        assert server.run(begin()) == (last, "600" if last == 429 else None)
