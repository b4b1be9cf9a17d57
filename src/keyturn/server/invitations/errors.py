"""The known error of invitations."""

from __future__ import annotations

from keyturn.server.stack.errors import KnownError


def restricted_user_not_allowed(reason: str) -> KnownError:
    """Whoever has not finished signing up joins no team."""
    return KnownError(
        "TEAM_INVITATION_RESTRICTED_USER_NOT_ALLOWED",
        403,
        f"Restricted users cannot accept team invitations. Reason: {reason}. "
        "Please complete the onboarding process before accepting team invitations.",
        {"restricted_reason": {"type": reason}},
    )
