"""Every failure a caller can meet, each with a stable code and a next step.

Codes are part of the public contract: scripts match on ``error.code``, people read ``error.hint``.
Renaming a code is a breaking change; rewording a message is not. ``CATALOGUE`` feeds the reference
page and the test that keeps the two equal.

This module stands on the client's hot path, so it imports nothing, not even ``typing``.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import ClassVar, Literal

CATALOGUE: "dict[str, type[KeyturnError]]" = {}

EXIT_FAILED = 1
EXIT_SIGN_IN = 4
EXIT_TEMPORARY = 75  # EX_TEMPFAIL of sysexits.h: the same command may work later


class KeyturnError(Exception):
    """Base of every error this package raises on purpose.

    Attributes:
        code: Stable, in capitals; what scripts match on.
        hint: The next step, with ``{program}`` where the program's name belongs; or ``None``. One
            error may carry a better one than its class.
        exit_status: What a command that fails with this error exits with.
    """

    code: "ClassVar[str]" = "FAILED"
    hint: "str | None" = None
    exit_status: "ClassVar[int]" = EXIT_FAILED

    def __init_subclass__(
        cls, *, code: str, hint: str | None = None, exit_status: int = EXIT_FAILED
    ) -> None:
        cls.code, cls.hint, cls.exit_status = code, hint, exit_status
        if CATALOGUE.setdefault(code, cls) is not cls:
            raise TypeError(f"two errors claim the code {code}")

    def __init__(self, message: str = "", *, hint: str | None = None) -> None:
        super().__init__(message)
        if hint is not None:
            self.hint = hint

    def __str__(self) -> str:
        return super().__str__() or (self.__doc__ or self.code).partition("\n")[0]

    @property
    def anchor(self) -> str:
        """Where the errors page explains this code: ``#session-expired``."""
        return "#" + self.code.lower().replace("_", "-")

    def hint_for(self, program: str) -> str | None:
        """Return the next step, with the program's own name in it."""
        return None if self.hint is None else self.hint.replace("{program}", program)


class SignInRequired(
    KeyturnError,
    code="SIGN_IN_REQUIRED",
    hint="Run `{program} auth login` to sign in.",
    exit_status=EXIT_SIGN_IN,
):
    """Nobody is signed in.

    Attributes:
        reason: ``"not_signed_in"``, or ``"session_expired"`` for SessionExpired.
    """

    reason: "Literal['not_signed_in', 'session_expired']" = "not_signed_in"


class SessionExpired(
    SignInRequired,
    code="SESSION_EXPIRED",
    hint="Run `{program} auth login` to sign in again.",
    exit_status=EXIT_SIGN_IN,
):
    """The stored session has ended and can no longer be renewed."""

    reason: "Literal['not_signed_in', 'session_expired']" = "session_expired"


class AccountNotFound(
    KeyturnError,
    code="ACCOUNT_NOT_FOUND",
    hint="See who is signed in with `{program} auth list`.",
):
    """No signed-in account has that id, email or label."""


class AccountAmbiguous(
    KeyturnError,
    code="ACCOUNT_AMBIGUOUS",
    hint="Name one with `--account`, or pick a default with `{program} auth switch`.",
):
    """Several accounts fit.

    Attributes:
        choices: What tells them apart: emails, labels or ids.
    """

    def __init__(
        self, message: str = "", *, choices: "Sequence[str]" = (), hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.choices: tuple[str, ...] = tuple(choices)


class StoreUnavailable(
    KeyturnError,
    code="STORE_UNAVAILABLE",
    hint="Choose another place with `{program} auth login --storage file`.",
):
    """The place where sessions are kept cannot be used."""


class StoreLocked(
    KeyturnError,
    code="STORE_LOCKED",
    hint="Unlock it, or wait for the other `{program}` to finish, and try again.",
    exit_status=EXIT_TEMPORARY,
):
    """The place where sessions are kept is locked."""


class StoreCorrupt(
    KeyturnError,
    code="STORE_CORRUPT",
    hint="Run `{program} auth login` to sign in again.",
):
    """What was stored cannot be read as a session."""


class StoreReadFailed(
    KeyturnError,
    code="STORE_READ_FAILED",
    hint="Run `{program} auth doctor` to see what stands in the way.",
):
    """The stored session could not be read."""


class StoreWriteFailed(
    KeyturnError,
    code="STORE_WRITE_FAILED",
    hint="Make room or mend the permissions, then try again; the earlier session is untouched.",
):
    """The session could not be stored."""


class ServerUnreachable(
    KeyturnError,
    code="SERVER_UNREACHABLE",
    hint="Try again, or run `{program} auth doctor`.",
    exit_status=EXIT_TEMPORARY,
):
    """The sign-in server did not answer. What is stored is untouched.

    Attributes:
        kind: What stood in the way, for ``doctor``: ``"name"``, ``"connection"``, ``"timeout"``,
            ``"tls"``, ``"proxy"``, or ``"server"`` for one that answers but cannot help now.
    """

    def __init__(self, message: str = "", *, kind: str = "server", hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.kind = kind


class RefreshUnavailable(
    KeyturnError,
    code="REFRESH_UNAVAILABLE",
    hint="Run `{program} auth login` to start a session that can be renewed.",
):
    """This session cannot be renewed: there is no refresh token for it."""


class RefreshTransient(
    KeyturnError,
    code="REFRESH_TRANSIENT",
    hint="You are still signed in. Try again, or run `{program} auth doctor`.",
    exit_status=EXIT_TEMPORARY,
):
    """The session could not be renewed just now."""


class ExchangeFailed(
    KeyturnError,
    code="EXCHANGE_FAILED",
    hint="Start again with `{program} auth login`.",
):
    """The sign-in server did not accept the last step of this sign-in."""


class RegistrationFailed(
    KeyturnError,
    code="REGISTRATION_FAILED",
    hint="Ask whoever runs the sign-in server for a client id.",
):
    """The sign-in server did not register this program."""


class LoginDenied(
    KeyturnError,
    code="LOGIN_DENIED",
    hint="If that was a mistake, run `{program} auth login` again.",
):
    """The sign-in was declined in the browser."""


class LoginExpired(
    KeyturnError,
    code="LOGIN_EXPIRED",
    hint="Start again with `{program} auth login`.",
):
    """Nobody finished this sign-in in time."""


class CallbackTimeout(
    KeyturnError,
    code="CALLBACK_TIMEOUT",
    hint="Browser on another computer? Run `{program} auth login --device`.",
):
    """The browser did not come back in time."""


class PortUnavailable(
    KeyturnError,
    code="PORT_UNAVAILABLE",
    hint="Leave `--port` out, or run `{program} auth login --device`.",
):
    """No port on this computer could be opened for the browser to come back to."""


class TokenFromEnv(
    KeyturnError,
    code="TOKEN_FROM_ENV",
    hint="Unset the variable to use the stored session.",
):
    """A token from the environment rules, so the stored session is not used."""


class UnexpectedReply(
    KeyturnError,
    code="UNEXPECTED_REPLY",
    hint="Check the server's address, or run `{program} auth doctor`.",
):
    """The server answered in a shape this version does not understand."""


class MissingExtra(
    KeyturnError,
    code="MISSING_EXTRA",
    hint="Install Keyturn with the extra that brings it.",
):
    """A part of Keyturn is needed that this installation does not have.

    Args:
        extra: The name of the extra, as in ``keyturn[click]``.
        needed_for: What cannot be done without it, as the start of a sentence.
    """

    def __init__(self, extra: str, *, needed_for: str) -> None:
        super().__init__(f"{needed_for} needs the extra '{extra}', which is not installed.")
        self.extra: str = extra
        self.hint: str | None = f"Run `pip install 'keyturn[{extra}]'`."


def is_auth_error(error: BaseException) -> bool:
    """Say whether ``error`` means that signing in (again) is the remedy.

    True for SignInRequired and SessionExpired, and for the 401 and 403 of HTTP libraries whose
    errors carry a ``response`` with a ``status_code`` (httpx and requests do).
    """
    if isinstance(error, SignInRequired):
        return True
    status = getattr(getattr(error, "response", None), "status_code", None)
    return status in (401, 403)
