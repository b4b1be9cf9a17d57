"""What the SDK raises besides ServerUnreachable and UnexpectedReply of ``keyturn``.

Every error code of the API has a class in ``keyturn.sdk.known_errors``; a code that this version
does not know arrives as plain StackApiError, with its code, message and details.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from keyturn.protocol.display import printable
from keyturn.protocol.errors import KeyturnError

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_MESSAGE = 2000

_BY_CODE: dict[str, type[StackApiError]] = {}


class _OutsideTheCatalogue:
    """Keeps the API's codes out of the catalogue of what programs exit with."""

    code: ClassVar[str]

    def __init_subclass__(cls, *, code: str = "") -> None:
        if code:
            cls.code = code


class StackSdkError(_OutsideTheCatalogue, KeyturnError, code="SDK_ERROR"):
    """Base of every error of the SDK's own."""


class StackApiError(StackSdkError, code="API_ERROR"):
    """The server answered with an error.

    Attributes:
        code: The server's error code, or ``STATUS_ERROR`` where it gave none.
        message: What the server said, as it came; ``str()`` of the error is fit for a terminal.
        details: What came along with the code, or ``None``.
        status: The HTTP status.
    """

    def __init_subclass__(cls, *, code: str = "") -> None:
        super().__init_subclass__(code=code)
        if code:
            _BY_CODE[code] = cls

    def __init__(
        self,
        message: str = "",
        *,
        status: int = 400,
        code: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(printable(message, limit=LONGEST_MESSAGE))
        if code is not None and code != type(self).code:
            vars(self)["code"] = code  # a class of its own has only what this version knows
        self.message = message
        self.status = status
        self.details: Mapping[str, Any] | None = details


class StackStatusError(StackApiError, code="STATUS_ERROR"):
    """The server answered with an error in words, without a code."""


class NotSupportedByServer(StackSdkError, code="NOT_SUPPORTED_BY_SERVER"):
    """Specified, but there is no endpoint for it: nowhere, or not at this server."""


class UserNotSignedIn(StackSdkError, code="USER_NOT_SIGNED_IN"):
    """Nobody is signed in, and the call said that somebody has to be."""


class TokenStoreRequired(StackSdkError, code="TOKEN_STORE_REQUIRED"):
    """The app was made with ``token_store=None``, so this call must be given ``token_store=``."""


class TokenStoreReadOnly(StackSdkError, code="TOKEN_STORE_READ_ONLY"):
    """The session comes from a sign-in of the program's own, which alone can start another."""


class DataVaultValueUnreadable(StackSdkError, code="DATA_VAULT_VALUE_UNREADABLE"):
    """A value of the data vault was written with another secret, or has been changed since."""


class OAuthError(StackSdkError, code="OAUTH_ERROR"):
    """A sign-in through a provider failed.

    Attributes:
        code: The OAuth error code (RFC 6749), or ``missing_code``, ``state_mismatch``,
            ``token_exchange_failed``, ``parse_error``, ``oauth_cancelled``.
    """

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(printable(message or code, limit=LONGEST_MESSAGE))
        vars(self)["code"] = printable(code)


def error_for(
    code: str, message: str, *, status: int, details: Mapping[str, Any] | None
) -> StackApiError:
    """Return the error that ``code`` stands for."""
    from keyturn.sdk import known_errors  # noqa: F401 - fills the table when first needed

    kind = _BY_CODE.get(code, StackApiError)
    return kind(message, status=status, code=code, details=details)
