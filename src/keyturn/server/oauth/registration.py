"""Programs that register themselves (RFC 7591), and what they may do about it later (RFC 7592)."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from keyturn.protocol.codes import CLIENT_SECRET_PREFIX, REGISTRATION_TOKEN_PREFIX
from keyturn.server.events import store as events
from keyturn.server.http.limits import Limit, take
from keyturn.server.http.origin import subscriber
from keyturn.server.oauth import registration_store as store
from keyturn.server.oauth.errors import Refused
from keyturn.server.oauth.registration_rules import check_update, read_metadata
from keyturn.server.projects import store as projects_store
from keyturn.server.projects.rules import NATIVE_SCOPES, Client
from keyturn.server.secret import new_token

if TYPE_CHECKING:
    from keyturn.server.clock import Clock
    from keyturn.server.oauth.registration_rules import Metadata
    from keyturn.server.oauth.resources import Resources
    from keyturn.server.projects.service import Projects
    from keyturn.server.secret import ServerSecret
    from keyturn.server.sessions.service import Sessions
    from keyturn.server.storage.base import Row, Storage, Work

MOST_PER_HOUR = 20
# Clients of one project that nobody has signed in with yet. Past this, those go that had their
# hour; while all are younger than that, nobody new is taken.
MOST_UNUSED = 1000
UNUSED_KEPT_MS = 3600 * 1000
ENDED_WITH_CLIENT = "client deleted"
_TOKEN = "registration token"  # noqa: S105 - what its hash is called


class NoRegistration(Exception):
    """The token opens nothing here, or none was given where one is needed."""


class Full(Exception):
    """Too many clients wait for their first sign-in; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A client, and its secrets for the one time they are known.

    Attributes:
        client: As it is stored.
        token: What manages it.
        secret: What it authenticates with, if it has just been made.
        at: When it registered, milliseconds since 1970.
    """

    client: Client
    token: str = field(repr=False)
    secret: str | None = field(default=None, repr=False)
    at: int


class Registrations:
    """Takes, changes and removes clients at their own word."""

    def __init__(
        self,
        storage: Storage,
        secret: ServerSecret,
        clock: Clock,
        projects: Projects,
        resources: Resources,
        sessions: Sessions,
        *,
        limit_volume: bool,
    ) -> None:
        self._storage, self._secret, self._clock = storage, secret, clock
        self._projects, self._resources, self._sessions = projects, resources, sessions
        self._limit_volume = limit_volume

    async def register(
        self, sent: Mapping[str, Any], *, initial_access_token: str | None, ip: str | None
    ) -> Registered:
        """Make a client of what a program says about itself (RFC 7591 section 3).

        Args:
            sent: The metadata.
            initial_access_token: What the operator gave out, if the program has it.
            ip: The address that volume counts against, if it is one person's.

        Raises:
            NoRegistration: no project takes this program.
            Refused: the metadata is not acceptable (section 3.2.2).
            TooMany: this address has registered enough for now.
            Full: see there.
        """
        project = await self._projects.registering(initial_access_token)
        if project is None:
            raise NoRegistration
        metadata = read_metadata(sent, scopes=self._scopes(project.id))
        secret, secret_hash = self._new_secret(metadata)
        # The issuer may be mounted beside others: nobody else's ids can look like this.
        client = metadata.client(
            f"reg_{secrets.token_urlsafe(16)}", project.id, secret_hash=secret_hash
        )
        token, now = new_token(REGISTRATION_TOKEN_PREFIX), self._clock.now_ms()
        await self._storage.write(self._insert, client, token, ip, now)
        return Registered(client=client, token=token, secret=secret, at=now)

    async def read(self, client_id: str, token: str) -> Registered:
        """Return what is registered (RFC 7592 section 2.1). Raises NoRegistration."""
        return await self._storage.read(self._held, client_id, token)

    async def update(self, client_id: str, token: str, sent: Mapping[str, Any]) -> Registered:
        """Replace everything that is registered (RFC 7592 section 2.2).

        A member left out falls back to its default. A program that begins to keep a secret is
        given one; one that keeps it goes on with the old.

        Raises:
            NoRegistration: no such client, or not its token.
            Refused: the metadata is not acceptable; then nothing was changed.
        """
        held = await self.read(client_id, token)
        check_update(sent, held.client)
        self._check_secret(sent, held.client)
        metadata = read_metadata(sent, scopes=self._scopes(held.client.project_id))
        secret, secret_hash = self._new_secret(metadata)
        changed = await self._storage.write(
            self._replace, client_id, token, metadata, secret_hash, self._clock.now_ms()
        )
        self._projects.forget_client(client_id)
        shown = secret if changed.secret_hash == secret_hash else None
        return Registered(client=changed, token=token, secret=shown, at=held.at)

    async def delete(self, client_id: str, token: str) -> None:
        """Remove a client and end its sessions (RFC 7592 section 2.3). Raises NoRegistration."""
        await self._storage.write(self._delete, client_id, token, self._clock.now_ms())
        self._projects.forget_client(client_id)

    def _insert(self, client: Client, token: str, ip: str | None, now: int) -> Work[None]:
        if ip is not None and self._limit_volume:
            yield from take([Limit(f"register {subscriber(ip)}", MOST_PER_HOUR, 3600)], now)
        if (yield from store.unused(client.project_id)) >= MOST_UNUSED and not (
            yield from store.drop_oldest_unused(client.project_id, before=now - UNUSED_KEPT_MS)
        ):
            raise Full
        yield from projects_store.save_client(client, now=now)
        token_hash = self._secret.hash(_TOKEN, token)
        yield from store.insert(client.id, client.project_id, token_hash, now=now)
        yield from self._record("client.registered", client, now, ip=ip)

    def _replace(
        self, client_id: str, token: str, metadata: Metadata, secret_hash: bytes | None, now: int
    ) -> Work[Client]:
        before = (yield from self._held(client_id, token)).client
        if secret_hash is not None and before.secret_hash is not None:
            secret_hash = before.secret_hash
        client = metadata.client(client_id, before.project_id, secret_hash=secret_hash)
        yield from projects_store.save_client(client, now=now)
        # What people were shown was another name and another place to send them to.
        yield from store.withdraw_consents(client_id)
        yield from self._record("client.updated", client, now)
        return client

    def _delete(self, client_id: str, token: str, now: int) -> Work[None]:
        client = (yield from self._held(client_id, token)).client
        for session_id in (yield from store.live_sessions(client_id)):
            yield from self._sessions.end_work(session_id, reason=ENDED_WITH_CLIENT, now=now)
        yield from store.delete(client_id)
        yield from self._record("client.deleted", client, now)

    def _held(self, client_id: str, token: str) -> Work[Registered]:
        found = yield from store.by_client(client_id)
        if found is None or not self._manages(token, found[1]):
            raise NoRegistration
        return Registered(client=found[0], token=token, at=found[1]["registered_at"])

    def _manages(self, token: str, row: Row) -> bool:
        return hmac.compare_digest(self._secret.hash(_TOKEN, token), row["token_hash"])

    def _record(self, event: str, client: Client, now: int, *, ip: str | None = None) -> Work[None]:
        yield from events.record(
            event, now=now, project_id=client.project_id, ip=ip, client=client.id
        )

    def _new_secret(self, metadata: Metadata) -> tuple[str | None, bytes | None]:
        if metadata.auth_method == "none":
            return None, None
        secret = new_token(CLIENT_SECRET_PREFIX)
        return secret, self._secret.hash("client secret", secret)

    def _check_secret(self, sent: Mapping[str, Any], client: Client) -> None:
        given = sent.get("client_secret")
        if given is None:
            return
        hashed = self._secret.hash("client secret", given if isinstance(given, str) else "")
        if client.secret_hash is None or not hmac.compare_digest(hashed, client.secret_hash):
            raise Refused("invalid_client_metadata", "the client_secret is not the one issued")

    def _scopes(self, project_id: str) -> tuple[str, ...]:
        """Return what clients of a project may ask people for: what exists here."""
        return tuple(dict.fromkeys((*NATIVE_SCOPES, *self._resources.words(project_id))))
