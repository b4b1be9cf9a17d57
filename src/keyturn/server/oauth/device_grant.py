"""The program's half of the device grant: polling, at its pace or held (RFC 8628 section 3.4)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from keyturn.server.oauth import rules, store
from keyturn.server.oauth.device_request import topic
from keyturn.server.oauth.errors import ClientGone, Refused, invalid_grant
from keyturn.server.oauth.pace import Paces
from keyturn.server.waiting import Later

if TYPE_CHECKING:
    from keyturn.server.clock import Clock
    from keyturn.server.oauth.issue import Issuer
    from keyturn.server.projects.rules import Client
    from keyturn.server.secret import ServerSecret
    from keyturn.server.sessions.rules import Origin, Session
    from keyturn.server.storage.base import Row, Storage, Work
    from keyturn.server.waiting import Hub


@dataclass(frozen=True, slots=True)
class _Presented:
    """A code as it was presented: its keyed hash, by whom, for what and from where."""

    hash: bytes
    client: Client
    resource: tuple[str, ...]
    origin: Origin
    is_gone: Callable[[], Awaitable[bool]]


class DeviceGrant:
    """Answers polls, and redeems an approved code exactly once (server promise S-23)."""

    def __init__(
        self,
        storage: Storage,
        secret: ServerSecret,
        clock: Clock,
        hub: Hub,
        issuer: Issuer,
    ) -> None:
        self._storage, self._secret, self._clock = storage, secret, clock
        self._hub, self._issuer = hub, issuer
        self._paces = Paces(storage, clock)

    async def poll(
        self,
        device_code: str,
        *,
        client: Client,
        resource: tuple[str, ...],
        origin: Origin,
        wait_seconds: int,
        is_gone: Callable[[], Awaitable[bool]],
    ) -> dict[str, Any] | Later[dict[str, Any]]:
        """Return the token answer of an approved code, or what waits for it to be approved.

        Args:
            device_code: What the program was given.
            client: Who polls.
            resource: Which of the granted resources the access token is for.
            origin: Where the poll came from.
            wait_seconds: How long to hold the answer while nobody has decided; 0: not at all.
            is_gone: Whether the poller has hung up; asked before a held poll uses up the code.

        Raises:
            Refused: authorization_pending, slow_down, access_denied, expired_token, or
                invalid_grant for a code that is unknown, another client's, or redeemed,
                invalid_target for a resource that was not granted.
            ClientGone: it has hung up; the code is left for its next poll.
        """
        code = _Presented(
            self._secret.hash("device code", device_code), client, resource, origin, is_gone
        )
        row = await self._find(code)
        if self._state(row) == "pending" and wait_seconds:
            left = (row["expires_at"] - self._clock.now_ms()) / 1000
            seconds = min(float(wait_seconds), left)
            return Later(partial(self._held, code, topic(row["id"]), seconds))
        if self._state(row) == "pending" and not await self._paces.keeps(row):
            raise Refused("slow_down", "poll five seconds more slowly from now on")
        return await self._answer(row, code, asks_first=wait_seconds > 0)

    async def _held(self, code: _Presented, name: str, seconds: float) -> dict[str, Any]:
        """Wait for a decision; while waiting, no statement runs."""
        look = partial(self._decided, code)
        decided = await self._hub.wait(name, seconds=seconds, check=look)
        return await self._answer(decided or await self._find(code), code, asks_first=True)

    async def _decided(self, code: _Presented) -> Row | None:
        found = await self._find(code)
        return None if self._state(found) == "pending" else found

    async def _answer(self, row: Row, code: _Presented, *, asks_first: bool) -> dict[str, Any]:
        self._check(row)
        if asks_first and await code.is_gone():
            raise ClientGone
        audience = self._issuer.audience(row["resource"], code.resource, code.client)
        session = await self._storage.write(
            self._redeem, row["id"], code.client, code.origin, self._clock.now_ms()
        )
        return await self._issuer.answer(session, code.client, audience=audience)

    async def _find(self, code: _Presented) -> Row:
        row = await self._storage.read(store.device, code.hash)
        if row is None or row["client_id"] != code.client.id:
            raise _unknown()
        return row

    def _state(self, row: Row) -> rules.DeviceState:
        return rules.device_state(
            decision=row["decision"],
            redeemed_at=row["redeemed_at"],
            expires_at=row["expires_at"],
            now=self._clock.now_ms(),
        )

    def _check(self, row: Row) -> None:
        match self._state(row):
            case "pending":
                raise Refused("authorization_pending", "nobody has decided yet")
            case "denied":
                raise Refused("access_denied", "the request was declined")
            case "expired":
                raise Refused("expired_token", "nobody decided in time")
            case "redeemed":
                raise _unknown()
            case "approved":
                return

    def _redeem(self, request_id: str, client: Client, origin: Origin, now: int) -> Work[Session]:
        row = yield from store.redeem_device(request_id, now=now)
        if row is None:
            raise _unknown()
        session = yield from self._issuer.begin_work(
            row, client, kind="device", origin=origin, now=now
        )
        if session is None:
            # Raising undoes the redemption, so a failed one does not use up the code.
            raise Refused("access_denied", "the account may not sign in any more")
        yield from store.note_session_of_device(request_id, session.id)
        return session


def _unknown() -> Refused:
    return invalid_grant("the device code is wrong, used or not for this client")
