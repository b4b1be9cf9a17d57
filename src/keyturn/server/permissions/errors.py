"""The known errors of permissions."""

from __future__ import annotations

import json

from keyturn.server.permissions import rules
from keyturn.server.stack.errors import KnownError

Refusal = rules.PermissionNotFound | rules.WrongScope | rules.ContainedNotFound | rules.IdTaken
REFUSALS = (
    rules.PermissionNotFound,
    rules.WrongScope,
    rules.ContainedNotFound,
    rules.IdTaken,
)


def known(refusal: Refusal) -> KnownError:
    """Return the error for what the rules refused."""
    match refusal:
        case rules.PermissionNotFound():
            return permission_not_found(refusal.permission_id)
        case rules.WrongScope():
            return wrong_permission_scope(refusal)
        case rules.ContainedNotFound():
            return contained_permission_not_found(refusal.permission_id)
        case rules.IdTaken():
            return permission_id_already_exists(refusal.permission_id)


def permission_not_found(permission_id: str) -> KnownError:
    """The project has no such permission, or the user was not granted it."""
    return KnownError(
        "PERMISSION_NOT_FOUND",
        404,
        f'Permission "{permission_id}" not found. Make sure you created it on the dashboard.',
        {"permission_id": permission_id},
    )


def wrong_permission_scope(refusal: rules.WrongScope) -> KnownError:
    """A team's permission where a project's is meant, or the reverse."""
    found, wanted = json.dumps(refusal.found), json.dumps(refusal.wanted)
    return KnownError(
        "WRONG_PERMISSION_SCOPE",
        404,
        f"Permission {json.dumps(refusal.permission_id)} not found. "
        f"(It was found for a different scope {found}, but scope {wanted} was expected.)",
        {
            "permission_id": refusal.permission_id,
            "expected_scope": refusal.wanted,
            "actual_scope": refusal.found,
        },
    )


def contained_permission_not_found(permission_id: str) -> KnownError:
    """What a permission is to contain is not there."""
    return KnownError(
        "CONTAINED_PERMISSION_NOT_FOUND",
        400,
        f'Contained permission with ID "{permission_id}" not found. '
        "Make sure you created it on the dashboard.",
        {"permission_id": permission_id},
    )


def permission_id_already_exists(permission_id: str) -> KnownError:
    """The id is taken, in this scope or the other."""
    return KnownError(
        "PERMISSION_ID_ALREADY_EXISTS",
        400,
        f'Permission with ID "{permission_id}" already exists. Choose a different ID.',
        {"permission_id": permission_id},
    )


def team_permission_not_found(team_id: str, user_id: str, permission_id: str) -> KnownError:
    """The member was not granted the permission itself."""
    return KnownError(
        "TEAM_PERMISSION_NOT_FOUND",
        401,
        f"User {user_id} does not have permission {permission_id} in team {team_id}.",
        {"team_id": team_id, "user_id": user_id, "permission_id": permission_id},
    )
