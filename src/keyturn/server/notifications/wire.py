"""The JSON of notification preferences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.stack.endpoint import Wire

if TYPE_CHECKING:
    from keyturn.server.notifications.rules import Category


class PreferenceView(Wire):
    """One category, and whether the user gets its mails."""

    notification_category_id: str
    notification_category_name: str
    enabled: bool
    can_disable: bool


class PreferenceList(Wire):
    """Every category."""

    items: list[PreferenceView]
    is_paginated: bool = False


class PreferenceUpdate(Wire):
    """On or off."""

    enabled: bool


def preference_view(category: Category, *, enabled: bool) -> PreferenceView:
    """Render one preference."""
    return PreferenceView(
        notification_category_id=category.id,
        notification_category_name=category.name,
        enabled=enabled,
        can_disable=category.can_disable,
    )
