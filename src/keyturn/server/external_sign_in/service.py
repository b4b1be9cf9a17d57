"""Use cases of signing in elsewhere: send somebody off, take them back, redeem what they bring.

Three things tie the steps together, and none of them lies in the database as it is. The *state*
goes to the provider and back and works once; the *cookie* that follows from it shows that the
browser that comes back is the one that left (RFC 6749 section 10.12); and the *code* that the
program gets works once, for a minute, with the verifier of whoever began (RFC 7636).

Accounts change only when that code is redeemed. Whoever sends a stranger to a provider with a link
of their own therefore gains nothing: the code arrives in the stranger's browser, and the verifier
is not there.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keyturn.protocol import pkce
from keyturn.protocol.authorize import Attempt
from keyturn.server.external_sign_in import sealing
from keyturn.server.external_sign_in.arrival import Arrived, arrive, decided
from keyturn.server.external_sign_in.outcomes import (
    Departure,
    NotOurs,
    Redeemed,
    Return,
    TookTooLong,
    WrongCode,
)
from keyturn.server.external_sign_in.rules import MINUTES, without_fragment
from keyturn.server.oauth_providers import conversation
from keyturn.server.one_time.rules import CodeExpired, CodeNotFound, CodeUsed
from keyturn.server.one_time.service import new_code, normalized
from keyturn.server.one_time.store import Kind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from keyturn.protocol.discovery import Metadata
    from keyturn.server.accounts.service import Accounts
    from keyturn.server.clock import Clock
    from keyturn.server.external_sign_in.rules import Asked
    from keyturn.server.oauth_providers.conversation import Granted
    from keyturn.server.oauth_providers.remote import Remote
    from keyturn.server.oauth_providers.tokens import ProviderTokens
    from keyturn.server.one_time.service import OneTimeCodes
    from keyturn.server.projects.providers import Provider
    from keyturn.server.projects.rules import Project
    from keyturn.server.secret import ServerSecret
    from keyturn.server.sessions.rules import Origin
    from keyturn.server.sessions.service import Sessions
    from keyturn.server.storage.base import Storage, Work

CALLBACK = "/api/v1/auth/oauth/callback/"
# A state is known for longer than it works, so that who comes too late is told so.
KNOWN_MINUTES = 60
CODE_MINUTES = 1
_GONE = (CodeNotFound, CodeExpired, CodeUsed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """What the use cases need of other features."""

    codes: OneTimeCodes
    remote: Remote
    tokens: ProviderTokens
    accounts: Accounts
    sessions: Sessions


class ExternalSignIn:
    """Signing in at providers, for every project."""

    def __init__(
        self,
        storage: Storage,
        secret: ServerSecret,
        clock: Clock,
        rooms: Rooms,
        *,
        base_url: str,
    ) -> None:
        self._storage, self._secret, self._clock = storage, secret, clock
        self._rooms, self._base_url = rooms, base_url

    async def depart(self, project: Project, provider: Provider, asked: Asked) -> Departure:
        """Begin. Raises KeyturnError where the provider's metadata cannot be had."""
        metadata = await self._rooms.remote.metadata(provider)
        code = new_code()
        state = f"{code}.{project.id}"
        await self._storage.write(
            self._rooms.codes.new,
            _state_kind(project.id),
            code,
            now=self._clock.now_ms(),
            minutes=KNOWN_MINUTES,
            facts=sealing.sealed_request(self._secret, code, asked),
        )
        url = conversation.authorization_link(
            provider, metadata, self._attempt(provider, metadata, state), asked.provider_scope
        )
        return Departure(url=url, state=state, cookie=self._cookie(state))

    async def come_back(
        self,
        find_project: Callable[[str], Awaitable[Project | None]],
        provider_id: str,
        *,
        state: str,
        cookie: str,
        query: str,
    ) -> Return:
        """Take somebody back, once.

        Args:
            find_project: Finds a project by its id.
            provider_id: Whose callback address it is.
            state: As it came back.
            cookie: What this browser kept for that state.
            query: The whole query of the callback.

        Raises:
            NotOurs: nobody is back.
            TookTooLong: they are, but not in time.
        """
        code, _, project_id = state.partition(".")
        project = await find_project(project_id)
        same = hmac.compare_digest(cookie.encode(), self._cookie(state).encode())
        if project is None or not same:
            raise NotOurs
        now = self._clock.now_ms()
        try:
            used = await self._storage.write(
                self._rooms.codes.use, _state_kind(project.id), code, now=now
            )
        except _GONE:
            raise NotOurs from None
        asked = sealing.open_request(self._secret, code, used.facts)
        if asked.provider_id != provider_id:
            raise NotOurs  # RFC 9700 section 4.4: each provider has a callback of its own
        back = Return(project=project, asked=asked, state=state, query=query)
        if now >= used.created_at + MINUTES * 60_000:
            raise TookTooLong(back)
        return back

    async def finish(self, provider: Provider, back: Return) -> str:
        """Learn who is back, and return the program's code for them.

        Raises:
            LoginDenied: the person declined there.
            ExchangeFailed: the provider's answer is not one.
            ServerUnreachable, UnexpectedReply: it cannot be asked now.
            NotSignedIn: there is nobody that they could be here.
        """
        metadata = await self._rooms.remote.metadata(provider)
        attempt = self._attempt(provider, metadata, back.state)
        answer = conversation.code_in(provider, back.query, attempt)
        granted = await self._rooms.remote.redeem(back.project.id, provider, attempt, answer)
        await self._storage.read(decided, back.project, back.asked, granted.profile)
        code = new_code()
        await self._storage.write(
            self._rooms.codes.new,
            _code_kind(back.project.id),
            code,
            now=self._clock.now_ms(),
            minutes=CODE_MINUTES,
            facts=sealing.sealed_grant(self._secret, code, back.asked, granted),
        )
        return code

    async def redeem(
        self, project: Project, code: str, *, verifier: str, redirect_uri: str, origin: Origin
    ) -> Redeemed:
        """Let somebody in, once (RFC 6749 section 4.1.3, RFC 7636 section 4.6).

        A wrong verifier or address does not use the code up: it may be a stranger's guess.

        Raises:
            WrongCode: nothing was changed.
            NotSignedIn: what was decided when they came back does not hold any more.
        """
        now, code = self._clock.now_ms(), normalized(code)
        try:
            found = await self._storage.read(
                self._rooms.codes.look, _code_kind(project.id), code, now=now
            )
            asked, granted = sealing.open_grant(self._secret, code, found.facts)
            if not pkce.matches(verifier, asked.code_challenge):
                raise WrongCode
            if asked.redirect_uri != without_fragment(redirect_uri):
                raise WrongCode
            return await self._storage.write(
                self._redeem, project, code, asked, granted, origin, now
            )
        except _GONE:
            raise WrongCode from None

    def _redeem(
        self, project: Project, code: str, asked: Asked, granted: Granted, origin: Origin, now: int
    ) -> Work[Redeemed]:
        yield from self._rooms.codes.use(_code_kind(project.id), code, now=now)
        arrived = yield from arrive(project, asked, granted.profile, self._rooms.accounts, now=now)
        yield from self._keep_tokens(project, asked, granted, arrived, now)
        begun = yield from self._rooms.sessions.begin_stack_work(
            arrived.user, origin=origin, now=now
        )
        return Redeemed(asked=asked, user=arrived.user, is_new=arrived.is_new, begun=begun)

    def _keep_tokens(
        self, project: Project, asked: Asked, granted: Granted, arrived: Arrived, now: int
    ) -> Work[None]:
        provider = project.config.provider(asked.provider_id)
        if provider is not None:
            scope = conversation.scope_of(provider, asked.provider_scope)
            yield from self._rooms.tokens.keep_work(
                arrived.account, granted.tokens, scope=scope, now=now
            )

    def _attempt(self, provider: Provider, metadata: Metadata, state: str) -> Attempt:
        speaks_openid = provider.issuer is not None
        return Attempt(
            issuer=metadata.issuer,
            iss_in_callback=metadata.iss_in_callback,
            client_id=provider.client_id,
            redirect_uri=f"{self._base_url}{CALLBACK}{provider.id}",
            state=state,
            verifier=sealing.derived(self._secret, "verifier", state),
            nonce=sealing.derived(self._secret, "nonce", state) if speaks_openid else None,
        )

    def _cookie(self, state: str) -> str:
        return sealing.derived(self._secret, "browser", state)


def _state_kind(project_id: str) -> Kind:
    return Kind(name="external sign-in", project_id=project_id)


def _code_kind(project_id: str) -> Kind:
    return Kind(name="external sign-in code", project_id=project_id)
