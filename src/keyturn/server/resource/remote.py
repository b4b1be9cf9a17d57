"""An issuer's keys, fetched from its address and kept (RFC 7517 section 5).

Forged tokens must not make this API a tool: however many unknown key ids arrive, there is at most
one request in half a minute, to public addresses only, and what comes back is bounded.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from keyturn.net.addresses import is_public
from keyturn.net.stdlib import Http
from keyturn.protocol.errors import KeyturnError
from keyturn.protocol.wire import Reply, Request, is_loopback
from keyturn.server.clock import SystemClock
from keyturn.server.resource.errors import KeysUnavailable
from keyturn.server.resource.keys import Keys, read_keys

if TYPE_CHECKING:
    from keyturn.server.clock import Clock

# The server publishes a key this long before it signs with it.
FRESH_MS = 3600 * 1000
# With the issuer out of reach, known keys go on being good for as long as a working day's outage.
STALE_MS = 8 * 3600 * 1000
AGAIN_MS = 30 * 1000
LIMIT_SECONDS = 5.0


class RemoteKeys:
    """Fetches a key set when it is first needed, and again when it is old or lacks a key.

    Args:
        jwks_uri: An https address; http only on this computer, with the switch below.
        unsafe_allow_private_addresses: Let the issuer be on this computer or inside your network.
            Then whoever writes ``jwks_uri`` or answers its name can have this program ask there.
        clock: For tests; the machine's otherwise.

    Raises:
        ValueError: the address is not one of these.
    """

    def __init__(
        self,
        jwks_uri: str,
        *,
        unsafe_allow_private_addresses: bool = False,
        clock: Clock | None = None,
    ) -> None:
        parts = urlsplit(jwks_uri)
        host = parts.hostname or ""
        at_home = unsafe_allow_private_addresses and is_loopback(host)
        if not host or (parts.scheme != "https" and not (parts.scheme == "http" and at_home)):
            raise ValueError(
                "jwks_uri must be https, or http on this computer with "
                "unsafe_allow_private_addresses"
            )
        self._uri, self._any = jwks_uri, unsafe_allow_private_addresses
        self._clock = clock or SystemClock()
        self._keys: Keys = {}
        self._fetched_at: int | None = None
        self._asked_at: int | None = None
        self._fetching = asyncio.Lock()

    async def keys(self, kid: str) -> Keys:
        """Return the issuer's keys, fetched anew if they are old or ``kid`` is not among them.

        Raises:
            KeysUnavailable: they cannot be had, and none are known.
        """
        # While somebody fetches, only those wait whose key is not among the known ones.
        if self._wants(kid) or (self._fetching.locked() and kid not in self._keys):
            async with self._fetching:
                if self._wants(kid):
                    await self._fetch()
        return self._known()

    def _wants(self, kid: str) -> bool:
        now = self._clock.now_ms()
        if self._asked_at is not None and 0 <= now - self._asked_at < AGAIN_MS:
            return False
        is_old = self._fetched_at is None or now - self._fetched_at >= FRESH_MS
        return is_old or kid not in self._keys

    def _known(self) -> Keys:
        if self._fetched_at is None or self._clock.now_ms() - self._fetched_at >= STALE_MS:
            raise KeysUnavailable("the issuer's keys could not be fetched")
        return self._keys

    async def _fetch(self) -> None:
        self._asked_at = self._clock.now_ms()
        try:
            reply = await asyncio.to_thread(self._get, asyncio.get_running_loop().time)
            # A redirect is no answer: it would lead where nobody has looked.
            if reply.status != 200:
                raise KeysUnavailable("the issuer did not give its keys")
            self._keys = read_keys(reply.body)
            self._fetched_at = self._asked_at
        except (KeyturnError, KeysUnavailable):
            return  # what is known stays known; ``_known`` says when that is too old

    def _get(self, monotonic: Callable[[], float]) -> Reply:
        # No proxy: it would resolve the name itself, and reach what this program must not.
        environ = {n: v for n in ("SSL_CERT_FILE", "SSL_CERT_DIR") if (v := os.environ.get(n))}
        with Http(
            monotonic=monotonic,
            sleep=_sleep,
            environ=environ,
            user_agent="keyturn-resource",
            may_reach=None if self._any else is_public,
        ) as http:
            accept = {"Accept": "application/json"}
            return http.send(
                Request(method="GET", url=self._uri, headers=accept, limit_seconds=LIMIT_SECONDS)
            )


def _sleep(seconds: float) -> None:
    threading.Event().wait(seconds)
