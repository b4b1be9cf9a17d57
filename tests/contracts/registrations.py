"""What every storage promises to programs that register themselves: the cap, and whole ends."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from keyturn.server.oauth import registration
from keyturn.server.oauth import registration_store as store
from keyturn.server.oauth.registration import Full, NoRegistration, Registered, Registrations
from keyturn.server.oauth.resources import Resources
from keyturn.server.projects import store as projects_store
from keyturn.server.projects.rules import ProjectConfig
from keyturn.server.projects.service import Projects
from keyturn.server.secret import ServerSecret
from keyturn.server.sessions.service import Sessions
from keyturn.server.storage.base import Storage, Work, every
from tests.contracts.storage import Database, in_a_loop

SENT: dict[str, Any] = {
    "redirect_uris": ["http://127.0.0.1/callback"],
    "token_endpoint_auth_method": "none",
}
NOW = 1_795_000_000_000
CAP = 5


class StillClock:
    """Stands still."""

    def now_ms(self) -> int:
        return NOW


def programs(storage: Storage) -> Registrations:
    """Return registrations over ``storage``, as one process has them."""
    secret, clock = ServerSecret(b"s" * 32), StillClock()
    return Registrations(
        storage,
        secret,
        clock,
        Projects(storage, secret, clock),
        Resources([], issuer="https://id.acme.dev", site_name="Acme"),
        Sessions(storage, secret, clock),
        limit_volume=True,
    )


def open_project() -> Work[None]:
    """Make a project in which anybody may register."""
    config = ProjectConfig(registration="open")
    yield from projects_store.save_project("acme", "Acme", config, declared=True, now=NOW)


def sweep(before: int) -> Work[int]:
    """Sweep as the sweeper does; return how many clients went."""
    return len((yield from every("sweep_unused_clients", before=before, most=500)))


async def register(process: Registrations) -> Registered:
    """Register one program, from an address of its own."""
    address = f"2001:470:{uuid4().int % 9999 + 1:x}::1"
    return await process.register(SENT, initial_access_token=None, ip=address)


class RegistrationContract:
    """Inherit beside ``StorageContract``, and provide ``database``."""

    @pytest.mark.proves("T-11")
    def test_of_many_that_register_at_once_on_two_processes_no_more_than_the_cap_are_taken(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(registration, "MOST_UNUSED", CAP)

        async def test() -> None:
            here, there = await database.open(), await database.open()
            await here.write(open_project)
            both = programs(here), programs(there)
            units = [register(process) for _ in range(10) for process in both]
            outcomes = await asyncio.gather(*units, return_exceptions=True)
            kinds = [type(outcome) for outcome in outcomes]
            assert kinds.count(Registered) == CAP
            assert kinds.count(Full) == 20 - CAP
            assert await there.read(store.unused, "acme") == CAP
            await here.close()
            await there.close()

        in_a_loop(test())

    @pytest.mark.proves("T-11")
    def test_a_used_client_outlives_the_sweep_and_what_goes_goes_as_a_whole(
        self, database: Database
    ) -> None:
        async def test() -> None:
            storage = await database.open()
            await storage.write(open_project)
            process = programs(storage)
            used, unused, deleted = [await register(process) for _ in range(3)]
            await storage.write(store.note_use, used.client.id, now=NOW)
            await process.delete(deleted.client.id, deleted.token)
            assert await storage.write(sweep, NOW) == 0
            assert await storage.write(sweep, NOW + 1) == 1
            assert (await process.read(used.client.id, used.token)).client == used.client
            for gone in (unused, deleted):
                assert await storage.read(projects_store.client, gone.client.id) is None
                assert await storage.read(store.by_client, gone.client.id) is None
                with pytest.raises(NoRegistration):
                    await process.update(gone.client.id, gone.token, SENT)
            await storage.close()

        in_a_loop(test())
