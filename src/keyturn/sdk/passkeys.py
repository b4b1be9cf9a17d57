"""Passkeys: what does the WebAuthn part, and how the server's options are made fit for it.

Python has no authenticator of its own, so the caller hands one in: a platform's API, a security
key's library, or a browser that the program controls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from keyturn.sdk.values import Members


class Authenticator(Protocol):
    """Makes and uses passkeys. May block, and may raise what it likes: it comes out unchanged.

    Options and answers are the JSON forms of the Web Authentication API, Level 3 (``...JSON``
    dictionaries: bytes are base64url texts).
    """

    def create(self, options: Mapping[str, Any], /) -> Mapping[str, Any]:
        """Make a passkey (``PublicKeyCredentialCreationOptionsJSON``, section 5.1.8)."""
        ...

    def get(self, options: Mapping[str, Any], /) -> Mapping[str, Any]:
        """Answer a challenge (``PublicKeyCredentialRequestOptionsJSON``, section 5.1.9)."""
        ...


def creation_options(answer: Members, hostname: str) -> dict[str, Any]:
    """Return the options for ``create``; whose passkey it is, the server leaves to the program."""
    options = answer.members("options_json").as_json()
    return {**options, "rp": {**options.get("rp", {}), "id": hostname}}


def request_options(answer: Members, hostname: str) -> dict[str, Any]:
    """Return the options for ``get``."""
    return {**answer.members("options_json").as_json(), "rpId": hostname}
