"""Accounts, how people sign in, and the codes that are mailed to them.

Written by ``python tools/known_errors.py`` from table.txt; change that instead.
"""

from keyturn.sdk.errors import StackApiError


class UserEmailAlreadyExists(StackApiError, code="USER_EMAIL_ALREADY_EXISTS"):
    """Somebody uses this e-mail address already."""


class EmailNotVerified(StackApiError, code="EMAIL_NOT_VERIFIED"):
    """The e-mail address has not been verified."""


class CannotGetOwnUserWithoutUser(StackApiError, code="CANNOT_GET_OWN_USER_WITHOUT_USER"):
    """The request is about oneself, but nobody is signed in."""


class UserIdDoesNotExist(StackApiError, code="USER_ID_DOES_NOT_EXIST"):
    """There is no user with that id."""


class UserNotFound(StackApiError, code="USER_NOT_FOUND"):
    """There is no such user."""


class ProjectNotFound(StackApiError, code="PROJECT_NOT_FOUND"):
    """There is no such project."""


class CurrentProjectNotFound(StackApiError, code="CURRENT_PROJECT_NOT_FOUND"):
    """The project that the request names does not exist."""


class BranchDoesNotExist(StackApiError, code="BRANCH_DOES_NOT_EXIST"):
    """The branch that the request names does not exist."""


class SignUpNotEnabled(StackApiError, code="SIGN_UP_NOT_ENABLED"):
    """The project takes no new accounts."""


class SignUpRejected(StackApiError, code="SIGN_UP_REJECTED"):
    """The project's rules turned this sign-up away."""


class PasswordAuthenticationNotEnabled(StackApiError, code="PASSWORD_AUTHENTICATION_NOT_ENABLED"):
    """The project does not sign in with passwords."""


class DataVaultStoreDoesNotExist(StackApiError, code="DATA_VAULT_STORE_DOES_NOT_EXIST"):
    """There is no such data vault store."""


class DataVaultStoreHashedKeyDoesNotExist(
    StackApiError, code="DATA_VAULT_STORE_HASHED_KEY_DOES_NOT_EXIST"
):
    """The data vault store has no such key."""


class PasskeyAuthenticationNotEnabled(StackApiError, code="PASSKEY_AUTHENTICATION_NOT_ENABLED"):
    """The project does not sign in with passkeys."""


class AnonymousAccountsNotEnabled(StackApiError, code="ANONYMOUS_ACCOUNTS_NOT_ENABLED"):
    """The project has no anonymous accounts."""


class AnonymousAuthenticationNotAllowed(StackApiError, code="ANONYMOUS_AUTHENTICATION_NOT_ALLOWED"):
    """The session is anonymous, and the request did not allow that."""


class RestrictedUserNotAllowed(StackApiError, code="RESTRICTED_USER_NOT_ALLOWED"):
    """The user is restricted, and the request did not allow that."""


class EmailPasswordMismatch(StackApiError, code="EMAIL_PASSWORD_MISMATCH"):
    """The e-mail address or the password is wrong."""


class RedirectUrlNotWhitelisted(StackApiError, code="REDIRECT_URL_NOT_WHITELISTED"):
    """The URL is not on a domain that the project trusts."""


class PasswordRequirementsNotMet(StackApiError, code="PASSWORD_REQUIREMENTS_NOT_MET"):
    """The password is not one that the project takes."""


class PasswordTooShort(PasswordRequirementsNotMet, code="PASSWORD_TOO_SHORT"):
    """The password is too short."""


class PasswordTooLong(PasswordRequirementsNotMet, code="PASSWORD_TOO_LONG"):
    """The password is too long."""


class UserDoesNotHavePassword(StackApiError, code="USER_DOES_NOT_HAVE_PASSWORD"):
    """The user has no password."""


class VerificationCodeError(StackApiError, code="VERIFICATION_ERROR"):
    """The code is not valid, or no longer."""


class VerificationCodeNotFound(VerificationCodeError, code="VERIFICATION_CODE_NOT_FOUND"):
    """There is no such code."""


class VerificationCodeExpired(VerificationCodeError, code="VERIFICATION_CODE_EXPIRED"):
    """The code has expired."""


class VerificationCodeAlreadyUsed(VerificationCodeError, code="VERIFICATION_CODE_ALREADY_USED"):
    """The code has been used."""


class VerificationCodeMaxAttemptsReached(
    VerificationCodeError, code="VERIFICATION_CODE_MAX_ATTEMPTS_REACHED"
):
    """The code was tried too often."""


class PasswordConfirmationMismatch(StackApiError, code="PASSWORD_CONFIRMATION_MISMATCH"):
    """The current password is wrong."""


class EmailAlreadyVerified(StackApiError, code="EMAIL_ALREADY_VERIFIED"):
    """The e-mail address has been verified already."""


class EmailNotAssociatedWithUser(StackApiError, code="EMAIL_NOT_ASSOCIATED_WITH_USER"):
    """Nobody could sign in with that e-mail address."""


class EmailIsNotPrimaryEmail(StackApiError, code="EMAIL_IS_NOT_PRIMARY_EMAIL"):
    """The address is not the user's primary one."""


class PasskeyRegistrationFailed(StackApiError, code="PASSKEY_REGISTRATION_FAILED"):
    """The passkey could not be registered."""


class PasskeyWebauthnError(StackApiError, code="PASSKEY_WEBAUTHN_ERROR"):
    """The authenticator failed."""


class PasskeyAuthenticationFailed(StackApiError, code="PASSKEY_AUTHENTICATION_FAILED"):
    """The passkey was not accepted."""
