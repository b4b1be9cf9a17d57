"""What an API asks about each token: the keys found, the time read, the check made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from keyturn.server.clock import SystemClock, instant
from keyturn.server.resource.access import (
    LEEWAY_SECONDS,
    VerifiedAccess,
    kid_of,
    verify_access_token,
)
from keyturn.server.resource.remote import RemoteKeys

if TYPE_CHECKING:
    from keyturn.server.clock import Clock
    from keyturn.server.resource.keys import KeySource
    from keyturn.server.resource.metadata import ProtectedResource


class Verifies(Protocol):
    """Checks tokens for one API."""

    async def verify(self, token: str) -> VerifiedAccess:
        """Return what a good token says.

        Raises:
            InvalidToken: it opens nothing here.
            KeysUnavailable: it cannot be checked now.
        """
        ...


class Verifier:
    """Checks tokens by the issuer's published keys: no request for each token.

    A session that has ended keeps its access token until that expires, ten minutes by default.
    Where that is too long, ask ``/oauth/introspect``, or mount the server and use its own verifier.

    Args:
        resource: The API.
        keys: Where the issuer's keys come from; fetched from the issuer if unset.
        clock: For tests; the machine's otherwise.
        leeway_seconds: How far the two clocks may differ.
    """

    def __init__(
        self,
        resource: ProtectedResource,
        *,
        keys: KeySource | None = None,
        clock: Clock | None = None,
        leeway_seconds: float = LEEWAY_SECONDS,
    ) -> None:
        self._resource, self._leeway = resource, leeway_seconds
        self._keys = keys or RemoteKeys(f"{resource.issuer}/oauth/jwks")
        self._clock = clock or SystemClock()

    async def verify(self, token: str) -> VerifiedAccess:
        """Return what a good token says; see ``Verifies``."""
        keys = await self._keys.keys(kid_of(token))
        return verify_access_token(
            token,
            keys,
            issuer=self._resource.issuer,
            audience=self._resource.uri,
            now=instant(self._clock.now_ms()),
            leeway_seconds=self._leeway,
        )
