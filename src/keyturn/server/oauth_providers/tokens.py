"""Use cases of providers' tokens: keep them sealed, give out access tokens, renew them once.

A rotating refresh token that is sent twice may end the connection for good, so one process at a
time renews a row: it takes a turn by one conditional update, and the others wait for what comes of
it. A caller that goes away does not end the renewal it began.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

from keyturn.protocol.errors import KeyturnError
from keyturn.protocol.refresh import Ended, Renewed
from keyturn.server.oauth_providers import rules, store

if TYPE_CHECKING:
    from keyturn.protocol.tokens import Tokens
    from keyturn.server.clock import Clock
    from keyturn.server.oauth_providers.remote import Remote
    from keyturn.server.oauth_providers.rules import ProviderAccount, ProviderToken
    from keyturn.server.projects.providers import Provider
    from keyturn.server.secret import ServerSecret
    from keyturn.server.storage.base import Storage, Work

_PURPOSE = "provider token"
# Longer than asking for metadata and for tokens may take together.
TURN_MS = 30 * 1000
LOOK_AGAIN_SECONDS = 0.1
LOOKS = 150

Outcome = Literal["look again", "somebody else", "unavailable"]


class NoToken(Exception):
    """No token covers the scopes, or the provider takes none of them any more."""


class ProviderUnavailable(Exception):
    """The provider did not answer, or not sensibly; what is kept stays as it is."""


class ProviderTokens:
    """The tokens of accounts at providers."""

    def __init__(
        self, storage: Storage, secret: ServerSecret, clock: Clock, remote: Remote
    ) -> None:
        self._storage, self._secret, self._clock = storage, secret, clock
        self._remote = remote
        self._renewals: set[asyncio.Task[Outcome]] = set()

    def keep_work(
        self, account: ProviderAccount, tokens: Tokens, *, scope: str, now: int
    ) -> Work[None]:
        """Keep what a sign-in gave, for the scopes it asked for."""
        refresh_token = tokens.refresh_token
        yield from store.save_token(
            account.id,
            scope=" ".join(sorted(rules.scopes_of(scope))),
            access_token_sealed=self._seal(account.id, "access", tokens.access_token),
            access_expires_at=_end(tokens, now),
            refresh_token_sealed=(
                self._seal(account.id, "refresh", refresh_token) if refresh_token else None
            ),
            now=now,
        )

    async def access_token(
        self, provider: Provider, account: ProviderAccount, *, scope: str | None
    ) -> str:
        """Return an access token that covers ``scope``, renewed first where that is due.

        Raises:
            NoToken: the person has to allow it (again).
            ProviderUnavailable: try again later.
        """
        for _ in range(LOOKS):
            token, choice = await self._best(account, scope)
            if choice == "use":
                return self._open(account.id, "access", token.access_token_sealed)
            renewal = asyncio.create_task(self._renew(provider, account, token))
            self._renewals.add(renewal)
            renewal.add_done_callback(self._renewals.discard)
            outcome = await asyncio.shield(renewal)
            if outcome == "unavailable":
                return self._while_it_lasts(account, token)
            if outcome == "somebody else":
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
        raise ProviderUnavailable

    async def _best(
        self, account: ProviderAccount, scope: str | None
    ) -> tuple[ProviderToken, Literal["use", "renew"]]:
        now = self._clock.now_ms()
        found = rules.with_scopes(await self._storage.read(store.tokens, account.id), scope)
        choices = [(token, rules.choose(token, now=now)) for token in found]
        for wanted in ("use", "renew"):
            for token, choice in choices:
                if choice == wanted:
                    return token, choice
        raise NoToken

    def _while_it_lasts(self, account: ProviderAccount, token: ProviderToken) -> str:
        """Return the token that could not be renewed, as long as it is good."""
        if token.access_expires_at is None or token.access_expires_at <= self._clock.now_ms():
            raise ProviderUnavailable
        return self._open(account.id, "access", token.access_token_sealed)

    async def _renew(
        self, provider: Provider, account: ProviderAccount, token: ProviderToken
    ) -> Outcome:
        now = self._clock.now_ms()
        if not await self._storage.write(store.claim, token, until=now + TURN_MS, now=now):
            return "somebody else"
        sealed = token.refresh_token_sealed or b""
        refresh_token = self._open(account.id, "refresh", sealed)
        try:
            outcome = await self._remote.renew(account.project_id, provider, refresh_token)
        except KeyturnError:
            outcome = None
        if isinstance(outcome, Renewed):
            await self._storage.write(self._keep_renewed, account.id, token, outcome.tokens)
            return "look again"
        if isinstance(outcome, Ended):
            await self._storage.write(store.end_refresh, token)
            return "look again"
        await self._storage.write(store.release, token)
        return "unavailable"

    def _keep_renewed(self, account: str, token: ProviderToken, tokens: Tokens) -> Work[None]:
        now = self._clock.now_ms()
        fresh, kept = tokens.refresh_token, token.refresh_token_sealed
        yield from store.renew(
            token,
            access_token_sealed=self._seal(account, "access", tokens.access_token),
            access_expires_at=_end(tokens, now),
            refresh_token_sealed=self._seal(account, "refresh", fresh) if fresh else kept,
            now=now,
        )

    def _seal(self, account: str, kind: str, token: str) -> bytes:
        return self._secret.seal(_PURPOSE, token.encode(), context=f"{account} {kind}")

    def _open(self, account: str, kind: str, sealed: bytes) -> str:
        return self._secret.open(_PURPOSE, sealed, context=f"{account} {kind}").decode()


def _end(tokens: Tokens, now: int) -> int | None:
    seconds = tokens.lifetime_seconds
    return None if seconds is None else now + max(0, round(seconds * 1000))
