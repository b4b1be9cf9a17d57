"""The clients that servers made for this program: registered once, kept, and replaced when gone.

One private file for each issuer and redirect path, newest client first. Sessions name the client
they were granted to, so an earlier one is kept for as long as a session needs it. Only a sign-in
registers, under a lock of its own; whoever renews a session at most notes that a client is gone.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from keyturn.client import paths
from keyturn.client.lock import FileLock, LockTimeout
from keyturn.client.private import read_private
from keyturn.client.registering import obtain
from keyturn.client.stores.atomic import reap, replace_private
from keyturn.client.stores.file import make_private_directory
from keyturn.net.drive import run
from keyturn.net.loopback import PATH
from keyturn.protocol.client_auth import Client
from keyturn.protocol.errors import (
    KeyturnError,
    PortUnavailable,
    RegistrationFailed,
    StoreCorrupt,
    StoreWriteFailed,
)
from keyturn.protocol.register import Registration, is_known

if TYPE_CHECKING:
    from keyturn.client.runtime import Runtime
    from keyturn.net.stdlib import Http
    from keyturn.protocol.discovery import Metadata

_SCHEMA = 1
_NOTE_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A registration as it is kept.

    Attributes:
        registration: What the server made.
        port: The one port it was registered with; ``None``: the server lets it be any.
        tried: Whether a browser has been sent, so that ``port`` is known to be so.
        refused: Whether the server has been heard not to know it (any more).
    """

    registration: Registration
    port: int | None = None
    tried: bool = False
    refused: bool = False

    @property
    def client(self) -> Client:
        """Who the program is by it."""
        return self.registration.client

    def serves(self, *, scope: str | None, now: float) -> bool:
        """Say whether a sign-in can be made with it, as far as is known here."""
        ends = self.registration.secret_expires_at
        registered = set((self.registration.scope or "").split())
        return (
            not self.refused
            and (ends is None or now < ends)
            and (not registered or registered >= set((scope or "").split()))
        )


class Registrations:
    """What is registered for one program at its issuer. Building it does no I/O.

    Args:
        rt: The program's parts.
    """

    def __init__(self, rt: Runtime) -> None:
        self._rt = rt
        credential = hashlib.sha256(f"{rt.config.issuer}\n{PATH}".encode()).hexdigest()[:32]
        self.path: str = paths.registration(rt.home, credential)

    def port(self) -> int | None:
        """Return the port that the client in use was registered with, if it was with one."""
        newest = self._read_anyhow()[:1]
        return newest[0].port if newest and not newest[0].refused else None

    def of(self, client_id: str) -> Client:
        """Return the client that a session was granted to; without a secret if that is lost.

        Raises:
            StoreReadFailed, StoreCorrupt: what is registered cannot be read.
        """
        for kept in self._read():
            if kept.client.id == client_id:
                return kept.client
        return Client(id=client_id)

    def for_sign_in(
        self, http: Http, metadata: Metadata, *, scope: str | None, port: int | None, fixed: bool
    ) -> Client:
        """Return the client to sign in with, registering one where none serves any more.

        Two programs that come at once end up with one client: the second finds the first's.

        Args:
            http: The flow's HTTP.
            metadata: The server's.
            scope: What will be asked for.
            port: Where this sign-in listens; ``None``: nowhere, it is a device's.
            fixed: Whether the person asked for that very port.

        Raises:
            RegistrationFailed, PortUnavailable, ServerUnreachable, UnexpectedReply,
            StoreReadFailed, StoreWriteFailed, StoreUnavailable.
        """
        make_private_directory(self._rt.home)
        try:
            with self._lock():
                return self._found_or_made(http, metadata, scope=scope, port=port, fixed=fixed)
        except LockTimeout:
            raise RegistrationFailed(
                "Another process is registering this program and does not end.",
                hint="Try again in a minute.",
            ) from None

    def note_refused(self, client_id: str) -> None:
        """Have the next sign-in register anew: the server does not know this client. Never fails.

        Not now: a session is not to be lost because of a server's bad minute.
        """
        with contextlib.suppress(KeyturnError, OSError, LockTimeout):
            with self._lock(limit_seconds=_NOTE_SECONDS):
                kept = self._read()
                self._write(
                    [replace(k, refused=k.refused or k.client.id == client_id) for k in kept]
                )
            self._rt.trace("the server does not know this program any more")

    def _found_or_made(
        self, http: Http, metadata: Metadata, *, scope: str | None, port: int | None, fixed: bool
    ) -> Client:
        rt, kept = self._rt, self._read_anyhow()
        newest = kept[0] if kept else None
        if newest is not None and newest.serves(scope=scope, now=rt.effects.now()):
            elsewhere = port is not None and newest.port not in (None, port)
            if elsewhere and not fixed:
                raise PortUnavailable(
                    f"Port {newest.port}, which this program is registered with, is taken.",
                    hint="Run `{program} auth login --port N` to be registered with another.",
                )
            tried = port is None or newest.tried
            if tried and not elsewhere and self._is_known(http, metadata, newest):
                return newest.client
        earlier = newest.registration.scope if newest is not None else None
        wanted = _both(earlier, scope)
        registration, its_port = obtain(rt, http, metadata, scope=wanted, port=port)
        tried = port is not None
        made = Registered(registration=registration, port=its_port, tried=tried)
        # Until it is stored it does not exist: whoever is killed here leaves an orphan there.
        self._write([made, *self._still_needed(kept)])
        rt.trace("registered this program at the server")
        return made.client

    def _is_known(self, http: Http, metadata: Metadata, kept: Registered) -> bool:
        invented = self._rt.effects.random_bytes(16).hex()
        return run(is_known(metadata, kept.client, invented=invented), http)

    def _still_needed(self, kept: list[Registered]) -> list[Registered]:
        """Return the clients that stored sessions were granted to."""
        try:
            sessions = self._rt.store.index().sessions.values()
        except KeyturnError:
            return kept
        named = {session.client_id for session in sessions}
        return [client for client in kept if client.client.id in named]

    def _lock(self, *, limit_seconds: float = 30.0) -> FileLock:
        effects = self._rt.effects
        return FileLock(self.path + ".lock", effects=effects, limit_seconds=limit_seconds)

    def _read_anyhow(self) -> list[Registered]:
        """Read what is there; what is damaged is as good as nothing to a sign-in."""
        try:
            return self._read()
        except StoreCorrupt as error:
            self._rt.trace(str(error))
            return []

    def _read(self) -> list[Registered]:
        content = read_private(self.path)
        if content is None:
            return []
        try:
            document = json.loads(content)
            if document["schema"] != _SCHEMA:
                raise ValueError
            return [_from_record(record) for record in document["clients"]]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise StoreCorrupt(f"{self.path} is damaged.") from None

    def _write(self, clients: list[Registered]) -> None:
        document = {"schema": _SCHEMA, "clients": [_to_record(client) for client in clients]}
        try:
            reap(self.path)
            replace_private(self.path, json.dumps(document).encode(), effects=self._rt.effects)
        except OSError as error:
            raise StoreWriteFailed(
                f"The registration could not be written to {self.path}."
            ) from error


def _both(one: str | None, other: str | None) -> str | None:
    """Return two scopes as one, so that signing in with either does not register in turns."""
    return " ".join(dict.fromkeys(f"{one or ''} {other or ''}".split())) or None


def _to_record(kept: Registered) -> dict[str, Any]:
    made = kept.registration
    return {
        "client_id": made.client.id,
        "client_secret": made.client.secret,
        "auth_method": made.client.method,
        "secret_expires_at": made.secret_expires_at,
        "redirect_uri": made.redirect_uri,
        "scope": made.scope,
        "port": kept.port,
        "tried": kept.tried,
        "refused": kept.refused,
    }


def _from_record(record: dict[str, Any]) -> Registered:
    texts = (record["client_id"], record["auth_method"], record["redirect_uri"])
    maybe = (record["client_secret"], record["scope"])
    ends, port = record["secret_expires_at"], record["port"]
    if (
        not all(isinstance(text, str) and text for text in texts)
        or not all(isinstance(text, str | None) for text in maybe)
        or not isinstance(ends, int | float | None)
        or not isinstance(port, int | None)
    ):
        raise ValueError
    client = Client(id=texts[0], secret=maybe[0], method=texts[1])
    return Registered(
        registration=Registration(
            client=client, secret_expires_at=ends, redirect_uri=texts[2], scope=maybe[1]
        ),
        port=port,
        tried=record["tried"] is True,
        refused=record["refused"] is True,
    )
