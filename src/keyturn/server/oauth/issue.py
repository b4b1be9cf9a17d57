"""What a grant ends in: a session and the token answer that stands for it (RFC 6749 5.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.server.oauth import registration_store as registrations
from keyturn.server.oauth import store
from keyturn.server.oauth.errors import invalid_target
from keyturn.server.oauth.resources import UnknownResource
from keyturn.server.sessions import store as sessions
from keyturn.server.sessions.rules import DEVICE, LOOPBACK, Lifetime, Origin, Session

if TYPE_CHECKING:
    from keyturn.server.oauth.access_token import AccessTokens
    from keyturn.server.oauth.id_token import IdTokens
    from keyturn.server.oauth.resources import Resources
    from keyturn.server.projects.rules import Client
    from keyturn.server.sessions.rules import Kind
    from keyturn.server.sessions.service import Sessions
    from keyturn.server.storage.base import Row, Work

_LIFETIMES: dict[str, Lifetime] = {"cli": LOOPBACK, "device": DEVICE}


class Issuer:
    """Begins families and writes their token answers."""

    def __init__(
        self,
        sessions: Sessions,
        access_tokens: AccessTokens,
        resources: Resources,
        *,
        id_tokens: IdTokens,
        access_token_seconds: int,
    ) -> None:
        self._sessions, self._access_tokens = sessions, access_tokens
        self._resources, self._id_tokens = resources, id_tokens
        self._without_refresh = Lifetime(idle_seconds=None, absolute_seconds=access_token_seconds)

    def begin_work(
        self,
        granted: Row,
        client: Client,
        *,
        kind: Kind,
        origin: Origin,
        now: int,
        claims: str | None = None,
    ) -> Work[Session | None]:
        """Begin the session of a redeemed code; ``None`` where policy no longer allows it.

        Account and approving browser session are looked at again (server promise S-24): somebody
        may have been disabled, signed out or changed a password since the decision.

        Args:
            granted: The redeemed row: user_id, approved_by, scope and what the program said.
            client: Whose code it was.
            kind: Which door the session came through.
            origin: Where the redemption came from.
            now: Milliseconds since 1970.
            claims: What the client asked of ID token and userinfo.
        """
        browser = yield from sessions.by_id(granted["approved_by"])
        if browser is None or not browser.is_alive(now=now):
            return None
        if browser.user_id != granted["user_id"]:
            return None
        if not (yield from store.user_may_sign_in(granted["user_id"])):
            return None
        if not client.vetted:
            yield from registrations.note_use(client.id, now=now)
        lasts = _LIFETIMES[kind] if client.may("refresh_token") else self._without_refresh
        return (
            yield from self._sessions.begin_family_work(
                project_id=granted["project_id"],
                user_id=granted["user_id"],
                client_id=client.id,
                kind=kind,
                lifetime=lasts,
                origin=Origin(
                    ip=origin.ip,
                    user_agent=origin.user_agent,
                    host_name=granted["host_name"],
                    system=granted["system"],
                    program=granted["program"],
                ),
                scope=granted["scope"],
                resource=granted["resource"],
                claims=claims,
                approved_by=browser.id,
                authenticated_at=browser.authenticated_at,
                now=now,
            )
        )

    def audience(self, granted: str | None, asked: tuple[str, ...], client: Client) -> str:
        """Return what one access token is for, out of what was granted (RFC 8707 section 2.2).

        Raises:
            Refused: ``invalid_target``.
        """
        try:
            return self._resources.audience(granted, asked, client)
        except UnknownResource:
            raise invalid_target() from None

    async def answer(
        self,
        session: Session,
        client: Client,
        *,
        audience: str,
        scope: str | None = None,
        nonce: str | None = None,
    ) -> dict[str, Any]:
        """Return the token answer of a session's current generation (S-25, S-27, S-34).

        It has an ID token where openid was granted and is not left out of ``scope`` now.
        """
        granted = session.scope if scope is None else scope
        token, life = await self._access_tokens.write(session, scope=granted, audience=audience)
        answer: dict[str, Any] = {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": life,
            "scope": granted,
            "session": session.id,
            "generation": session.generation,
        }
        if client.may("refresh_token"):
            answer["refresh_token"] = self._sessions.refresh_token(session)
            # No standard member says this; several servers use this name, and clients show it.
            answer["refresh_expires_in"] = (session.ends_at() - session.last_used_at) // 1000
        if "openid" in granted.split():
            answer["id_token"] = await self._id_tokens.write(
                session, client, access_token=token, nonce=nonce
            )
        return answer
