"""Refreshes that come together: one commit for all, and each answered as if it were alone."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from keyturn.server.accounts import store as accounts
from keyturn.server.events import store as events
from keyturn.server.oauth.errors import Refused
from keyturn.server.sessions import rotations
from keyturn.server.sessions.family_token import FamilyToken
from keyturn.server.sessions.rules import LOOPBACK, Origin, Session
from keyturn.server.storage.base import Row
from tests.server.in_process_ import InProcess

pytestmark = pytest.mark.proves("S-30")
CLIENT = "keyturn-cli"


def families(server: InProcess, count: int) -> list[Session]:
    """Begin families of one person."""
    user = server.person()
    browser, _ = server.browser(user)

    async def begin() -> list[Session]:
        begun = [
            server.services.storage.write(
                server.services.sessions.begin_family_work,
                project_id="default",
                user_id=user.id,
                client_id=CLIENT,
                kind="cli",
                lifetime=LOOPBACK,
                origin=Origin(ip="192.0.2.1"),
                scope="profile",
                resource=None,
                claims=None,
                approved_by=browser.id,
                authenticated_at=server.clock.now,
                now=server.clock.now,
            )
            for _ in range(count)
        ]
        return await asyncio.gather(*begun)

    return server.run(begin())


def commits(server: InProcess, monkeypatch: pytest.MonkeyPatch) -> list[Callable[..., object]]:
    """Return what is going to name each unit of work that is written."""
    found: list[Callable[..., object]] = []
    write = server.services.storage.write

    async def noting(work: Callable[..., object], /, *args: object, **kwargs: object) -> object:
        found.append(work)
        return await write(work, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(server.services.storage, "write", noting)
    return found


def refreshes(server: InProcess, session: Session) -> list[Row]:
    """Return what the audit log has of a session's refreshes."""
    written = server.run(server.services.storage.read(events.of_session, session.id))
    return [row for row in written if row["kind"] == "session.refreshed"]


def test_those_that_ask_at_the_same_moment_share_a_commit_and_each_is_in_the_audit_log(
    server: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, found = families(server, 20), commits(server, monkeypatch)

    async def refresh() -> list[dict[str, Any]]:
        client = await server.services.projects.client(CLIENT)
        assert client is not None
        tokens = [server.services.sessions.refresh_token(one) for one in begun]
        refreshing = server.services.oauth.refreshing
        return await asyncio.gather(
            *(refreshing.refresh(token, client=client, scope=None, ip=None) for token in tokens)
        )

    answers = server.run(refresh())
    assert [answer["session"] for answer in answers] == [one.id for one in begun]
    assert {answer["generation"] for answer in answers} == {1}
    assert [work.__name__ for work in found].count("rotate_all") == 1
    for one in begun:
        facts = [row["facts"] for row in refreshes(server, one)]
        assert facts == ['{"generation": 1, "sibling": 0}']


def test_what_one_asks_for_decides_about_no_other(server: InProcess) -> None:
    good, ended, foreign, twice = families(server, 4)
    services = server.services
    server.run(services.sessions.end(ended.id, reason="revoked"))

    async def rotate() -> list[Session | None]:
        together = rotations.Rotations(services.storage)
        asked = [
            (good, CLIENT, 0),
            (ended, CLIENT, 0),
            (foreign, "another-client", 0),
            (good, CLIENT, 7),
            (twice, CLIENT, 0),
            (twice, CLIENT, 0),
        ]
        return await asyncio.gather(
            *(
                together.rotate(
                    FamilyToken(one.id, generation, 0),
                    client_id=client,
                    ip=None,
                    now=server.clock.now,
                )
                for one, client, generation in asked
            )
        )

    moved = [one and (one.id, one.generation) for one in server.run(rotate())]
    assert moved == [(good.id, 1), None, None, None, (twice.id, 1), None]
    assert [len(refreshes(server, one)) for one in (good, ended, foreign, twice)] == [1, 0, 0, 1]


def test_somebody_who_goes_away_takes_nobody_along(server: InProcess) -> None:
    here, gone = families(server, 2)

    async def rotate() -> Session | None:
        together = rotations.Rotations(server.services.storage)
        tasks = [
            asyncio.create_task(
                together.rotate(
                    FamilyToken(one.id, 0, 0), client_id=CLIENT, ip=None, now=server.clock.now
                )
            )
            for one in (gone, here)
        ]
        await asyncio.sleep(0)
        tasks[0].cancel()
        return await tasks[1]

    moved = server.run(rotate())
    assert moved is not None
    assert moved.generation == 1


def test_a_disabled_account_gets_nothing_by_asking_among_others(server: InProcess) -> None:
    mine, others = families(server, 1)[0], families(server, 2)
    services = server.services
    user = server.run(services.accounts.find("default", mine.user_id))
    assert user is not None
    server.run(services.storage.write(accounts.update, user, disabled_at=1))

    async def refresh() -> list[Any]:
        client = await services.projects.client(CLIENT)
        assert client is not None
        tokens = [services.sessions.refresh_token(one) for one in (mine, *others)]
        asked = [
            services.oauth.refreshing.refresh(token, client=client, scope=None, ip=None)
            for token in tokens
        ]
        return list(await asyncio.gather(*asked, return_exceptions=True))

    refused, *answered = server.run(refresh())
    assert isinstance(refused, Refused)
    assert refused.code == "invalid_grant"
    assert all(isinstance(one, dict) for one in answered)
