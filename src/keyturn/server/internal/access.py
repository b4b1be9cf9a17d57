"""Administrators by their own sign-in: an access token of the internal project instead of a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.internal import errors
from keyturn.server.internal.rules import INTERNAL

if TYPE_CHECKING:
    from keyturn.server.projects.rules import Project
    from keyturn.server.services import Services


async def check_admin_token(services: Services, token: str, project: Project) -> None:
    """Refuse a token that is not of somebody who administers the project.

    Guests and restricted people administer nothing, whatever team they are in.

    Raises:
        KnownError: UNPARSABLE_ADMIN_ACCESS_TOKEN, ADMIN_ACCESS_TOKEN_EXPIRED,
            INVALID_PROJECT_FOR_ADMIN_ACCESS_TOKEN, ADMIN_ACCESS_TOKEN_IS_NOT_ADMIN.
    """
    claims = await services.stack_tokens.access.read(token)
    if claims is None:
        raise errors.unparsable_admin_access_token()
    now = services.clock.now_ms()
    if now >= claims.expires_at:
        raise errors.admin_access_token_expired(claims.expires_at)
    if claims.project_id != INTERNAL:
        raise errors.invalid_project_for_admin_access_token()
    session = await services.sessions.find(claims.session_id)
    if session is None or not session.is_alive(now=now):
        raise errors.admin_access_token_expired(now)
    user = await services.accounts.find(INTERNAL, claims.user_id)
    if user is None or user.disabled_at is not None or user.restriction is not None:
        raise errors.admin_access_token_is_not_admin()
    if not await services.administration.administers(user.id, project):
        raise errors.admin_access_token_is_not_admin()
