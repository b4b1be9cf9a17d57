"""Kinds of mail (specification: types/notifications/notification-category.spec.md)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic

from keyturn.sdk.binding import S_co, Steps, operation
from keyturn.sdk.paging import Page, listing
from keyturn.sdk.resource import Resource
from keyturn.sdk.resources.base_user import BaseUser
from keyturn.sdk.values import Members, at

if TYPE_CHECKING:
    from keyturn.sdk.session import Session

_PATH = ("emails", "notification-preference")


@dataclass(eq=False, kw_only=True)
class NotificationCategory(Resource[S_co], Generic[S_co]):
    """A kind of mail that a user gets, or does not.

    Attributes:
        id: What names the kind.
        display_name: Its name for people.
        is_user_subscribed: Whether the user gets it.
        can_unsubscribe: Whether the user can do without it.
    """

    id: str
    display_name: str
    is_user_subscribed: bool
    can_unsubscribe: bool
    _whose: str = field(repr=False)

    @classmethod
    def read(
        cls, session: Session[S_co], answer: Members, *, whose: str
    ) -> NotificationCategory[S_co]:
        """Read a category off an answer; ``whose`` stands for the user in a path."""
        return cls(
            _session=session,
            _whose=whose,
            id=answer.text("notification_category_id"),
            display_name=answer.text("notification_category_name"),
            is_user_subscribed=answer.flag("enabled"),
            can_unsubscribe=answer.flag("can_disable"),
        )

    @operation
    def subscribe(self) -> Steps[None]:
        """Have these mails sent (``PATCH /emails/notification-preference/{user}/{id}``)."""
        yield from self._choose(enabled=True)

    @operation
    def unsubscribe(self) -> Steps[None]:
        """Have no such mails sent (``PATCH /emails/notification-preference/{user}/{id}``).

        Raises:
            StackStatusError: this kind cannot be turned off.
        """
        yield from self._choose(enabled=False)

    def _choose(self, *, enabled: bool) -> Steps[None]:
        path = at(*_PATH, self._whose, self.id)
        yield from self._session.patch(path, {"enabled": enabled})
        # Published servers answer with nothing to read.
        self.is_user_subscribed = enabled


class NotificationOperations(BaseUser[S_co], Generic[S_co]):
    """What a user wants to be mailed about."""

    @listing
    def list_notification_categories(self) -> Steps[Page[NotificationCategory[S_co], S_co]]:
        """List the kinds of mail, and which of them the user gets.

        Endpoint: ``GET /emails/notification-preference/{user}``.
        """
        return self._session.pages(
            at(*_PATH, self._me),
            lambda session, item: NotificationCategory.read(session, item, whose=self._me),
        )
