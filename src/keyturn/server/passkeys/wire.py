"""The JSON of passkeys. Options and credentials are what browsers give and take."""

from __future__ import annotations

from typing import Any

from keyturn.server.one_time.wire import CodeRequest
from keyturn.server.stack.endpoint import Wire


class CeremonyBegun(Wire):
    """What the browser needs, and the code that its answer is brought with."""

    options_json: dict[str, Any]
    code: str


class RegisterPasskey(CodeRequest):
    """The new credential, as a browser's ``toJSON`` writes it."""

    credential: dict[str, Any]


class SignInWithPasskey(CodeRequest):
    """The signature of a credential, as a browser's ``toJSON`` writes it."""

    authentication_response: dict[str, Any]


class PasskeyRegistered(Wire):
    """The new credential's id."""

    user_handle: str
