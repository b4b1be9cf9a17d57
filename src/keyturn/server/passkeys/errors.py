"""The known errors of passkeys."""

from __future__ import annotations

from keyturn.server.stack.errors import KnownError


def passkey_authentication_not_enabled() -> KnownError:
    """The project has no passkeys."""
    return KnownError(
        "PASSKEY_AUTHENTICATION_NOT_ENABLED",
        400,
        "Passkey authentication is not enabled for this project.",
    )


def passkey_registration_failed(reason: str) -> KnownError:
    """The browser's answer makes no passkey."""
    message = f"Passkey registration failed because {reason}"
    return KnownError("PASSKEY_REGISTRATION_FAILED", 400, message, {"message": message})


def passkey_authentication_failed(reason: str) -> KnownError:
    """The browser's answer signs nobody in."""
    message = f"Passkey authentication failed because {reason}"
    return KnownError("PASSKEY_AUTHENTICATION_FAILED", 400, message, {"message": message})
