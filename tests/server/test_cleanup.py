"""Sweeping removes what has ended and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.cleanup.sweeper import Sweeper
from tests.server.person_ import PASSWORD, Person, authorize_path

if TYPE_CHECKING:
    from tests.server.in_process_ import InProcess

DAY = 24 * 3600


def test_finished_attempts_go_a_day_after_their_end_and_live_sessions_stay(
    server: InProcess,
) -> None:
    person = Person(server)
    person.open("/sign-up")
    person.press("/sign-up", email="ada@example.com", password=PASSWORD)
    person.open(authorize_path())
    server.post("/oauth/device_authorization", data={"client_id": "keyturn-cli"})
    sweeper = Sweeper(server.services.storage, server.services.clock)
    assert server.run(sweeper.sweep()) == 0
    server.clock.advance(2 * DAY)
    assert server.run(sweeper.sweep()) >= 2
    assert server.run(sweeper.sweep()) == 0
    assert person.open("/sessions").status_code == 200


def test_ended_sessions_are_kept_for_a_month_and_then_removed(server: InProcess) -> None:
    user = server.person()
    session, _ = server.browser(user)
    server.run(server.services.sessions.end(session.id, reason="test"))
    sweeper = Sweeper(server.services.storage, server.services.clock)
    server.clock.advance(29 * DAY)
    server.run(sweeper.sweep())
    assert server.run(server.services.sessions.find(session.id)) is not None
    server.clock.advance(2 * DAY)
    server.run(sweeper.sweep())
    assert server.run(server.services.sessions.find(session.id)) is None
