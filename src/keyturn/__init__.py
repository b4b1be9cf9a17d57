"""Sign-in for command-line programs.

``import keyturn`` loads nothing but this file; each name is loaded when it is first used, because
start-up is what the users of a command-line program feel.
"""

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from keyturn.client.auth import Auth
    from keyturn.client.commands.attach_argparse import attach_argparse
    from keyturn.client.commands.attach_click import attach_click
    from keyturn.client.commands.attach_typer import attach_typer
    from keyturn.client.commands.errors import report_error
    from keyturn.client.commands.quick import print_token_if_asked
    from keyturn.client.config import StackProject
    from keyturn.client.doctor.findings import Finding, Fix
    from keyturn.client.legacy import LegacyFile, LegacyJson, LegacyKeyring
    from keyturn.client.login.base import (
        LoginEvent,
        LoginOutcome,
        MethodChosen,
        Verification,
        Waiting,
    )
    from keyturn.client.migrate import MigrationOutcome
    from keyturn.client.provider import Conversation, Provider
    from keyturn.client.session import LogoutOutcome, SessionInfo
    from keyturn.protocol.errors import (
        AccountAmbiguous,
        AccountNotFound,
        CallbackTimeout,
        ExchangeFailed,
        KeyturnError,
        LoginDenied,
        LoginExpired,
        MissingExtra,
        PortUnavailable,
        RefreshTransient,
        RefreshUnavailable,
        RegistrationFailed,
        ServerUnreachable,
        SessionExpired,
        SignInRequired,
        StoreCorrupt,
        StoreLocked,
        StoreReadFailed,
        StoreUnavailable,
        StoreWriteFailed,
        TokenFromEnv,
        UnexpectedReply,
        is_auth_error,
    )
    from keyturn.protocol.tokens import Account, Tokens

_HOMES = {
    "keyturn.client.auth": ("Auth",),
    "keyturn.client.config": ("StackProject",),
    "keyturn.client.commands.attach_argparse": ("attach_argparse",),
    "keyturn.client.commands.attach_click": ("attach_click",),
    "keyturn.client.commands.attach_typer": ("attach_typer",),
    "keyturn.client.commands.errors": ("report_error",),
    "keyturn.client.commands.quick": ("print_token_if_asked",),
    "keyturn.client.doctor.findings": ("Finding", "Fix"),
    "keyturn.client.legacy": ("LegacyFile", "LegacyJson", "LegacyKeyring"),
    "keyturn.client.login.base": (
        "LoginEvent",
        "LoginOutcome",
        "MethodChosen",
        "Verification",
        "Waiting",
    ),
    "keyturn.client.migrate": ("MigrationOutcome",),
    "keyturn.client.provider": ("Conversation", "Provider"),
    "keyturn.client.session": ("LogoutOutcome", "SessionInfo"),
    "keyturn.protocol.errors": (
        "AccountAmbiguous",
        "AccountNotFound",
        "CallbackTimeout",
        "ExchangeFailed",
        "KeyturnError",
        "LoginDenied",
        "LoginExpired",
        "MissingExtra",
        "PortUnavailable",
        "RefreshTransient",
        "RefreshUnavailable",
        "RegistrationFailed",
        "ServerUnreachable",
        "SessionExpired",
        "SignInRequired",
        "StoreCorrupt",
        "StoreLocked",
        "StoreReadFailed",
        "StoreUnavailable",
        "StoreWriteFailed",
        "TokenFromEnv",
        "UnexpectedReply",
        "is_auth_error",
    ),
    "keyturn.protocol.tokens": ("Account", "Tokens"),
}

__all__ = [
    "Account",
    "AccountAmbiguous",
    "AccountNotFound",
    "Auth",
    "CallbackTimeout",
    "Conversation",
    "ExchangeFailed",
    "Finding",
    "Fix",
    "KeyturnError",
    "LegacyFile",
    "LegacyJson",
    "LegacyKeyring",
    "LoginDenied",
    "LoginEvent",
    "LoginExpired",
    "LoginOutcome",
    "LogoutOutcome",
    "MethodChosen",
    "MigrationOutcome",
    "MissingExtra",
    "PortUnavailable",
    "Provider",
    "RefreshTransient",
    "RefreshUnavailable",
    "RegistrationFailed",
    "ServerUnreachable",
    "SessionExpired",
    "SessionInfo",
    "SignInRequired",
    "StackProject",
    "StoreCorrupt",
    "StoreLocked",
    "StoreReadFailed",
    "StoreUnavailable",
    "StoreWriteFailed",
    "TokenFromEnv",
    "Tokens",
    "UnexpectedReply",
    "Verification",
    "Waiting",
    "attach_argparse",
    "attach_click",
    "attach_typer",
    "is_auth_error",
    "print_token_if_asked",
    "report_error",
]


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            module = __import__(home, fromlist=[name])
            value: object = getattr(module, name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
