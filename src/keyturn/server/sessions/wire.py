"""The JSON of sessions and of the refresh grant."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from keyturn.server.sessions.rules import DAY_SECONDS
from keyturn.server.stack.endpoint import Wire

LONGEST_LIFE_MS = 367 * DAY_SECONDS * 1000
DEFAULT_LIFE_MS = 365 * DAY_SECONDS * 1000


class TokenRequest(Wire):
    """The refresh grant of RFC 6749 section 6, as a form or as JSON."""

    grant_type: Literal["refresh_token", "authorization_code"]
    client_id: str
    client_secret: str | None = None
    refresh_token: str | None = None
    scope: str | None = None
    code: str | None = None
    redirect_uri: str | None = None
    code_verifier: str | None = None


class TokenAnswer(Wire):
    """A new access token beside the same refresh token."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a word of RFC 6750
    expires_in: int
    refresh_token: str
    scope: Literal["legacy"] = "legacy"
    is_new_user: bool = False
    after_callback_redirect_url: str | None = None


class AccessTokenAnswer(Wire):
    """A new access token."""

    access_token: str


class SessionQuery(Wire):
    """Whose sessions; clients may say ``me``."""

    user_id: str | None = None


class SessionView(Wire):
    """One session. Instants in milliseconds since 1970."""

    id: str
    user_id: str
    created_at: int
    last_used_at: int
    is_impersonation: bool
    is_current_session: bool
    last_used_at_end_user_ip_info: None = None


class SessionList(Wire):
    """Sessions, newest first."""

    items: list[SessionView]
    is_paginated: Literal[False] = False


class SessionCreate(Wire):
    """A session made by the project's server."""

    user_id: str
    expires_in_millis: Annotated[int, Field(gt=0, le=LONGEST_LIFE_MS)] = DEFAULT_LIFE_MS
    is_impersonation: bool = False


class SessionTokens(Wire):
    """A new session's tokens."""

    access_token: str
    refresh_token: str
