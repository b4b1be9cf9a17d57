"""Accounts at providers (specification: types/auth/oauth-connection.spec.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal

from keyturn.sdk.binding import S_co, Steps, operation
from keyturn.sdk.known_errors import (
    OAuthConnectionDoesNotHaveRequiredScope,
    OAuthConnectionNotConnectedToUser,
)
from keyturn.sdk.paging import Page, listing
from keyturn.sdk.resource import Resource
from keyturn.sdk.resources.base_user import BaseUser
from keyturn.sdk.values import UNSET, Members, Unset, at, given

if TYPE_CHECKING:
    from keyturn.sdk.session import Session

_NOT_CONNECTED = (OAuthConnectionNotConnectedToUser, OAuthConnectionDoesNotHaveRequiredScope)


@dataclass(eq=False, kw_only=True)
class OAuthConnection(Resource[S_co], Generic[S_co]):
    """An account elsewhere that the user's programs may act for.

    Attributes:
        id: The provider, as the project names it.
        scopes: What its access tokens are good for, at least.
    """

    id: str
    scopes: tuple[str, ...]
    _whose: str = field(repr=False)

    @operation
    def get_access_token(self) -> Steps[str]:
        """Return a token of the provider's that works now.

        Endpoint: ``POST /connected-accounts/{user}/{provider}/access-token``.

        Raises:
            OAuthConnectionNotConnectedToUser: the user is no longer connected there.
            OAuthConnectionDoesNotHaveRequiredScope: the user did not grant the scopes.
            OAuthAccessTokenNotAvailable: the provider gives none any more.
        """
        return (yield from _access_token(self))


@dataclass(eq=False, kw_only=True)
class BaseOAuthProvider(Resource[S_co], Generic[S_co]):
    """An account at a provider that belongs to a user.

    Attributes:
        id: What names it here.
        type: Which provider it is, such as ``github``.
        provider_config_id: The provider, as the project names it.
        user_id: Whose it is.
        email: The address that the provider knows.
        allow_sign_in: Whether it signs in.
        allow_connected_accounts: Whether programs may have the provider's tokens.
    """

    id: str
    type: str
    provider_config_id: str
    user_id: str
    email: str | None
    allow_sign_in: bool
    allow_connected_accounts: bool
    _whose: str = field(repr=False)

    @operation
    def delete(self) -> Steps[None]:
        """Remove the account from the user (``DELETE /oauth-providers/{user}/{id}``)."""
        yield from self._session.delete(self._path)

    @property
    def _path(self) -> str:
        return at("oauth-providers", self._whose, self.id)


@dataclass(eq=False, kw_only=True)
class OAuthProvider(BaseOAuthProvider[S_co], Generic[S_co]):
    """An account at a provider, as its user sees it.

    Attributes:
        account_id: The provider's own name for the person, where the server tells.
    """

    account_id: str | None

    @classmethod
    def read(cls, session: Session[S_co], answer: Members, *, whose: str) -> OAuthProvider[S_co]:
        """Read an account off an answer; ``whose`` stands for the user in a path."""
        fields = _provider_fields(session, answer, whose)
        return cls(**fields, account_id=answer.text_or_none("account_id"))

    @operation
    def update(
        self, *, allow_sign_in: bool | Unset = UNSET, allow_connected_accounts: bool | Unset = UNSET
    ) -> Steps[None]:
        """Change what the account may be used for (``PATCH /oauth-providers/me/{id}``).

        Args:
            allow_sign_in: Whether it signs in.
            allow_connected_accounts: Whether programs may have the provider's tokens.

        Raises:
            OAuthProviderAccountIdAlreadyUsedForSignIn: it signs somebody else in.
        """
        body = given(allow_sign_in=allow_sign_in, allow_connected_accounts=allow_connected_accounts)
        answer = yield from self._session.patch(self._path, body)
        self._become(OAuthProvider.read(self._session, answer, whose=self._whose))


@dataclass(eq=False, kw_only=True)
class ServerOAuthProvider(BaseOAuthProvider[S_co], Generic[S_co]):
    """An account at a provider, as the project's servers see it.

    Attributes:
        account_id: The provider's own name for the person.
    """

    account_id: str

    @classmethod
    def read(cls, session: Session[S_co], answer: Members) -> ServerOAuthProvider[S_co]:
        """Read an account off an answer."""
        fields = _provider_fields(session, answer, answer.text("user_id"))
        return cls(**fields, account_id=answer.text("account_id"))

    @operation
    def update(
        self,
        *,
        account_id: str | Unset = UNSET,
        email: str | Unset = UNSET,
        allow_sign_in: bool | Unset = UNSET,
        allow_connected_accounts: bool | Unset = UNSET,
    ) -> Steps[None]:
        """Change the account (``PATCH /oauth-providers/{user}/{id}``).

        Args:
            account_id: The provider's own name for the person.
            email: The address that the provider knows.
            allow_sign_in: Whether it signs in.
            allow_connected_accounts: Whether programs may have the provider's tokens.

        Raises:
            OAuthProviderAccountIdAlreadyUsedForSignIn: it signs somebody else in.
        """
        body = given(
            account_id=account_id,
            email=email,
            allow_sign_in=allow_sign_in,
            allow_connected_accounts=allow_connected_accounts,
        )
        answer = yield from self._session.patch(self._path, body)
        self._become(ServerOAuthProvider.read(self._session, answer))


class ConnectedAccountOperations(BaseUser[S_co], Generic[S_co]):
    """Accounts elsewhere that the user's programs may act for."""

    @operation
    def get_connected_account(
        self,
        provider_id: str,
        *,
        scopes: Sequence[str] = (),
        or_: Literal["return_none", "raise"] = "return_none",
    ) -> Steps[OAuthConnection[S_co] | None]:
        """Return the user's connection to a provider, which gives out its tokens.

        Endpoint: ``POST /connected-accounts/{user}/{provider}/access-token``.

        Args:
            provider_id: The provider, as the project names it.
            scopes: What its tokens have to be good for.
            or_: What to do where the user is not connected, or has not granted that much.

        Raises:
            OAuthConnectionNotConnectedToUser, OAuthConnectionDoesNotHaveRequiredScope: with
                ``or_="raise"``.
        """
        connection = OAuthConnection(
            _session=self._session, _whose=self._me, id=provider_id, scopes=tuple(scopes)
        )
        try:
            yield from _access_token(connection)
        except _NOT_CONNECTED:
            if or_ == "raise":
                raise
            return None
        return connection


class OAuthProviderOperations(ConnectedAccountOperations[S_co], Generic[S_co]):
    """A user's own accounts at providers."""

    @listing
    def list_oauth_providers(self) -> Steps[Page[OAuthProvider[S_co], S_co]]:
        """List the accounts at providers (``GET /oauth-providers``), oldest first."""
        return self._session.pages(
            at("oauth-providers"),
            lambda session, item: OAuthProvider.read(session, item, whose=self._me),
            user_id=self._me,
        )

    @operation
    def get_oauth_provider(self, provider_id: str) -> Steps[OAuthProvider[S_co] | None]:
        """Return one account at a provider (``GET /oauth-providers``); ``None``: there is none.

        Args:
            provider_id: Its ``id``.
        """
        page = yield from OAuthProviderOperations.list_oauth_providers.steps(self)
        return next((each for each in page.items if each.id == provider_id), None)


class ServerOAuthProviderOperations(ConnectedAccountOperations[S_co], Generic[S_co]):
    """A user's accounts at providers, as the project's servers see them."""

    @listing
    def list_oauth_providers(self) -> Steps[Page[ServerOAuthProvider[S_co], S_co]]:
        """List the accounts at providers (``GET /oauth-providers``), oldest first."""
        return self._session.pages(at("oauth-providers"), ServerOAuthProvider.read, user_id=self.id)

    @operation
    def get_oauth_provider(self, provider_id: str) -> Steps[ServerOAuthProvider[S_co] | None]:
        """Return one account at a provider (``GET /oauth-providers``); ``None``: there is none.

        Args:
            provider_id: Its ``id``.
        """
        page = yield from ServerOAuthProviderOperations.list_oauth_providers.steps(self)
        return next((each for each in page.items if each.id == provider_id), None)


def _access_token(connection: OAuthConnection[Any]) -> Steps[str]:
    path = at("connected-accounts", connection._whose, connection.id, "access-token")
    body = {"scope": " ".join(connection.scopes)} if connection.scopes else {}
    return (yield from connection._session.post(path, body)).text("access_token")


def _provider_fields(session: Session[Any], answer: Members, whose: str) -> dict[str, Any]:
    return {
        "_session": session,
        "_whose": whose,
        "id": answer.text("id"),
        "type": answer.text("type"),
        "provider_config_id": answer.text("provider_config_id"),
        "user_id": answer.text("user_id"),
        "email": answer.text_or_none("email"),
        "allow_sign_in": answer.flag("allow_sign_in"),
        "allow_connected_accounts": answer.flag("allow_connected_accounts"),
    }
