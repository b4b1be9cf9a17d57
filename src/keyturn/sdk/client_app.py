"""A project as its users' programs speak to it (specification: apps/client-app.spec.md)."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, Literal, overload

from keyturn.sdk.apps.base import DEFAULT_BASE_URL
from keyturn.sdk.apps.cli_login import CliLoginOperations
from keyturn.sdk.apps.credentials import CredentialOperations, begin_anonymous_session
from keyturn.sdk.apps.features import ClientFeatures
from keyturn.sdk.apps.invitations import InvitationOperations
from keyturn.sdk.apps.partial_user import PartialUserOperations
from keyturn.sdk.apps.project import ProjectOperations
from keyturn.sdk.apps.signed_in import signed_in_user
from keyturn.sdk.apps.tokens import TokenOperations
from keyturn.sdk.binding import Async, S_co, Steps, Sync, overloaded
from keyturn.sdk.errors import UserNotSignedIn
from keyturn.sdk.resources.current_user import CurrentUser

if TYPE_CHECKING:
    from keyturn.net.httpx import HttpClient
    from keyturn.sdk.clock import Clock
    from keyturn.sdk.session import Session
    from keyturn.sdk.token_sources import TokenStoreInit


class StackClientApp(
    ClientFeatures[S_co],
    InvitationOperations[S_co],
    CredentialOperations[S_co],
    CliLoginOperations[S_co],
    PartialUserOperations[S_co],
    TokenOperations[S_co],
    ProjectOperations[S_co],
    Generic[S_co],
):
    """A project of a Stack-compatible API, with client access.

    ``StackClientApp(...)`` is blocking, ``StackClientApp[Async](...)`` awaitable. Constructing it
    does no I/O.

    Args:
        project_id: The project.
        publishable_client_key: Its publishable key; ``None`` where it asks for none.
        base_url: Where the API lives, without ``/api/v1``.
        token_store: Where the session's tokens live: ``"memory"`` (one store per project and
            process), a TokenPair, a request with an ``x-stack-auth`` header, a SessionSource such
            as ``keyturn.Auth``, or a TokenStore; ``None``: each call is given one.
        extra_request_headers: Sent with every request.
        http_client: An ``httpx2.Client`` (``httpx2.AsyncClient``), or one used alike, to send with.
            It stays the caller's to close.
        clock: Where the time comes from, for tests.
    """

    def __init__(
        self,
        *,
        project_id: str,
        publishable_client_key: str | None = None,
        base_url: str = DEFAULT_BASE_URL,
        token_store: TokenStoreInit | None = "memory",  # noqa: S107 - a kind of store
        extra_request_headers: Mapping[str, str] = MappingProxyType({}),
        http_client: HttpClient | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(
            project_id=project_id,
            publishable_client_key=publishable_client_key,
            secret_server_key=None,
            base_url=base_url,
            token_store=token_store,
            extra_request_headers=extra_request_headers,
            http_client=http_client,
            clock=clock,
        )

    @overload
    def get_user(
        self: StackClientApp[Sync],
        *,
        or_: Literal["raise", "anonymous"],
        include_restricted: bool | None = None,
        token_store: TokenStoreInit | None = None,
    ) -> CurrentUser: ...
    @overload
    def get_user(
        self: StackClientApp[Sync],
        *,
        or_: Literal["return_none"] = "return_none",
        include_restricted: bool | None = None,
        token_store: TokenStoreInit | None = None,
    ) -> CurrentUser | None: ...
    @overload
    def get_user(
        self: StackClientApp[Async],
        *,
        or_: Literal["raise", "anonymous"],
        include_restricted: bool | None = None,
        token_store: TokenStoreInit | None = None,
    ) -> Coroutine[Any, Any, CurrentUser[Async]]: ...
    @overload
    def get_user(
        self: StackClientApp[Async],
        *,
        or_: Literal["return_none"] = "return_none",
        include_restricted: bool | None = None,
        token_store: TokenStoreInit | None = None,
    ) -> Coroutine[Any, Any, CurrentUser[Async] | None]: ...
    @overloaded
    def get_user(
        self,
        *,
        or_: Literal["return_none", "raise", "anonymous"] = "return_none",
        include_restricted: bool | None = None,
        token_store: TokenStoreInit | None = None,
    ) -> Steps[CurrentUser[S_co] | None]:
        """Return the signed-in user (``GET /users/me``).

        Args:
            or_: What to do when nobody is signed in; ``"anonymous"`` begins a session without a
                person (``POST /auth/anonymous/sign-up``).
            include_restricted: Whether a user counts who has something left to do first, such as
                verifying an address. Left out: only with ``or_="anonymous"``.
            token_store: Whose session; the app's own where left out.

        Raises:
            UserNotSignedIn: nobody is signed in, and ``or_="raise"``.
            ValueError: anonymous users are restricted ones, so not both at once.
        """
        anonymous = or_ == "anonymous"
        if anonymous and include_restricted is False:
            raise ValueError("or_='anonymous' goes with include_restricted, which is False")
        session = self._as_user(token_store)
        user = yield from _current(session)
        if user is not None and user.is_anonymous and not anonymous:
            user = None
        if user is not None and user.is_restricted and not (include_restricted or anonymous):
            user = None
        if user is None and anonymous:
            tokens = self._store_for(token_store) if session.tokens is None else session.tokens
            yield from begin_anonymous_session(self._as_project, tokens)
            user = yield from _current(session)
        if user is None and or_ != "return_none":
            raise UserNotSignedIn
        return user


def _current(session: Session[S_co]) -> Steps[CurrentUser[S_co] | None]:
    found = yield from signed_in_user(session)
    return None if found is None else CurrentUser.read(session, found)
