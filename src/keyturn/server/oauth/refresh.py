"""Refreshing (RFC 6749 section 6): the current token of a family gives its next generation.

What any other token of the family gets is ``sessions/rotation.py``'s to judge; here the judgement
is carried out, in one transaction, by statements that hold only while what was judged still does.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

from keyturn.server.events import store as events
from keyturn.server.oauth import rules, store
from keyturn.server.oauth.errors import Refused, invalid_grant, unavailable
from keyturn.server.sessions import alert_store, rotation
from keyturn.server.sessions import store as sessions
from keyturn.server.sessions.rotation import Step
from keyturn.server.sessions.rotations import Rotations
from keyturn.server.sessions.rules import ENDED_BY_REUSE

if TYPE_CHECKING:
    from keyturn.server.clock import Clock
    from keyturn.server.oauth.access_token import AccessToken
    from keyturn.server.oauth.issue import Issuer
    from keyturn.server.projects.rules import Client
    from keyturn.server.sessions.alerts import Alerts
    from keyturn.server.sessions.family_token import FamilyToken
    from keyturn.server.sessions.rules import Session
    from keyturn.server.sessions.service import Sessions
    from keyturn.server.storage.base import Storage, Work

_TRIES = 3
# What the family's own program tells its user; holders of other tokens are told nothing.
_REUSED = "the session was ended because an old token of it was used again"


class RefreshGrant:
    """Rotates families (server promises S-25 and S-30 to S-35)."""

    def __init__(
        self, storage: Storage, clock: Clock, sessions: Sessions, issuer: Issuer, alerts: Alerts
    ) -> None:
        self._storage, self._clock, self._rotations = storage, clock, Rotations(storage)
        self._sessions, self._issuer, self._alerts = sessions, issuer, alerts

    async def refresh(
        self,
        token: str,
        *,
        client: Client,
        scope: str | None,
        resource: tuple[str, ...] = (),
        ip: str | None,
    ) -> dict[str, Any]:
        """Return the token answer of the next generation, once that is durable.

        Raises:
            Refused: ``invalid_grant``; ``invalid_scope`` or ``invalid_target`` where more is asked
                for than is held, and then the token stays as good as it was;
                503 or 429 with Retry-After where asking again later is right.
        """
        named = self._sessions.read_refresh_token(token)
        if named is None:
            raise _refused()
        now = self._clock.now_ms()
        if scope is None and not resource:
            plain = await self._rotations.rotate(named, client_id=client.id, ip=ip, now=now)
            if plain is not None:
                audience = self._issuer.audience(None, (), client)
                return await self._issuer.answer(plain, client, audience=audience)
        found = await self._storage.write(self._present, named, client, scope, resource, ip, now)
        if isinstance(found, Refused):
            if found.description == _REUSED:
                self._alerts.send_soon()
            raise found
        session, granted, audience = found
        return await self._issuer.answer(session, client, audience=audience, scope=granted)

    async def acknowledge(self, access: AccessToken) -> None:
        """Let the predecessor end: the client has stored what it was given (S-35)."""
        await self._storage.write(
            sessions.acknowledge,
            access.session_id,
            generation=access.generation,
            sibling=access.sibling,
        )

    async def note_use(self, access: AccessToken, session: Session) -> None:
        """Let the predecessor end once its successor's access token is used here (S-32)."""
        now = self._clock.now_ms()
        is_current = (access.generation, access.sibling) == (session.generation, session.sibling)
        if session.rotation == "none" or session.successor_used or not is_current:
            return
        if session.generation == 0 or rotation.is_in_window(session, now=now):
            return
        await self._storage.write(
            sessions.use_successor,
            session.id,
            generation=session.generation,
            sibling=session.sibling,
            window_start=now - rotation.WINDOW_MS,
        )

    def _present(
        self,
        named: FamilyToken,
        client: Client,
        scope: str | None,
        resource: tuple[str, ...],
        ip: str | None,
        now: int,
    ) -> Work[tuple[Session, str, str] | Refused]:
        """Carry out what the token gets. A refusal that is returned, not raised, is committed."""
        rotated = yield from sessions.rotate(
            named.family_id,
            generation=named.generation,
            sibling=named.sibling,
            ip=ip,
            now=now,
        )
        if rotated is not None:
            yield from sessions.record_refresh(rotated)
        else:
            found = yield from self._present_again(named, client, ip, now)
            if isinstance(found, Refused):
                return found
            rotated = found
        # Whatever is raised from here on undoes the rotation, so the token stays as good as it was.
        if rotated.client_id != client.id:
            raise _refused()
        audience = self._issuer.audience(rotated.resource, resource, client)
        try:
            return rotated, rules.narrowed_scope(scope, rotated.scope), audience
        except rules.ScopeRefused:
            raise Refused("invalid_scope", "the session does not hold that scope") from None

    def _present_again(
        self, named: FamilyToken, client: Client, ip: str | None, now: int
    ) -> Work[Session | Refused]:
        for _ in range(_TRIES):
            family = yield from sessions.by_id(named.family_id)
            if family is None or family.client_id != client.id:
                return _refused()
            if not family.is_alive(now=now):
                return _reused() if family.ended_reason == ENDED_BY_REUSE else _refused()
            if not (yield from store.user_may_sign_in(family.user_id)):
                return _refused()
            verdict = rotation.judge(family, named, now=now)
            match verdict.step:
                case Step.REPEAT:
                    return family
                case Step.SIBLING:
                    if sibling := (yield from sessions.add_sibling(family, ip=ip, now=now)):
                        yield from sessions.record_refresh(sibling)
                        return sibling
                case Step.LATER | Step.SLOWER:
                    raise _later(verdict, now)
                case Step.END:
                    yield from self._end(family, named, ip, now)
                    return _reused()
                case Step.ROTATE:
                    return _refused()  # current, and yet not rotated: it has just ended
        raise unavailable()

    def _end(self, family: Session, named: FamilyToken, ip: str | None, now: int) -> Work[None]:
        ended = yield from self._sessions.end_work(family.id, reason=ENDED_BY_REUSE, ip=ip, now=now)
        if ended is not None:
            yield from alert_store.add(family.id, user_id=family.user_id, ip=ip, now=now)
        yield from events.record(
            "refresh.reuse",
            now=now,
            project_id=family.project_id,
            user_id=family.user_id,
            session_id=family.id,
            ip=ip,
            presented=named.generation,
            current=family.generation,
        )


def _later(verdict: rotation.Verdict, now: int) -> Refused:
    wait = {"Retry-After": str(max(1, ceil((verdict.again_at - now) / 1000)))}
    if verdict.step is Step.SLOWER:
        return Refused("slow_down", "too many answers of this session were lost", 429, wait)
    return Refused("temporarily_unavailable", "another refresh has just been answered", 503, wait)


def _refused() -> Refused:
    return invalid_grant("the refresh token is no longer good")


def _reused() -> Refused:
    return invalid_grant(_REUSED)
