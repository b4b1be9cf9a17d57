"""What a token answer says, what a signed-in session is made of, and when it must be renewed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from keyturn.protocol.jwt import finite_number, numeric_date, unverified_claims
from keyturn.protocol.retry import stated_time
from keyturn.protocol.wire import unexpected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keyturn.protocol.wire import Reply

REFRESH_LEEWAY_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who a session belongs to.

    Attributes:
        id: The server's id (``sub``), or ``"default"`` where the server does not say.
        email: Where the server told it.
        label: A name for people, where there is one.
    """

    id: str
    email: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """One successful answer of a token endpoint (RFC 6749 section 5.1).

    Attributes:
        access_token: Sent as ``Authorization: Bearer``.
        refresh_token: ``None``: the answer carried none.
        token_type: As the server spelt it.
        scope: What was granted; ``None``: as asked for.
        lifetime_seconds: How long the access token lives from now on; ``None``: unknown.
        session_lifetime_seconds: How long the refresh token lives unused; ``None``: unknown.
        id_token: OpenID Connect's, unread.
        session_id: The server's name for the session, the same across renewals.
        generation: How often the server has renewed the session.
        stated_at: The server's own time when it answered, in epoch seconds; ``None``: not told.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    token_type: str = "Bearer"  # noqa: S105 - a public name
    scope: str | None = None
    lifetime_seconds: float | None = None
    session_lifetime_seconds: float | None = None
    id_token: str | None = field(default=None, repr=False)
    session_id: str | None = None
    generation: int | None = None
    stated_at: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Where a session is renewed, ended and asked about: absolute URLs, as discovered at login."""

    token: str
    revocation: str | None = None
    userinfo: str | None = None
    ack: str | None = None
    sessions_page: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """Where a session's secret lies when it is not in its record.

    Attributes:
        user: The name it is filed under in the system keyring; never used twice.
        fingerprint: SHA-256 of the secret, in hexadecimal.
    """

    user: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One signed-in account: everything that is replaced together, or not at all.

    A server that rotates refresh tokens has revoked the old one by the time it answers, so a
    session that mixes old and new halves can lock its account out.

    Attributes:
        account: Who is signed in.
        issuer: The sign-in server.
        client_id: This program's client there; for Stack projects the project id.
        access_token: Sent as ``Authorization: Bearer``.
        issued_at: When the access token arrived, in epoch seconds by this computer's clock.
        refresh_token: ``None``: the session ends with its access token.
        expires_at: End of the access token, by this computer's clock; ``None``: unknown, and we
            never guess.
        session_ends_at: End of the session if unused; ``None``: unknown.
        session_id, generation: The server's, see Tokens; a generation is compared only within one
            session id.
        endpoints: Where to renew and end it; ``None`` for Stack projects and pasted tokens.
        anonymous: A session without a person.
        storage: The policy it was stored under, which a refresh keeps.
        revision: The store's own count, raised at every write; 0: not stored yet.
        slot: Where the refresh token lies (or both tokens) when the store keeps it elsewhere. As
            read from a store's index, such a session comes without what is there.

    Raises:
        ValueError: a token is empty, or not what ``clean_token`` would leave of it.
    """

    account: Account
    issuer: str
    client_id: str
    access_token: str = field(repr=False)
    issued_at: float
    refresh_token: str | None = field(default=None, repr=False)
    token_type: str = "Bearer"  # noqa: S105 - a public name
    scope: str | None = None
    expires_at: float | None = None
    session_ends_at: float | None = None
    session_id: str | None = None
    generation: int | None = None
    endpoints: Endpoints | None = None
    anonymous: bool = False
    storage: str = "auto"
    revision: int = 0
    slot: Slot | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        tokens = (self.access_token, self.refresh_token)
        for token in tokens[1:] if self.is_sealed else tokens:
            if token is not None and clean_token(token) != token:
                raise ValueError("a token is visible ASCII and not empty")

    @property
    def is_sealed(self) -> bool:
        """Whether the access token, too, lies in the slot and has not been read from there."""
        return self.slot is not None and not self.access_token

    @property
    def is_renewable(self) -> bool:
        """Whether there is a refresh token, here or in the slot."""
        return self.refresh_token is not None or self.slot is not None

    @property
    def refresh_at(self) -> float | None:
        """When a renewal is due: 60 s before the end, but not before half the lifetime.

        ``None``: the end is unknown, so renewing ahead of time would be guessing.
        """
        if self.expires_at is None:
            return None
        lifetime = max(0.0, self.expires_at - self.issued_at)
        return self.expires_at - min(REFRESH_LEEWAY_SECONDS, lifetime / 2)

    def needs_refresh(self, *, now: float) -> bool:
        """Say whether the access token is spent or about to be."""
        return self.refresh_at is not None and now >= self.refresh_at

    def is_usable(self, *, now: float) -> bool:
        """Say whether the access token may still be sent, as far as anybody knows."""
        return self.expires_at is None or now < self.expires_at

    def same_as(self, other: Session | None) -> bool:
        """Say whether ``other`` is this very record: nobody wrote in between."""
        if other is None:
            return False
        # A slot is never used twice, so it stands for what is in it; either side may not know that.
        same_secrets = (
            self.slot == other.slot
            if self.slot is not None and other.slot is not None
            else (self.access_token, self.refresh_token)
            == (other.access_token, other.refresh_token)
        )
        return (
            same_secrets
            and self.revision == other.revision
            and self.expires_at == other.expires_at
            and self.generation == other.generation
        )

    def shares_grant_with(self, other: Session) -> bool:
        """Say whether ending one at the server would, or might, end the other."""
        if self.refresh_token is not None and self.refresh_token == other.refresh_token:
            return True
        return self.session_id is not None and self.session_id == other.session_id

    def renewed(self, tokens: Tokens, *, now: float) -> Session:
        """Return this session with the tokens of a refresh answer (RFC 6749 section 6).

        An answer without a refresh token, scope or session id leaves the old one in force.
        """
        return replace(
            self,
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token or self.refresh_token,
            token_type=tokens.token_type,
            scope=tokens.scope or self.scope,
            issued_at=now,
            expires_at=_after(now, tokens.lifetime_seconds),
            session_ends_at=_after(now, tokens.session_lifetime_seconds) or self.session_ends_at,
            session_id=tokens.session_id or self.session_id,
            generation=tokens.generation,
        )


def new_session(
    tokens: Tokens,
    *,
    account: Account,
    issuer: str,
    client_id: str,
    now: float,
    endpoints: Endpoints | None = None,
    scope: str | None = None,
) -> Session:
    """Return the session that a sign-in's token answer starts; ``scope`` is what was asked for."""
    return Session(
        account=account,
        issuer=issuer,
        client_id=client_id,
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        token_type=tokens.token_type,
        scope=tokens.scope or scope,
        issued_at=now,
        expires_at=_after(now, tokens.lifetime_seconds),
        session_ends_at=_after(now, tokens.session_lifetime_seconds),
        session_id=tokens.session_id,
        generation=tokens.generation,
        endpoints=endpoints,
    )


def read_tokens(reply: Reply, *, now: float) -> Tokens:
    """Read a successful token answer; ``now`` is used where only a JWT's ``exp`` tells the end.

    Raises:
        UnexpectedReply: there is no access token in it that could be sent.
    """
    answer = reply.json_object()
    access_token = clean_token(answer.get("access_token"))
    if access_token is None:
        raise unexpected(reply, "there is no usable access token")
    claims = unverified_claims(access_token)
    generation = answer.get("generation")
    return Tokens(
        access_token=access_token,
        refresh_token=clean_token(answer.get("refresh_token")),
        token_type=_text(answer, "token_type") or "Bearer",
        scope=_text(answer, "scope"),
        lifetime_seconds=_lifetime(reply, claims, now=now),
        session_lifetime_seconds=finite_number(
            answer.get("refresh_expires_in", answer.get("refresh_token_expires_in"))
        ),
        id_token=clean_token(answer.get("id_token")),
        session_id=_text(answer, "session") or _text(claims, "refresh_token_id"),
        generation=generation if type(generation) is int else None,
        stated_at=stated_time(reply),
    )


def clean_token(value: object) -> str | None:
    """Return ``value`` trimmed if it can be sent as a token, else ``None``.

    Tokens are visible ASCII (RFC 6749 appendix A): anything else could split a header.
    """
    if not isinstance(value, str):
        return None
    trimmed = value.strip()
    return trimmed if trimmed and all("!" <= c <= "~" for c in trimmed) else None


def _lifetime(reply: Reply, claims: dict[str, Any], *, now: float) -> float | None:
    stated = finite_number(reply.json_object().get("expires_in"))
    if stated is not None:
        return stated
    expires_at = numeric_date(claims, "exp")
    if expires_at is None:
        return None
    # By the server's own clock wherever it shows, so that a wrong one on this computer does no
    # harm; a token made for this answer has it in `iat`.
    return max(0.0, expires_at - (stated_time(reply) or numeric_date(claims, "iat") or now))


def _after(now: float, seconds: float | None) -> float | None:
    return None if seconds is None else now + seconds


def _text(values: Mapping[str, Any], key: str) -> str | None:
    value = values.get(key)
    return value if isinstance(value, str) and value else None
