"""The server's one secret, and everything derived from it.

Whoever steals the database but not this secret can open nothing: codes and tokens are stored as
keyed hashes, family tokens are derived and not stored, keys and attached tokens are sealed.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from base64 import urlsafe_b64encode
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from keyturn.server.private_file import create_once

SECRET_BYTES = 32


class SecretProblem(Exception):
    """The secret file is missing, unreadable or not the one this database was made with."""


class Unsealable(Exception):
    """What was to be opened was sealed under something else, or was changed."""


class ServerSecret:
    """Derives one key per purpose (HKDF, RFC 5869), so that no two uses share a key."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < SECRET_BYTES:
            raise SecretProblem(f"the server secret must have at least {SECRET_BYTES} bytes")
        self._secret = secret
        self._keys: dict[str, bytes] = {}
        self._macs: dict[str, hmac.HMAC] = {}

    def __repr__(self) -> str:
        return "ServerSecret()"

    def key(self, purpose: str) -> bytes:
        """Return the 32-byte key of ``purpose``."""
        found = self._keys.get(purpose)
        if found is None:
            found = self._keys[purpose] = derive(self._secret, purpose)
        return found

    def hash(self, kind: str, value: str) -> bytes:
        """Return the keyed hash under which a code or token of ``kind`` is stored."""
        return self._mac(f"hash {kind}", value.encode())

    def mac(self, purpose: str, message: bytes) -> bytes:
        """Return the HMAC-SHA256 of ``message`` under the key of ``purpose``."""
        return self._mac(f"mac {purpose}", message)

    def seal(self, purpose: str, plain: bytes, *, context: str) -> bytes:
        """Encrypt ``plain`` so that only this server, for this ``context``, can open it."""
        return seal(self.key(f"seal {purpose}"), plain, context=context)

    def open(self, purpose: str, sealed: bytes, *, context: str) -> bytes:
        """Decrypt what ``seal`` made. Raises Unsealable."""
        return open_sealed(self.key(f"seal {purpose}"), sealed, context=context)

    def _mac(self, purpose: str, message: bytes) -> bytes:
        begun = self._macs.get(purpose)
        if begun is None:
            begun = self._macs[purpose] = hmac.new(self.key(purpose), digestmod="sha256")
        # Looking the algorithm up and taking in the key costs several times the rest of it.
        found = begun.copy()
        found.update(message)
        return found.digest()


def derive(secret: bytes, purpose: str) -> bytes:
    """Return 32 bytes bound to ``purpose`` (HKDF-SHA256, RFC 5869)."""
    return HKDF(hashes.SHA256(), SECRET_BYTES, None, f"keyturn {purpose}".encode()).derive(secret)


def seal(key: bytes, plain: bytes, *, context: str) -> bytes:
    """AES-256-GCM: 12 random bytes of nonce, then the ciphertext; ``context`` is authenticated."""
    nonce = os.urandom(12)
    return nonce + AESGCM(key).encrypt(nonce, plain, context.encode())


def open_sealed(key: bytes, sealed: bytes, *, context: str) -> bytes:
    """Open what ``seal`` made. Raises Unsealable."""
    try:
        return AESGCM(key).decrypt(sealed[:12], sealed[12:], context.encode())
    except (InvalidTag, ValueError) as error:
        raise Unsealable("sealed under another key or context") from error


def new_token(prefix: str = "") -> str:
    """Return ``prefix`` and 256 random bits in URL-safe text."""
    return prefix + secrets.token_urlsafe(32)


def load_secret(path: Path, *, may_create: bool) -> ServerSecret:
    """Read the secret file, or make it when the database is new.

    A secret is never made over existing data: every stored hash and key would become useless.

    Raises:
        SecretProblem: the file is missing and may not be made, or others may read it.
    """
    try:
        facts = path.stat()
        if facts.st_mode & 0o077:
            raise SecretProblem(f"{path} may be read by others. Run: chmod 600 {path}")
        return ServerSecret(bytes.fromhex(path.read_text("ascii").strip()))
    except FileNotFoundError:
        if not may_create:
            raise SecretProblem(
                f"{path} is missing, and this database was made with it. Restore it from backup."
            ) from None
        return _create_secret(path)
    except (ValueError, OSError) as error:
        raise SecretProblem(f"{path} cannot be read: {type(error).__name__}") from None


def _create_secret(path: Path) -> ServerSecret:
    secret = secrets.token_bytes(SECRET_BYTES)
    if create_once(path, secret.hex().encode() + b"\n"):
        return ServerSecret(secret)
    # Another process was first; then its secret is the one that counts.
    return load_secret(path, may_create=False)


def fingerprint(secret: ServerSecret) -> str:
    """Return what a database remembers to recognise its secret, useless for anything else."""
    return urlsafe_b64encode(hashlib.sha256(secret.key("fingerprint")).digest()).decode()[:22]
