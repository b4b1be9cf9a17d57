"""A user's passkey (specification: types/users/current-user.spec.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic

from keyturn.sdk.binding import Blocking, S_co, Steps, operation
from keyturn.sdk.passkeys import Authenticator, creation_options
from keyturn.sdk.resources.acting import as_user
from keyturn.sdk.resources.base_user import BaseUser
from keyturn.sdk.values import at

if TYPE_CHECKING:
    from keyturn.sdk.session import Session


class PasskeyOperations(BaseUser[S_co], Generic[S_co]):
    """Making oneself a passkey."""

    @operation
    def register_passkey(self, *, authenticator: Authenticator, hostname: str) -> Steps[None]:
        """Make a passkey that signs the user in.

        Endpoints: ``POST /auth/passkey/initiate-passkey-registration``, ``POST
        /auth/passkey/register``.

        Args:
            authenticator: What makes it.
            hostname: The host that it is for, such as ``app.example.com``.

        Raises:
            PasskeyRegistrationFailed: the server does not accept what was made.
            PasskeyAuthenticationNotEnabled: the project does not sign in with passkeys.
        """
        yield from _register(self._session, authenticator, hostname)


class ServerPasskeyOperations(BaseUser[S_co], Generic[S_co]):
    """Making a user a passkey."""

    @operation
    def register_passkey(self, *, authenticator: Authenticator, hostname: str) -> Steps[None]:
        """Make a passkey that signs the user in, in a short session of the user's.

        Endpoints: ``POST /auth/passkey/initiate-passkey-registration``, ``POST
        /auth/passkey/register``.

        Args:
            authenticator: What makes it.
            hostname: The host that it is for, such as ``app.example.com``.

        Raises:
            PasskeyRegistrationFailed: the server does not accept what was made.
            PasskeyAuthenticationNotEnabled: the project does not sign in with passkeys.
        """

        def act(session: Session[Any]) -> Steps[None]:
            return _register(session, authenticator, hostname)

        yield from as_user(self._session, self.id, act)


def _register(session: Session[Any], authenticator: Authenticator, hostname: str) -> Steps[None]:
    started = yield from session.post(at("auth", "passkey", "initiate-passkey-registration"))
    options = creation_options(started, hostname)
    made = yield Blocking(lambda: authenticator.create(options))
    body = {"credential": dict(made), "code": started.text("code")}
    yield from session.post(at("auth", "passkey", "register"), body)
