"""What the access token itself tells about the user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal

from keyturn.protocol.jwt import unverified_claims
from keyturn.sdk.apps.base import BaseApp
from keyturn.sdk.binding import S_co, Steps, operation
from keyturn.sdk.token_store import SourcedTokenStore
from keyturn.sdk.values import Members

if TYPE_CHECKING:
    from keyturn.sdk.token_sources import TokenStoreInit


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPartialUser:
    """What an access token tells. Its signature has not been checked: show it, do not trust it.

    Attributes:
        id: The user's id.
        display_name: A name for people.
        primary_email: The address to write to.
        primary_email_verified: Whether a mail to it has been answered.
        is_anonymous: Whether nobody has signed up yet.
        is_multi_factor_required: Whether signing in asks for a one-time password as well.
        is_restricted: Whether something has to be done first.
        restricted_reason: Why, as ``anonymous`` or ``email_not_verified``.
    """

    id: str
    display_name: str | None
    primary_email: str | None
    primary_email_verified: bool
    is_anonymous: bool
    is_multi_factor_required: bool
    is_restricted: bool
    restricted_reason: str | None

    @classmethod
    def read(cls, claims: Members) -> TokenPartialUser:
        """Read a user off the claims of a token."""
        reason = claims.members_or_none("restricted_reason")
        return cls(
            id=claims.text("sub"),
            display_name=claims.text_or_none("name"),
            primary_email=claims.text_or_none("email"),
            primary_email_verified=claims.flag("email_verified", default=False),
            is_anonymous=claims.flag("is_anonymous", default=False),
            is_multi_factor_required=claims.flag("requires_totp_mfa", default=False),
            is_restricted=claims.flag("is_restricted", default=False),
            restricted_reason=reason.text("type") if reason else None,
        )


class PartialUserOperations(BaseApp[S_co], Generic[S_co]):
    """The user without asking the server."""

    @operation
    def get_partial_user(
        self, *, from_: Literal["token"] = "token", token_store: TokenStoreInit | None = None
    ) -> Steps[TokenPartialUser | None]:
        """Return what the stored access token tells about its user; sends nothing.

        ``None``: nobody is signed in, or the token is not one that can be read.

        Args:
            from_: There is one source.
            token_store: Whose token; the app's own where left out.
        """
        tokens = self._store_for(token_store)
        if isinstance(tokens, SourcedTokenStore):
            pair = yield from tokens.get_or_fetch_likely_valid_tokens(self._api)
            access = pair.access_token
        else:
            access = tokens.get_stored_access_token()
        claims = unverified_claims(access) if access else {}
        return TokenPartialUser.read(Members(claims)) if "sub" in claims else None
