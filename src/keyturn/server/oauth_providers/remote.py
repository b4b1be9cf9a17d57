"""Sending what is said to providers: bounded in time and number, off the event loop.

Every address is an operator's, or found in the metadata of an issuer that an operator declared.
Metadata can be changed behind the operator's back, so it leads to public addresses only, unless
the provider was declared to be inside. Nothing that a client sends decides where a request goes.
"""

from __future__ import annotations

import asyncio
import os
import threading
from typing import TYPE_CHECKING, TypeVar

from keyturn.net.addresses import is_public
from keyturn.net.drive import run
from keyturn.net.stdlib import Http
from keyturn.protocol.errors import KeyturnError, ServerUnreachable
from keyturn.server.oauth_providers import conversation
from keyturn.server.projects.provider_declaration import SEALED_FOR
from keyturn.server.projects.providers import seal_context

if TYPE_CHECKING:
    from collections.abc import Callable

    from keyturn.protocol.authorize import Attempt
    from keyturn.protocol.client_auth import Client
    from keyturn.protocol.discovery import Metadata
    from keyturn.protocol.refresh import Outcome
    from keyturn.protocol.wire import Steps
    from keyturn.server.clock import Clock
    from keyturn.server.oauth_providers.conversation import Granted
    from keyturn.server.projects.providers import Provider
    from keyturn.server.secret import ServerSecret

T = TypeVar("T")

# Slow providers must not take the threads that everything else needs.
MOST_AT_ONCE = 8
# And whoever would wait longer than somebody waits is told so at once.
MOST_WAITING = 64
METADATA_KEPT_MS = 3600 * 1000
# A provider that does not answer is not asked again for everybody who would like to sign in there.
AGAIN_MS = 5 * 1000
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


class Remote:
    """Holds conversations with providers. Raises KeyturnError, and nothing of another library."""

    def __init__(self, secret: ServerSecret, clock: Clock) -> None:
        self._secret, self._clock = secret, clock
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)
        self._waiting = 0
        self._metadata: dict[Provider, tuple[Metadata, int]] = {}
        self._failed: dict[Provider, int] = {}

    async def metadata(self, provider: Provider) -> Metadata:
        """Return where a provider's endpoints are; an hour old at most."""
        now = self._clock.now_ms()
        found = self._metadata.get(provider)
        if found is not None and 0 <= now - found[1] < METADATA_KEPT_MS:
            return found[0]
        if 0 <= now - self._failed.get(provider, now - AGAIN_MS) < AGAIN_MS:
            raise ServerUnreachable("The provider did not answer a moment ago.")
        try:
            metadata = await self._talk(provider, conversation.metadata_of(provider))
        except KeyturnError:
            self._failed[provider] = now
            raise
        self._metadata[provider] = metadata, now
        return metadata

    async def redeem(
        self, project_id: str, provider: Provider, attempt: Attempt, code: str
    ) -> Granted:
        """Trade a provider's code for tokens, and learn who signed in."""
        metadata = await self.metadata(provider)
        client = self._client(project_id, provider, metadata)
        now = self._clock.now_ms() / 1000
        steps = conversation.redeem(provider, metadata, client, attempt, code, now=now)
        return await self._talk(provider, steps)

    async def renew(self, project_id: str, provider: Provider, refresh_token: str) -> Outcome:
        """Ask a provider for a fresh access token."""
        metadata = await self.metadata(provider)
        client = self._client(project_id, provider, metadata)
        return await self._talk(provider, conversation.renew(metadata, client, refresh_token))

    def _client(self, project_id: str, provider: Provider, metadata: Metadata) -> Client:
        secret = None
        if provider.client_secret_sealed is not None:
            sealed = bytes.fromhex(provider.client_secret_sealed)
            context = seal_context(project_id, provider.id)
            secret = self._secret.open(SEALED_FOR, sealed, context=context).decode()
        return conversation.client_of(provider, metadata, secret)

    async def _talk(self, provider: Provider, steps: Steps[T]) -> T:
        if self._waiting >= MOST_WAITING:
            raise ServerUnreachable("Too many are waiting for providers.")
        self._waiting += 1
        try:
            async with self._turns:
                monotonic = asyncio.get_running_loop().time
                anywhere = provider.unsafe_allow_private_addresses
                return await asyncio.to_thread(_drive, steps, monotonic, anywhere=anywhere)
        finally:
            self._waiting -= 1


def _drive(steps: Steps[T], monotonic: Callable[[], float], *, anywhere: bool) -> T:
    # A proxy would resolve names itself, and reach what this program must not.
    environ = {name: os.environ[name] for name in _CERTIFICATES if name in os.environ}
    with Http(
        monotonic=monotonic,
        sleep=_sleep,
        environ=os.environ if anywhere else environ,
        user_agent="keyturn-server",
        may_reach=None if anywhere else is_public,
    ) as http:
        return run(steps, http)


def _sleep(seconds: float) -> None:
    threading.Event().wait(seconds)
