"""A user's sessions (specification: types/common/sessions.spec.md)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic

from keyturn.sdk.binding import S_co, Steps, operation
from keyturn.sdk.paging import Page, listing
from keyturn.sdk.resources.base_user import BaseUser
from keyturn.sdk.token_store import TokenPair
from keyturn.sdk.values import UNSET, Members, Unset, at, given


@dataclass(frozen=True, slots=True, kw_only=True)
class GeoInfo:
    """Where an address seems to be; what is not known is ``None``.

    Attributes:
        ip: The address.
        city: The city.
        region: The region or state.
        country: The country's two letters (ISO 3166-1).
        country_name: The country's name.
        latitude: In degrees.
        longitude: In degrees.
    """

    ip: str | None
    city: str | None
    region: str | None
    country: str | None
    country_name: str | None
    latitude: float | None
    longitude: float | None

    @classmethod
    def read(cls, answer: Members) -> GeoInfo:
        """Read a place off an answer."""
        latitude, longitude = answer.json("latitude"), answer.json("longitude")
        return cls(
            ip=answer.text_or_none("ip"),
            city=answer.text_or_none("city_name"),
            region=answer.text_or_none("region_code"),
            country=answer.text_or_none("country_code"),
            country_name=answer.text_or_none("country_name"),
            latitude=None if latitude is None else float(answer.number("latitude")),
            longitude=None if longitude is None else float(answer.number("longitude")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveSession:
    """One place where a user is signed in.

    Attributes:
        id: The session's id.
        user_id: Whose it is.
        created_at: When it began.
        is_impersonation: Whether somebody else is signed in as the user, to help.
        last_used_at: When it was last used.
        is_current_session: Whether it is the one that asks.
        geo_info: Where it was last used from, as far as the server says.
    """

    id: str
    user_id: str
    created_at: datetime
    is_impersonation: bool
    last_used_at: datetime | None
    is_current_session: bool
    geo_info: GeoInfo | None

    @classmethod
    def read(cls, _session: object, answer: Members) -> ActiveSession:
        """Read a session off an answer."""
        place = answer.members_or_none("last_used_at_end_user_ip_info")
        return cls(
            id=answer.text("id"),
            user_id=answer.text("user_id"),
            created_at=answer.moment("created_at"),
            is_impersonation=answer.flag("is_impersonation", default=False),
            last_used_at=answer.moment_or_none("last_used_at"),
            is_current_session=answer.flag("is_current_session", default=False),
            geo_info=GeoInfo.read(place) if place else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSession:
    """A session that a server has begun for a user.

    Attributes:
        tokens: Its tokens; keep them like a password.
    """

    tokens: TokenPair

    def get_tokens(self) -> TokenPair:
        """Return the session's tokens."""
        return self.tokens


class SessionOperations(BaseUser[S_co], Generic[S_co]):
    """Seeing and ending a user's sessions."""

    @listing
    def get_active_sessions(self) -> Steps[Page[ActiveSession, S_co]]:
        """List where the user is signed in, newest first (``GET /auth/sessions?user_id=``)."""
        return self._session.pages(at("auth", "sessions"), ActiveSession.read, user_id=self._me)

    @operation
    def revoke_session(self, session_id: str) -> Steps[None]:
        """End one session (``DELETE /auth/sessions/{id}?user_id=``).

        Args:
            session_id: An ActiveSession's id.

        Raises:
            CannotDeleteCurrentSession: it is the one that asks; sign out instead.
            StackStatusError: there is no such session of this user.
        """
        yield from self._session.delete(at("auth", "sessions", session_id), user_id=self._me)


class ServerSessionOperations(SessionOperations[S_co], Generic[S_co]):
    """Beginning sessions for users."""

    @operation
    def create_session(
        self,
        *,
        expires_in: timedelta | Unset = UNSET,
        is_impersonation: bool | Unset = UNSET,
        reason: str | Unset = UNSET,
    ) -> Steps[UserSession]:
        """Sign the user in without asking (``POST /auth/sessions``).

        Args:
            expires_in: How long the session may last, 367 days at most; a year where left out.
            is_impersonation: Whether somebody else will use it, to help; it is marked as such.
            reason: A note on why, for servers that keep one.

        Raises:
            UserIdDoesNotExist: the account has been deleted.
        """
        lasts = UNSET if isinstance(expires_in, Unset) else expires_in // timedelta(milliseconds=1)
        body = given(
            user_id=self.id,
            expires_in_millis=lasts,
            is_impersonation=is_impersonation,
            reason=reason,
        )
        answer = yield from self._session.post(at("auth", "sessions"), body)
        return UserSession(
            tokens=TokenPair(
                access_token=answer.text("access_token"),
                refresh_token=answer.text("refresh_token"),
            )
        )
