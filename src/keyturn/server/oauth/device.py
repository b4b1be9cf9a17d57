"""The person's half of the device grant (RFC 8628): start, type the code, see who asks, decide.

The browser that first opens a code owns it. To every other one it is as if the code did not exist,
so a code read over a shoulder can be neither watched nor decided elsewhere.
"""

from __future__ import annotations

import secrets
import uuid
from typing import TYPE_CHECKING

from keyturn.protocol.codes import (
    DEVICE_CODE_PREFIX,
    grouped,
    new_user_code,
    normalized_user_code,
)
from keyturn.server.events import store as events
from keyturn.server.http import limits
from keyturn.server.http.limits import Limit
from keyturn.server.http.origin import subscriber
from keyturn.server.oauth import rules, store
from keyturn.server.oauth.device_request import DeviceOutcome, DeviceRequest, Started, topic
from keyturn.server.secret import new_token
from keyturn.server.storage.base import announce

if TYPE_CHECKING:
    from keyturn.server.accounts.rules import User
    from keyturn.server.clock import Clock
    from keyturn.server.projects.rules import Client
    from keyturn.server.secret import ServerSecret
    from keyturn.server.sessions.rules import Origin, Session
    from keyturn.server.storage.base import Row, Storage, Work
    from keyturn.server.waiting import Hub

WINDOW_SECONDS = 600
GUESSES_PER_ACCOUNT = 5
GUESSES_PER_ADDRESS = 20
# Of 20**8 codes: a thousand guesses in ten minutes find one of 10,000 pending in 2,500 windows.
GUESSES_OF_ALL = 1000
STARTS_PER_ADDRESS = 300


class Devices:
    """Starts device authorizations, lets one browser open each, and takes its decision."""

    def __init__(
        self, storage: Storage, secret: ServerSecret, clock: Clock, hub: Hub, *, limit_volume: bool
    ) -> None:
        self._storage, self._secret, self._clock, self._hub = storage, secret, clock, hub
        self._limit_volume = limit_volume

    async def start(
        self,
        client: Client,
        *,
        scope: str,
        resource: tuple[str, ...] = (),
        origin: Origin,
        counted_ip: str | None,
    ) -> Started:
        """Begin an attempt; ``counted_ip`` is ``None`` where a proxy hides who asks.

        Raises:
            TooMany: that address has begun too many.
        """
        return await self._storage.write(
            self._start, client, scope, resource, origin, counted_ip, self._clock.now_ms()
        )

    async def open_code(
        self, typed: str, *, project_id: str, owner: bytes, user_id: str, ip: str | None
    ) -> DeviceRequest | None:
        """Return what a typed code asks for; ``None``: unknown, expired or another browser's.

        Args:
            typed: As typed; case, spaces and punctuation do not matter.
            project_id: The project of the page; codes of others are unknown there.
            owner: The keyed hash of the browser's id.
            user_id: Who is signed in there.
            ip: Where the guess came from; ``None`` where a proxy hides it.

        Raises:
            TooMany: too many wrong codes; not even a right one is looked at now.
        """
        return await self._storage.write(
            self._open,
            typed,
            project_id,
            owner,
            guess_limits(user_id, ip),
            now=self._clock.now_ms(),
        )

    async def find(self, request_id: str, *, owner: bytes) -> DeviceRequest | None:
        """Return a live request that this browser has opened, decided or not."""
        row = await self._storage.read(
            store.owned_device, request_id, owner=owner, now=self._clock.now_ms()
        )
        return DeviceRequest.from_row(row) if row else None

    async def decide(
        self,
        request_id: str,
        *,
        owner: bytes,
        approve: bool,
        browser_session: Session,
        user: User,
        ip: str | None = None,
    ) -> DeviceOutcome:
        """Approve or deny for the person signed in, once; then wake the program that waits."""
        outcome = await self._storage.write(
            self.decide_work,
            request_id,
            owner=owner,
            approve=approve,
            browser_session=browser_session,
            user=user,
            ip=ip,
            now=self._clock.now_ms(),
        )
        self.announce(request_id)
        return outcome

    async def withdraw(self, request_id: str, *, owner: bytes) -> DeviceRequest | None:
        """Take an approval back; the program's session, if it has one by now, is the caller's."""
        row = await self._storage.write(self._withdraw, request_id, owner)
        self.announce(request_id)
        return DeviceRequest.from_row(row) if row else None

    def _withdraw(self, request_id: str, owner: bytes) -> Work[Row | None]:
        row = yield from store.withdraw_device(request_id, owner=owner)
        yield from announce(topic(request_id))
        return row

    def announce(self, request_id: str) -> None:
        """Wake whoever waits; for callers of ``decide_work``, once their transaction is durable."""
        self._hub.wake(topic(request_id))

    def decide_work(
        self,
        request_id: str,
        *,
        owner: bytes,
        approve: bool,
        browser_session: Session,
        user: User,
        ip: str | None,
        now: int,
    ) -> Work[DeviceOutcome]:
        """Decide inside another transaction: the one that uses up the form's token."""
        row = yield from store.decide_device(
            request_id,
            owner=owner,
            project_id=user.project_id,
            decision="approve" if approve else "deny",
            user_id=user.id,
            approved_by=browser_session.id,
            now=now,
        )
        if row is None:
            earlier = yield from store.owned_device(request_id, owner=owner, now=now)
            if earlier is None or earlier["decision"] is None:
                return DeviceOutcome(kind="gone")
            return DeviceOutcome(kind="decided", request=DeviceRequest.from_row(earlier))
        yield from events.record(
            "device.approved" if approve else "device.denied",
            now=now,
            project_id=user.project_id,
            user_id=user.id,
            ip=ip,
            client=row["client_id"],
            request=request_id,
        )
        yield from announce(topic(request_id))
        request = DeviceRequest.from_row(row)
        return DeviceOutcome(kind="approved" if approve else "denied", request=request)

    def _start(
        self,
        client: Client,
        scope: str,
        resource: tuple[str, ...],
        origin: Origin,
        counted_ip: str | None,
        now: int,
    ) -> Work[Started]:
        if self._limit_volume and counted_ip:
            volume = Limit(
                f"device starts of {subscriber(counted_ip)}", STARTS_PER_ADDRESS, WINDOW_SECONDS
            )
            yield from limits.take([volume], now)
        request_id, device_code = str(uuid.uuid4()), new_token(DEVICE_CODE_PREFIX)
        free = False
        while not free:
            user_code = new_user_code(secrets.choice)
            free = yield from store.insert_device(
                request_id,
                device_code_hash=self._secret.hash("device code", device_code),
                user_code_hash=self._secret.hash("user code", user_code),
                client_id=client.id,
                project_id=client.project_id,
                scope=scope,
                resource=" ".join(resource) or None,
                origin=origin,
                interval_seconds=rules.DEVICE_INTERVAL_SECONDS,
                now=now,
                expires_at=now + rules.DEVICE_CODE_SECONDS * 1000,
            )
        return Started(
            request_id=request_id,
            device_code=device_code,
            user_code=grouped(user_code),
            expires_in=rules.DEVICE_CODE_SECONDS,
            interval=rules.DEVICE_INTERVAL_SECONDS,
        )

    def _open(
        self, typed: str, project_id: str, owner: bytes, counted: list[Limit], *, now: int
    ) -> Work[DeviceRequest | None]:
        yield from limits.take(counted, now)
        letters = normalized_user_code(typed)
        if letters is None:
            return None
        row = yield from store.open_device(
            self._secret.hash("user code", letters), project_id=project_id, owner=owner, now=now
        )
        if row is None:
            return None
        yield from limits.give_back(counted)
        return DeviceRequest.from_row(row)


def guess_limits(user_id: str, ip: str | None) -> list[Limit]:
    """Return what one typed code counts against. These are never lifted by a setting."""
    found = [
        Limit(f"user code of account {user_id}", GUESSES_PER_ACCOUNT, WINDOW_SECONDS),
        Limit("user code of all", GUESSES_OF_ALL, WINDOW_SECONDS),
    ]
    if ip is not None:
        found.append(Limit(f"user code of {subscriber(ip)}", GUESSES_PER_ADDRESS, WINDOW_SECONDS))
    return found
