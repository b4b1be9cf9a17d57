"""Refresh tokens of rotating families: derived, never stored.

A token names its family, generation and sibling and proves them with a MAC under the server secret.
So a stolen session table opens nothing, an answer that was lost can be given again, and a token two
generations old is recognised without keeping any history (server promise S-30 and following).
"""

from __future__ import annotations

import hmac
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keyturn.protocol.codes import FAMILY_TOKEN_PREFIX

if TYPE_CHECKING:
    from keyturn.server.secret import ServerSecret

_MAC_BYTES = 26  # 208 bits; with 22 bytes of facts the text needs no padding
_FACT_BYTES = 16 + 4 + 2
_LENGTH = len(FAMILY_TOKEN_PREFIX) + (_FACT_BYTES + _MAC_BYTES) * 4 // 3


@dataclass(frozen=True, slots=True)
class FamilyToken:
    """What a token of ours says about itself, once its MAC has been checked."""

    family_id: str
    generation: int
    sibling: int


def write(secret: ServerSecret, token: FamilyToken) -> str:
    """Return the text of a token."""
    facts = (
        uuid.UUID(token.family_id).bytes
        + token.generation.to_bytes(4, "big")
        + token.sibling.to_bytes(2, "big")
    )
    return FAMILY_TOKEN_PREFIX + urlsafe_b64encode(facts + _mac(secret, facts)).decode("ascii")


def read(secret: ServerSecret, text: str) -> FamilyToken | None:
    """Return what a token says, or ``None`` if this server did not write it."""
    if len(text) != _LENGTH or not text.startswith(FAMILY_TOKEN_PREFIX) or not text.isascii():
        return None
    body = text.removeprefix(FAMILY_TOKEN_PREFIX)
    try:
        raw = urlsafe_b64decode(body)
    except ValueError:
        return None
    facts, mac = raw[:_FACT_BYTES], raw[_FACT_BYTES:]
    # The text is compared again so that a token has one spelling only.
    if not hmac.compare_digest(mac, _mac(secret, facts)) or urlsafe_b64encode(raw).decode() != body:
        return None
    return FamilyToken(
        str(uuid.UUID(bytes=facts[:16])),
        int.from_bytes(facts[16:20], "big"),
        int.from_bytes(facts[20:22], "big"),
    )


def _mac(secret: ServerSecret, facts: bytes) -> bytes:
    return secret.mac("family token", facts)[:_MAC_BYTES]
