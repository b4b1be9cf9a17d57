"""Redeeming an authorization code (RFC 6749 section 4.1.3, RFC 7636 section 4.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.protocol.pkce import matches
from keyturn.server.events import store as events
from keyturn.server.oauth import store
from keyturn.server.oauth.errors import Refused, invalid_grant

if TYPE_CHECKING:
    from keyturn.server.clock import Clock
    from keyturn.server.oauth.issue import Issuer
    from keyturn.server.projects.rules import Client
    from keyturn.server.secret import ServerSecret
    from keyturn.server.sessions.rules import Origin, Session
    from keyturn.server.sessions.service import Sessions
    from keyturn.server.storage.base import Storage, Work


class CodeGrant:
    """Trades a code for a session, once (server promises S-21 and S-24)."""

    def __init__(
        self,
        storage: Storage,
        secret: ServerSecret,
        clock: Clock,
        sessions: Sessions,
        issuer: Issuer,
    ) -> None:
        self._storage, self._secret, self._clock = storage, secret, clock
        self._sessions, self._issuer = sessions, issuer

    async def redeem(
        self,
        code: str,
        *,
        client: Client,
        redirect_uri: str,
        verifier: str,
        resource: tuple[str, ...],
        origin: Origin,
    ) -> dict[str, Any]:
        """Return the token answer.

        Raises:
            Refused: ``invalid_grant``, for whatever reason: an attacker learns none of them; or
                ``invalid_target``, to the rightful holder, whose code stays good.
        """
        redeemed = await self._storage.write(
            self._redeem, code, client, redirect_uri, verifier, resource, origin
        )
        if redeemed is None:
            raise _refused()
        session, audience, nonce = redeemed
        return await self._issuer.answer(session, client, audience=audience, nonce=nonce)

    def _redeem(
        self,
        code: str,
        client: Client,
        redirect_uri: str,
        verifier: str,
        resource: tuple[str, ...],
        origin: Origin,
    ) -> Work[tuple[Session, str, str | None] | None]:
        now = self._clock.now_ms()
        code_hash = self._secret.hash("authorization code", code)
        row = yield from store.redeem_code(
            code_hash, client_id=client.id, redirect_uri=redirect_uri, now=now
        )
        if row is None:
            yield from self._end_what_it_gave(code_hash, client, redirect_uri, verifier, now)
            return None
        # Raising undoes the redemption: a wrong verifier, or a policy that may change back, does
        # not use up the code of its rightful holder.
        if not matches(verifier, row["code_challenge"]):
            raise _refused()
        audience = self._issuer.audience(row["resource"], resource, client)
        session = yield from self._issuer.begin_work(
            row, client, kind="cli", origin=origin, now=now, claims=row["claims"]
        )
        if session is None:
            raise _refused()
        yield from store.note_session_of_code(code_hash, session.id)
        return session, audience, row["nonce"]

    def _end_what_it_gave(
        self, code_hash: bytes, client: Client, redirect_uri: str, verifier: str, now: int
    ) -> Work[None]:
        """End the session of a code that comes a second time (RFC 6749 section 4.1.2).

        Only for the right verifier: a stranger who saw the code go by must not be able to sign the
        rightful holder out (RFC 9700 section 4.5.2 asks for the binding).
        """
        row = yield from store.code(code_hash, client_id=client.id, redirect_uri=redirect_uri)
        if row is None or row["session_id"] is None:
            return
        if not matches(verifier, row["code_challenge"]):
            return
        yield from self._sessions.end_work(row["session_id"], reason="code replayed", now=now)
        yield from events.record(
            "code.replayed",
            now=now,
            project_id=row["project_id"],
            user_id=row["user_id"],
            session_id=row["session_id"],
            client=client.id,
        )


def _refused() -> Refused:
    return invalid_grant("the code is wrong, used, expired or not for this request")
