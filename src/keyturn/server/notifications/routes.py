"""Notification preferences on the wire. With client access they are one's own."""

from __future__ import annotations

from typing import Any

from keyturn.server.notifications import rules
from keyturn.server.notifications.wire import (
    PreferenceList,
    PreferenceUpdate,
    PreferenceView,
    preference_view,
)
from keyturn.server.stack import errors
from keyturn.server.stack.endpoint import Call, Endpoint, Nothing, Wire, user_id_of


async def list_preferences(call: Call[Nothing, Nothing]) -> Wire:
    """List the kinds of mail, and which of them a user gets."""
    found = await call.services.notifications.of_user(call.project.id, _user_id(call))
    if found is None:
        raise errors.user_not_found()
    return PreferenceList(items=[preference_view(one, enabled=on) for one, on in found])


async def update_preference(call: Call[PreferenceUpdate, Nothing]) -> Wire:
    """Turn a kind of mail on or off for a user. Transactional mail cannot be turned off."""
    user_id, enabled = _user_id(call), call.body.enabled
    category = rules.by_id(call.path["category_id"])
    if category is None:
        raise errors.StatusError(404, "There is no such notification category")
    if not enabled and not category.can_disable:
        raise errors.StatusError(400, f"{category.name} mail cannot be turned off")
    chosen = await call.services.notifications.choose(
        call.project.id, user_id, category, enabled=enabled
    )
    if not chosen:
        raise errors.user_not_found()
    return preference_view(category, enabled=enabled)


def _user_id(call: Call[Any, Any]) -> str:
    user_id = user_id_of(call, call.path["user_id"])
    if call.caller.is_client:
        if call.user is None:
            raise errors.user_authentication_required()
        if call.user.id != user_id:
            raise errors.StatusError(403, "With client access, preferences are your own only")
    return user_id


TAG = "Notifications"
ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/emails/notification-preference/{user_id}",
        handler=list_preferences,
        answers={200: PreferenceList},
        tag=TAG,
    ),
    Endpoint(
        method="PATCH",
        path="/emails/notification-preference/{user_id}/{category_id}",
        handler=update_preference,
        body=PreferenceUpdate,
        answers={200: PreferenceView},
        tag=TAG,
    ),
)
