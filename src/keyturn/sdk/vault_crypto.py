"""How keys and values of the data vault are hidden, as published SDKs do it. Pure but for salts.

From the secret and the key a derived key is made slowly (PBKDF2). A hash of that names the value
at the server; a key from it (HKDF, a salt each time) encrypts the value with AES-256-GCM. Written
out: two bytes of version, 16 of salt, 12 of nonce, the ciphertext with its tag, all in base64.
Source: packages/stack-shared/src/helpers/vault/client-side.ts and utils/crypto.tsx.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from typing import Any

from keyturn.protocol.errors import MissingExtra
from keyturn.sdk.errors import DataVaultValueUnreadable

_VERSION = b"\x01\x00"
_SALT_BYTES, _NONCE_BYTES = 16, 12
_SLOW = 100_000
_PURPOSE = "stack-data-vault-client-side-encryption-"
_NAMES_VALUE = _PURPOSE + "key-hash"
_DERIVES = _PURPOSE + "value-encryption-key-hash"
_ENCRYPTS = _PURPOSE + "value-encryption-value-encryption"


def derive(secret: str, key: str) -> bytes:
    """Return the derived key, 32 bytes; takes a good part of a tenth of a second."""
    return _pbkdf2(key.encode(), _DERIVES, secret, iterations=_SLOW)


def hashed_key(secret: str, derived: bytes) -> str:
    """Return what names the value at the server."""
    return _text(_pbkdf2(derived, _NAMES_VALUE, secret, iterations=1))


def encrypted(derived: bytes, value: str) -> str:
    """Return ``value`` as it is kept at the server; different each time."""
    salt, nonce = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_NONCE_BYTES)
    sealed: bytes = _cipher(derived, salt).encrypt(nonce, value.encode(), None)
    return _text(_VERSION + salt + nonce + sealed)


def decrypted(derived: bytes, kept: str) -> str:
    """Return the value that was encrypted.

    Raises:
        DataVaultValueUnreadable: it was encrypted with another secret or key, or changed since.
    """
    try:
        data = base64.b64decode(kept, validate=True)
    except ValueError:
        raise DataVaultValueUnreadable from None
    if data[:2] != _VERSION:
        raise DataVaultValueUnreadable
    salt, rest = data[2 : 2 + _SALT_BYTES], data[2 + _SALT_BYTES :]
    cipher = _cipher(derived, salt)
    try:
        value: bytes = cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], None)
        return value.decode()
    except (ValueError, _invalid_tag()):
        raise DataVaultValueUnreadable from None


def _pbkdf2(value: bytes, purpose: str, secret: str, *, iterations: int) -> bytes:
    salt = _json("stack-crypto-helper-iterated-hash", purpose, "", _text(secret.encode()))
    return hashlib.pbkdf2_hmac("sha256", value, salt, iterations, 32)


def _cipher(derived: bytes, salt: bytes) -> Any:
    """Return AES-256-GCM under the key for ``salt`` (HKDF-SHA256, RFC 5869: one block)."""
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError:
        raise MissingExtra("sdk", needed_for="The data vault") from None
    info = _json("stack-crypto-helper-derived-symmetric-key", _ENCRYPTS, "binary-key", _text(salt))
    extracted = hmac.digest(salt, derived, "sha256")
    return AESGCM(hmac.digest(extracted, info + b"\x01", "sha256"))


def _invalid_tag() -> type[Exception]:
    from cryptography.exceptions import InvalidTag

    return InvalidTag


def _json(*parts: str) -> bytes:
    """Return what JSON.stringify makes of these; all are ASCII."""
    return json.dumps(parts, separators=(",", ":")).encode()


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
