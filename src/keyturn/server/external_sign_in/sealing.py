"""What lies in the database between two steps, sealed under the code that the next step brings.

The server's secret alone does not open it, nor does the database; only whoever has the code does.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from keyturn.protocol.tokens import Tokens
from keyturn.server.external_sign_in.rules import Asked
from keyturn.server.oauth_providers.conversation import Granted
from keyturn.server.oauth_providers.profile import Profile
from keyturn.server.secret import open_sealed, seal

if TYPE_CHECKING:
    from keyturn.server.secret import ServerSecret

STATE, CODE = "external sign-in", "external sign-in code"


def derived(secret: ServerSecret, purpose: str, state: str) -> str:
    """Return 43 characters that follow from a state and that nobody else can work out.

    So verifier, nonce and the browser's cookie are written down nowhere (RFC 7636 section 4.1).
    """
    digest = secret.mac(f"external sign-in {purpose}", state.encode())
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def sealed_request(secret: ServerSecret, code: str, asked: Asked) -> dict[str, str]:
    """Return the facts that go with a state."""
    return _sealed(secret, STATE, code, asdict(asked))


def open_request(secret: ServerSecret, code: str, facts: dict[str, Any]) -> Asked:
    """Open what ``sealed_request`` made."""
    return Asked(**_opened(secret, STATE, code, facts))


def sealed_grant(secret: ServerSecret, code: str, asked: Asked, granted: Granted) -> dict[str, str]:
    """Return the facts that go with a code for the program."""
    value = {
        "asked": asdict(asked),
        "profile": asdict(granted.profile),
        "access_token": granted.tokens.access_token,
        "refresh_token": granted.tokens.refresh_token,
        "lifetime_seconds": granted.tokens.lifetime_seconds,
    }
    return _sealed(secret, CODE, code, value)


def open_grant(secret: ServerSecret, code: str, facts: dict[str, Any]) -> tuple[Asked, Granted]:
    """Open what ``sealed_grant`` made."""
    value = _opened(secret, CODE, code, facts)
    asked, profile = Asked(**value.pop("asked")), Profile(**value.pop("profile"))
    return asked, Granted(profile=profile, tokens=Tokens(**value))


def _sealed(secret: ServerSecret, purpose: str, code: str, value: dict[str, Any]) -> dict[str, str]:
    plain = json.dumps(value).encode()
    return {"sealed": seal(secret.mac(purpose, code.encode()), plain, context=purpose).hex()}


def _opened(secret: ServerSecret, purpose: str, code: str, facts: dict[str, Any]) -> dict[str, Any]:
    sealed = bytes.fromhex(facts["sealed"])
    plain = open_sealed(secret.mac(purpose, code.encode()), sealed, context=purpose)
    found: dict[str, Any] = json.loads(plain)
    return found
