"""A project as its own servers speak to it (specification: apps/server-app.spec.md)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Generic, Literal

from keyturn.sdk.apps.base import DEFAULT_BASE_URL
from keyturn.sdk.apps.cli_login import CliLoginOperations
from keyturn.sdk.apps.credentials import CredentialOperations
from keyturn.sdk.apps.features import ServerFeatures
from keyturn.sdk.apps.invitations import InvitationOperations
from keyturn.sdk.apps.partial_user import PartialUserOperations
from keyturn.sdk.apps.project import ProjectOperations
from keyturn.sdk.apps.server_teams import ServerTeamOperations, owner_of_key
from keyturn.sdk.apps.signed_in import signed_in_user
from keyturn.sdk.apps.tokens import TokenOperations
from keyturn.sdk.binding import S_co, Steps, operation
from keyturn.sdk.known_errors import UserNotFound
from keyturn.sdk.paging import DEFAULT_LIMIT, Page, listing
from keyturn.sdk.resources.server_user import ServerUser
from keyturn.sdk.values import UNSET, Json, Unset, at, given

if TYPE_CHECKING:
    from keyturn.net.httpx import HttpClient
    from keyturn.sdk.clock import Clock
    from keyturn.sdk.token_sources import TokenStoreInit


class StackServerApp(
    ServerTeamOperations[S_co],
    ServerFeatures[S_co],
    InvitationOperations[S_co],
    CredentialOperations[S_co],
    CliLoginOperations[S_co],
    PartialUserOperations[S_co],
    TokenOperations[S_co],
    ProjectOperations[S_co],
    Generic[S_co],
):
    """A project of a Stack-compatible API, with server access. Keep it out of users' hands.

    ``StackServerApp(...)`` is blocking, ``StackServerApp[Async](...)`` awaitable. Constructing it
    does no I/O.

    Args:
        project_id: The project.
        secret_server_key: Its secret server key.
        publishable_client_key: Its publishable key; ``None`` where it asks for none.
        base_url: Where the API lives, without ``/api/v1``.
        token_store: As StackClientApp's. A server speaks for many people, so there is none unless
            given: give each call the request it answers.
        extra_request_headers: Sent with every request.
        http_client: As StackClientApp's.
        clock: Where the time comes from, for tests.
    """

    def __init__(
        self,
        *,
        project_id: str,
        secret_server_key: str,
        publishable_client_key: str | None = None,
        base_url: str = DEFAULT_BASE_URL,
        token_store: TokenStoreInit | None = None,
        extra_request_headers: Mapping[str, str] = MappingProxyType({}),
        http_client: HttpClient | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(
            project_id=project_id,
            publishable_client_key=publishable_client_key,
            secret_server_key=secret_server_key,
            base_url=base_url,
            token_store=token_store,
            extra_request_headers=extra_request_headers,
            http_client=http_client,
            clock=clock,
        )

    @operation
    def get_user(
        self,
        user_id: str | None = None,
        *,
        api_key: str | None = None,
        token_store: TokenStoreInit | None = None,
    ) -> Steps[ServerUser[S_co] | None]:
        """Return a user (``GET /users/{id}``); ``None``: there is none, or nobody is signed in.

        Args:
            user_id: The user's id.
            api_key: Instead: a user's API key that somebody called with
                (``POST /user-api-keys/check``). A key that is not good any more is nobody's.
            token_store: Instead: whoever is signed in there, such as the request that is being
                answered (``GET /users/me``). The app's own where none of the three is given.

        Raises:
            ValueError: more than one of the three.
            TokenStoreRequired: none of the three, and the app has no place for tokens.
        """
        if sum(each is not None for each in (user_id, api_key, token_store)) > 1:
            raise ValueError("give one of a user's id, api_key= and token_store=")
        session = self._as_project
        if api_key is not None:
            path = at("user-api-keys", "check")
            user_id = yield from owner_of_key(session, path, api_key, "user_id")
            if user_id is None:
                return None
        if user_id is None:
            me = yield from signed_in_user(self._as_user(token_store))
            # From here on the project's own key suffices, whatever becomes of that session.
            return None if me is None else ServerUser.read(session, me)
        try:
            return ServerUser.read(session, (yield from session.get(at("users", user_id))))
        except UserNotFound:
            return None

    @listing
    def list_users(
        self,
        *,
        cursor: str | None = None,
        limit: int = DEFAULT_LIMIT,
        order_by: Literal["signed_up_at"] | None = None,
        desc: bool | None = None,
        query: str | None = None,
        include_restricted: bool | None = None,
        include_anonymous: bool | None = None,
    ) -> Steps[Page[ServerUser[S_co], S_co]]:
        """List the project's users (``GET /users``).

        Args:
            cursor: A page's ``next_cursor``, to go on from there.
            limit: How many per page.
            order_by: By what; by sign-up where left out.
            desc: The newest first.
            query: Part of an address, a name or an id.
            include_restricted: Those too who have something left to do first.
            include_anonymous: Those too who have not signed up.
        """
        return self._as_project.pages(
            at("users"),
            ServerUser.read,
            cursor=cursor,
            limit=limit,
            order_by=order_by,
            desc=desc,
            query=query,
            include_restricted=include_restricted,
            include_anonymous=include_anonymous,
        )

    @operation
    def create_user(
        self,
        *,
        primary_email: str | None = None,
        primary_email_auth_enabled: bool | Unset = UNSET,
        primary_email_verified: bool | Unset = UNSET,
        password: str | Unset = UNSET,
        otp_auth_enabled: bool | Unset = UNSET,
        display_name: str | None = None,
        client_metadata: Json | Unset = UNSET,
        client_read_only_metadata: Json | Unset = UNSET,
        server_metadata: Json | Unset = UNSET,
    ) -> Steps[ServerUser[S_co]]:
        """Make an account (``POST /users``) and return it.

        Args:
            primary_email: The address to write to.
            primary_email_auth_enabled: Whether it signs in.
            primary_email_verified: Whether it is known to be the user's.
            password: A password to sign in with.
            otp_auth_enabled: Whether mailed codes and links sign in.
            display_name: A name for people.
            client_metadata: What the user's programs keep there.
            client_read_only_metadata: What servers keep there for those programs to read.
            server_metadata: What servers keep there for themselves.

        Raises:
            UserEmailAlreadyExists: somebody signs in with that address.
            PasswordRequirementsNotMet: the project does not take that password.
        """
        session = self._as_project
        body = given(
            primary_email=UNSET if primary_email is None else primary_email,
            primary_email_auth_enabled=primary_email_auth_enabled,
            primary_email_verified=primary_email_verified,
            password=password,
            otp_auth_enabled=otp_auth_enabled,
            display_name=UNSET if display_name is None else display_name,
            client_metadata=client_metadata,
            client_read_only_metadata=client_read_only_metadata,
            server_metadata=server_metadata,
        )
        return ServerUser.read(session, (yield from session.post(at("users"), body)))
