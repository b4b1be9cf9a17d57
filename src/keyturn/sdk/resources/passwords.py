"""A user's password (specification: types/users/current-user.spec.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic

from keyturn.sdk.binding import S_co, Steps, operation
from keyturn.sdk.resources.acting import as_user
from keyturn.sdk.resources.base_user import BaseUser
from keyturn.sdk.values import at

if TYPE_CHECKING:
    from keyturn.sdk.session import Session


class PasswordOperations(BaseUser[S_co], Generic[S_co]):
    """Changing and setting one's own password."""

    @operation
    def update_password(self, *, old_password: str, new_password: str) -> Steps[None]:
        """Change the password (``POST /auth/password/update``).

        Args:
            old_password: The one there is.
            new_password: The one there will be.

        Raises:
            PasswordConfirmationMismatch: ``old_password`` is wrong.
            PasswordRequirementsNotMet: the project does not take that password.
            UserDoesNotHavePassword: there is none; ``set_password`` sets one.
        """
        yield from _update(self._session, old_password, new_password)

    @operation
    def set_password(self, password: str) -> Steps[None]:
        """Set a password where there is none (``POST /auth/password/set``).

        Args:
            password: The one there will be.

        Raises:
            PasswordRequirementsNotMet: the project does not take that password.
            StackStatusError: there is one; ``update_password`` changes it.
        """
        yield from self._session.post(at("auth", "password", "set"), {"password": password})


class ServerPasswordOperations(BaseUser[S_co], Generic[S_co]):
    """Changing somebody's password as that user would."""

    @operation
    def update_password(self, *, old_password: str, new_password: str) -> Steps[None]:
        """Change the password, if ``old_password`` is right (``POST /auth/password/update``).

        It is done in a short session of the user's, which the API wants there. Where the user
        need not be asked, ``set_password`` does it without.

        Args:
            old_password: The one there is.
            new_password: The one there will be.

        Raises:
            PasswordConfirmationMismatch: ``old_password`` is wrong.
            PasswordRequirementsNotMet: the project does not take that password.
            UserDoesNotHavePassword: there is none.
        """

        def act(session: Session[Any]) -> Steps[None]:
            return _update(session, old_password, new_password)

        yield from as_user(self._session, self.id, act)


def _update(session: Session[Any], old: str, new: str) -> Steps[None]:
    yield from session.post(
        at("auth", "password", "update"), {"old_password": old, "new_password": new}
    )
