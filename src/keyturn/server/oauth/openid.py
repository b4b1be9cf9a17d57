"""What an OpenID request makes of who is signed in, and what discovery says of it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from keyturn.server.oauth.claims import ACR, SUPPORTED
from keyturn.server.projects.rules import ID_TOKEN_ALGORITHMS

if TYPE_CHECKING:
    from keyturn.server.oauth.asked import AuthorizationRequest
    from keyturn.server.sessions.rules import Session

OPENID_WELL_KNOWN = "/.well-known/openid-configuration"

Need = Literal["fresh", "other"]


def sign_in_needed(asked: AuthorizationRequest, session: Session, *, now: int) -> Need | None:
    """Say whether a signed-in person has to sign in again before this request is answered.

    ``fresh``: longer ago than it may be (``prompt=login``, ``max_age``), or nobody knows when.
    ``other``: the request may be answered for one user only, and that is somebody else.

    Args:
        asked: The request.
        session: The browser's; its ``authenticated_at`` 0 means that nobody knows.
        now: Milliseconds since 1970.
    """
    if asked.claims.subject not in (None, session.user_id):
        return "other"
    signed_in_at = session.authenticated_at
    if "login" in asked.prompts or (asked.client.require_auth_time and not signed_in_at):
        return "fresh"
    if asked.max_age is not None and now - signed_in_at > asked.max_age * 1000:
        return "fresh"
    if asked.authenticated_since is not None and signed_in_at < asked.authenticated_since:
        return "fresh"
    return None


def openid_metadata() -> dict[str, Any]:
    """Return what OpenID Connect Discovery section 3 adds to the metadata of RFC 8414."""
    return {
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": list(ID_TOKEN_ALGORITHMS),
        "claims_supported": list(SUPPORTED),
        "claim_types_supported": ["normal"],
        "acr_values_supported": [ACR],
        "display_values_supported": ["page", "popup", "touch", "wap"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "ui_locales_supported": ["en"],
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        # Absent would mean true.
        "request_uri_parameter_supported": False,
    }
