"""Who is calling: the header checks of the Stack-compatible API, in their one order (S-4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from keyturn.server.internal.access import check_admin_token
from keyturn.server.stack import caller_errors, errors

if TYPE_CHECKING:
    from collections.abc import Collection

    from keyturn.server.accounts.rules import User
    from keyturn.server.projects.rules import Project
    from keyturn.server.services import Services
    from keyturn.server.sessions.access_tokens import Claims
    from keyturn.server.sessions.rules import Session
    from keyturn.server.stack.headers import StackHeaders

AccessType = Literal["client", "server", "admin"]
ACCESS_TYPES: tuple[AccessType, ...] = ("client", "server", "admin")
ANY_ACCESS = ACCESS_TYPES
SERVER_ACCESS: tuple[AccessType, ...] = ("server", "admin")
BRANCH = "main"

_KEY_HEADER = {
    "client": "publishable-client-key",
    "server": "secret-server-key",
    "admin": "super-secret-admin-key",
}
_KEY_KIND = {
    "client": "publishable_client_key",
    "server": "secret_server_key",
    "admin": "super_secret_admin_key",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A request whose headers were found good."""

    access_type: AccessType
    project: Project
    user: User | None
    session: Session | None

    @property
    def is_client(self) -> bool:
        """Say whether this is the access that anybody's browser has."""
        return self.access_type == "client"

    def signed_in(self) -> tuple[User, Session]:
        """Return user and session, or refuse: the endpoint is about ``me``."""
        if self.user is None or self.session is None:
            raise errors.cannot_get_own_user_without_user()
        return self.user, self.session


async def identify(
    services: Services, headers: StackHeaders, *, ended_session_is_fine: bool = False
) -> Caller | None:
    """Check the headers that came along; ``None`` if the request names no access type.

    Args:
        services: The server.
        headers: The API's headers of the request.
        ended_session_is_fine: For signing out, which must not fail because it has happened.

    Raises:
        KnownError: of S-4, the first that applies.
    """
    access_type, project_id = _claimed_access(headers)
    if access_type is None:
        return None
    user, session = await _user(
        services, headers, project_id, ended_session_is_fine=ended_session_is_fine
    )
    project = await services.projects.find(project_id)
    if project is None:
        raise caller_errors.current_project_not_found(project_id)
    await _check_key(services, headers, access_type, project)
    branch = headers.get("branch-id") or BRANCH
    if branch != BRANCH:
        raise caller_errors.branch_does_not_exist(branch)
    return Caller(access_type=access_type, project=project, user=user, session=session)


def check_access(caller: Caller | None, allowed: Collection[AccessType]) -> Caller:
    """Return the caller if the endpoint is for its kind of access."""
    if caller is None:
        raise caller_errors.access_type_required()
    if caller.access_type not in allowed:
        raise caller_errors.insufficient_access_type(caller.access_type, tuple(allowed))
    return caller


def _claimed_access(headers: StackHeaders) -> tuple[AccessType | None, str]:
    access_type, project_id = headers.get("access-type"), headers.get("project-id")
    if access_type is None:
        if headers.has_key:
            raise caller_errors.project_key_without_access_type()
        return None, ""
    if access_type not in ACCESS_TYPES:
        raise caller_errors.invalid_access_type(access_type)
    if project_id is None:
        raise caller_errors.access_type_without_project_id(access_type)
    return access_type, project_id


async def _user(
    services: Services, headers: StackHeaders, project_id: str, *, ended_session_is_fine: bool
) -> tuple[User | None, Session | None]:
    token = headers.get("access-token")
    if token is None:
        return None, None
    claims = await claims_of(services, token)
    if claims.project_id != project_id:
        raise caller_errors.invalid_project_for_access_token(project_id, claims.project_id)
    user, session = await owner_of(services, claims, ended_session_is_fine=ended_session_is_fine)
    _check_kind_of_user(headers, user)
    return user, session


async def claims_of(services: Services, token: str) -> Claims:
    """Read an access token, wherever it came from.

    Raises:
        KnownError: it is none of ours (UNPARSABLE_ACCESS_TOKEN) or over (ACCESS_TOKEN_EXPIRED).
    """
    claims = await services.stack_tokens.access.read(token)
    if claims is None:
        raise caller_errors.unparsable_access_token()
    if services.clock.now_ms() >= claims.expires_at:
        raise caller_errors.access_token_expired(claims.expires_at)
    return claims


async def owner_of(
    services: Services, claims: Claims, *, ended_session_is_fine: bool = False
) -> tuple[User, Session]:
    """Return whose token it is, and the session it belongs to.

    Raises:
        KnownError: neither may use it any more (ACCESS_TOKEN_EXPIRED). Clients answer that by
            refreshing, and learn the rest there.
    """
    now = services.clock.now_ms()
    session = await services.sessions.find(claims.session_id)
    user = await services.accounts.find(claims.project_id, claims.user_id)
    if user is None or user.disabled_at is not None or session is None:
        raise caller_errors.access_token_expired(now)
    if not session.is_alive(now=now) and not ended_session_is_fine:
        raise caller_errors.access_token_expired(min(now, session.ended_at or session.ends_at()))
    return user, session


def _check_kind_of_user(headers: StackHeaders, user: User) -> None:
    anonymous_is_fine = headers.is_true("allow-anonymous-user")
    if user.is_anonymous and not anonymous_is_fine:
        raise caller_errors.anonymous_authentication_not_allowed()
    if user.restriction is None or user.is_anonymous:
        return
    # Published clients send the first switch always and the second never.
    if not anonymous_is_fine and not headers.is_true("allow-restricted-user"):
        raise caller_errors.restricted_user_not_allowed({"type": user.restriction})


async def _check_key(
    services: Services, headers: StackHeaders, access_type: AccessType, project: Project
) -> None:
    admin_token = headers.get("admin-access-token")
    if admin_token is not None:
        # Whoever administers the project needs none of its keys.
        await check_admin_token(services, admin_token, project)
        return
    key = headers.get(_KEY_HEADER[access_type])
    if key is None and access_type == "client":
        if project.config.publishable_client_key_required:
            raise caller_errors.publishable_client_key_required(project.id)
        return
    if key is None:
        raise caller_errors.key_required(access_type, project.id)
    if await services.projects.key_kind(project.id, key) != _KEY_KIND[access_type]:
        raise caller_errors.wrong_key(access_type, project.id)
