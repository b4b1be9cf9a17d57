"""A user's addresses (specification: types/contact-channels/contact-channel.spec.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal

from keyturn.sdk.binding import S_co, Steps, operation
from keyturn.sdk.paging import Page, listing
from keyturn.sdk.resource import Resource
from keyturn.sdk.resources.base_user import BaseUser
from keyturn.sdk.values import UNSET, Members, Unset, at, given, present

if TYPE_CHECKING:
    from keyturn.sdk.session import Session


@dataclass(eq=False, kw_only=True)
class BaseContactChannel(Resource[S_co], Generic[S_co]):
    """An address of a user.

    Attributes:
        id: The address's id.
        user_id: Whose it is.
        value: The address.
        type: Its kind; there is one.
        is_primary: Whether it is the user's primary address.
        is_verified: Whether a mail to it has been answered.
        used_for_auth: Whether it signs in.
    """

    id: str
    user_id: str
    value: str
    type: str
    is_primary: bool
    is_verified: bool
    used_for_auth: bool

    @operation
    def send_verification_email(self, *, callback_url: str | None = None) -> Steps[None]:
        """Mail a link that verifies the address.

        (``POST /contact-channels/{user}/{id}/send-verification-code``)

        Args:
            callback_url: Where the link leads, on a domain that the project trusts.

        Raises:
            EmailAlreadyVerified: there is nothing left to verify.
            RedirectUrlNotWhitelisted: the project does not trust that address.
        """
        body = present(callback_url=callback_url)
        yield from self._session.post(self._path + "/send-verification-code", body)

    @operation
    def delete(self) -> Steps[None]:
        """Remove the address (``DELETE /contact-channels/{user}/{id}``).

        Raises:
            StackStatusError: it has been removed already.
        """
        yield from self._session.delete(self._path)

    @property
    def _path(self) -> str:
        return at("contact-channels", self.user_id, self.id)


@dataclass(eq=False, kw_only=True)
class ContactChannel(BaseContactChannel[S_co], Generic[S_co]):
    """An address of the signed-in user."""

    @classmethod
    def read(cls, session: Session[S_co], answer: Members) -> ContactChannel[S_co]:
        """Read an address off an answer."""
        return cls(**_fields(session, answer))

    @operation
    def update(
        self,
        *,
        value: str | Unset = UNSET,
        used_for_auth: bool | Unset = UNSET,
        is_primary: bool | Unset = UNSET,
    ) -> Steps[None]:
        """Change the address (``PATCH /contact-channels/me/{id}``); the rest stays as it is.

        Args:
            value: Another address, which has to be verified.
            used_for_auth: Whether it signs in.
            is_primary: Whether it is the primary one.

        Raises:
            ContactChannelAlreadyUsedForAuthBySomeoneElse: somebody else signs in with it.
        """
        body = given(value=value, used_for_auth=used_for_auth, is_primary=is_primary)
        answer = yield from self._session.patch(self._path, body)
        self._become(ContactChannel.read(self._session, answer))

    @property
    def _path(self) -> str:
        return at("contact-channels", "me", self.id)


@dataclass(eq=False, kw_only=True)
class ServerContactChannel(BaseContactChannel[S_co], Generic[S_co]):
    """An address of a user, as servers change it."""

    @classmethod
    def read(cls, session: Session[S_co], answer: Members) -> ServerContactChannel[S_co]:
        """Read an address off an answer."""
        return cls(**_fields(session, answer))

    @operation
    def update(
        self,
        *,
        value: str | Unset = UNSET,
        used_for_auth: bool | Unset = UNSET,
        is_primary: bool | Unset = UNSET,
        is_verified: bool | Unset = UNSET,
    ) -> Steps[None]:
        """Change the address (``PATCH /contact-channels/{user}/{id}``).

        Args:
            value: Another address.
            used_for_auth: Whether it signs in.
            is_primary: Whether it is the primary one.
            is_verified: Whether it is known to be the user's.

        Raises:
            ContactChannelAlreadyUsedForAuthBySomeoneElse: somebody else signs in with it.
        """
        body = given(
            value=value,
            used_for_auth=used_for_auth,
            is_primary=is_primary,
            is_verified=is_verified,
        )
        answer = yield from self._session.patch(self._path, body)
        self._become(ServerContactChannel.read(self._session, answer))


class ContactChannelOperations(BaseUser[S_co], Generic[S_co]):
    """The signed-in user's addresses."""

    @listing
    def list_contact_channels(self) -> Steps[Page[ContactChannel[S_co], S_co]]:
        """List the user's addresses (``GET /contact-channels?user_id=me``)."""
        path = at("contact-channels")
        return self._session.pages(path, ContactChannel.read, user_id=self._me)

    @operation
    def create_contact_channel(
        self,
        value: str,
        *,
        used_for_auth: bool,
        type: Literal["email"] = "email",
        is_primary: bool | Unset = UNSET,
    ) -> Steps[ContactChannel[S_co]]:
        """Add an address, which has to be verified (``POST /contact-channels``).

        Args:
            value: The address.
            used_for_auth: Whether it signs in.
            type: Its kind; there is one.
            is_primary: Whether it becomes the primary one.

        Raises:
            ContactChannelAlreadyUsedForAuthBySomeoneElse: somebody else signs in with it.
        """
        body = given(
            user_id=self._me,
            value=value,
            type=type,
            used_for_auth=used_for_auth,
            is_primary=is_primary,
        )
        answer = yield from self._session.post(at("contact-channels"), body)
        return ContactChannel.read(self._session, answer)


class ServerContactChannelOperations(BaseUser[S_co], Generic[S_co]):
    """A user's addresses, for servers."""

    @listing
    def list_contact_channels(self) -> Steps[Page[ServerContactChannel[S_co], S_co]]:
        """List the user's addresses (``GET /contact-channels?user_id=``)."""
        path = at("contact-channels")
        return self._session.pages(path, ServerContactChannel.read, user_id=self._me)

    @operation
    def create_contact_channel(
        self,
        value: str,
        *,
        used_for_auth: bool,
        type: Literal["email"] = "email",
        is_primary: bool | Unset = UNSET,
        is_verified: bool | Unset = UNSET,
    ) -> Steps[ServerContactChannel[S_co]]:
        """Add an address (``POST /contact-channels``).

        Args:
            value: The address.
            used_for_auth: Whether it signs in.
            type: Its kind; there is one.
            is_primary: Whether it becomes the primary one.
            is_verified: Whether it is known to be the user's.

        Raises:
            ContactChannelAlreadyUsedForAuthBySomeoneElse: somebody else signs in with it.
        """
        body = given(
            user_id=self._me,
            value=value,
            type=type,
            used_for_auth=used_for_auth,
            is_primary=is_primary,
            is_verified=is_verified,
        )
        answer = yield from self._session.post(at("contact-channels"), body)
        return ServerContactChannel.read(self._session, answer)


def _fields(session: Session[Any], answer: Members) -> dict[str, Any]:
    return {
        "_session": session,
        "id": answer.text("id"),
        "user_id": answer.text("user_id"),
        "value": answer.text("value"),
        "type": answer.text("type"),
        "is_primary": answer.flag("is_primary"),
        "is_verified": answer.flag("is_verified"),
        "used_for_auth": answer.flag("used_for_auth"),
    }
