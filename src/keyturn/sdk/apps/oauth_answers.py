"""What a browser brings back from a sign-in elsewhere, and what the code is exchanged for. Pure."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from keyturn.sdk.answers import actual_status, read_json
from keyturn.sdk.errors import OAuthError, error_for
from keyturn.sdk.token_store import TokenPair

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keyturn.protocol.wire import Reply


def came_back(query: str, *, state: str | None) -> str:
    """Return the authorization code of a callback's query.

    Raises:
        OAuthError: ``missing_code``, ``state_mismatch``, or the provider's own code.
        StackApiError: the server turned the sign-in away, by its code.
    """
    members = dict(parse_qsl(query))
    if "errorCode" in members:
        raise error_for(
            members["errorCode"],
            members.get("message", members["errorCode"]),
            status=400,
            details=_object(members.get("details", "")),
        )
    if "error" in members:
        raise OAuthError(members["error"], members.get("error_description", "OAuth error"))
    if state is not None and not secrets.compare_digest(
        members.get("state", "").encode(), state.encode()
    ):
        raise OAuthError("state_mismatch", "The answer belongs to another sign-in.")
    if not members.get("code"):
        raise OAuthError("missing_code", "No authorization code in callback URL")
    return members["code"]


def read_tokens(reply: Reply) -> TokenPair:
    """Return the tokens that a code was exchanged for.

    Raises:
        OAuthError: ``token_exchange_failed``, ``parse_error``, or the server's own code.
        StackApiError: the server answered with a code of the API, such as the second factor's.
    """
    body = _object(reply.body)
    status = actual_status(reply)
    if status != 200:
        if body is not None and isinstance(body.get("code"), str):
            read_json(reply)
        error = (body or {}).get("error")
        if not isinstance(error, str):
            raise OAuthError("token_exchange_failed", f"HTTP {status}")
        described = (body or {}).get("error_description")
        text = described if isinstance(described, str) else "Token exchange failed"
        raise OAuthError(error, text)
    access, refresh = (body or {}).get("access_token"), (body or {}).get("refresh_token")
    if not isinstance(access, str) or not isinstance(refresh, str):
        raise OAuthError("parse_error", "Failed to parse token response")
    return TokenPair(access_token=access, refresh_token=refresh)


def _object(text: str | bytes) -> Mapping[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
