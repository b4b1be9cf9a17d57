"""What comes back by mail: forgotten passwords, links that sign in, addresses that prove theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic

from keyturn.sdk.apps.base import BaseApp
from keyturn.sdk.apps.credentials import begin_session
from keyturn.sdk.binding import S_co, Steps, operation
from keyturn.sdk.values import at

if TYPE_CHECKING:
    from keyturn.sdk.token_sources import TokenStoreInit


class MailedCodeOperations(BaseApp[S_co], Generic[S_co]):
    """Mails with a code, and what the code is good for; and the second factor after a sign-in."""

    @operation
    def send_forgot_password_email(self, email: str, *, callback_url: str) -> Steps[None]:
        """Mail a link to choose a new password (``POST /auth/password/send-reset-code``).

        Nobody is told whether there is an account with that address.

        Args:
            email: The address of the account.
            callback_url: Where the link leads; the code is added to it.

        Raises:
            RedirectUrlNotWhitelisted: the project does not trust that address.
        """
        yield from self._as_project.post(
            at("auth", "password", "send-reset-code"),
            {"email": email, "callback_url": callback_url},
        )

    @operation
    def verify_password_reset_code(self, code: str) -> Steps[None]:
        """Say whether a code is still good (``POST /auth/password/reset/check-code``), by raising.

        Args:
            code: The one of the mailed link.

        Raises:
            VerificationCodeError: it is not.
        """
        yield from self._as_project.post(
            at("auth", "password", "reset", "check-code"), {"code": code}
        )

    @operation
    def reset_password(self, *, code: str, password: str) -> Steps[None]:
        """Choose a new password (``POST /auth/password/reset``).

        Args:
            code: The one of the mailed link. It works once.
            password: The new password.

        Raises:
            VerificationCodeError: the code is not good, or no longer.
            PasswordRequirementsNotMet: the project does not take that password.
        """
        yield from self._as_project.post(
            at("auth", "password", "reset"), {"code": code, "password": password}
        )

    @operation
    def send_magic_link_email(self, email: str, *, callback_url: str) -> Steps[str]:
        """Mail a link, and six characters, that sign in (``POST /auth/otp/send-sign-in-code``).

        Args:
            email: The address of the account, which is made where there is none.
            callback_url: Where the link leads; the code is added to it.

        Returns:
            The nonce that the six characters are completed with: ``code = characters + nonce``.

        Raises:
            RedirectUrlNotWhitelisted: the project does not trust that address.
            SignUpNotEnabled: there is no such account, and the project takes no new ones.
        """
        answer = yield from self._as_project.post(
            at("auth", "otp", "send-sign-in-code"), {"email": email, "callback_url": callback_url}
        )
        return answer.text("nonce")

    @operation
    def sign_in_with_magic_link(
        self, code: str, *, token_store: TokenStoreInit | None = None
    ) -> Steps[None]:
        """Sign in with a mailed code (``POST /auth/otp/sign-in``) and keep the session's tokens.

        Args:
            code: The one of the link, or the six characters followed by the nonce.
            token_store: Where to keep the tokens; the app's own place where left out.

        Raises:
            VerificationCodeError: the code is not good, or no longer.
            MultiFactorAuthenticationRequired: go on with ``sign_in_with_mfa``.
        """
        yield from begin_session(
            self._as_project,
            self._store_for(token_store),
            at("auth", "otp", "sign-in"),
            {"code": code},
        )

    @operation
    def sign_in_with_mfa(
        self, totp: str, *, code: str, token_store: TokenStoreInit | None = None
    ) -> Steps[None]:
        """Finish a sign-in that asked for a second factor (``POST /auth/mfa/sign-in``).

        Args:
            totp: The six digits that the authenticator shows now.
            code: ``details["attempt_code"]`` of the MultiFactorAuthenticationRequired.
            token_store: Where to keep the tokens; the app's own place where left out.

        Raises:
            InvalidTotpCode: those are not the digits.
            VerificationCodeError: the attempt is too old, was finished, or was tried too often.
        """
        yield from begin_session(
            self._as_project,
            self._store_for(token_store),
            at("auth", "mfa", "sign-in"),
            {"type": "totp", "totp": totp, "code": code},
        )

    @operation
    def verify_email(self, code: str) -> Steps[None]:
        """Prove that an address is somebody's (``POST /contact-channels/verify``).

        Args:
            code: The one of the mailed link.

        Raises:
            VerificationCodeError: the code is not good, or no longer.
        """
        yield from self._as_project.post(at("contact-channels", "verify"), {"code": code})
