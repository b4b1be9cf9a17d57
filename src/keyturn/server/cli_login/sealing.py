"""Sealing what an attempt hands out later, so that the database alone opens nothing (S-8).

What the browser leaves for the CLI is encrypted to a public key made when the attempt began
(X25519, RFC 7748, with HKDF and AES-256-GCM: the shape of RFC 9180). Its private half lies sealed
under a key that takes both the polling code, which only the CLI has, and the server's secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from keyturn.server.secret import derive, open_sealed, seal

if TYPE_CHECKING:
    from keyturn.server.secret import ServerSecret

_KEY_BYTES = 32


def new_key_pair(secret: ServerSecret, polling_code: str, *, attempt: str) -> tuple[bytes, bytes]:
    """Return the public half, and the private half sealed under the polling code."""
    private = X25519PrivateKey.generate()
    under = _under(secret, "cli login private key", polling_code)
    sealed = seal(under, private.private_bytes_raw(), context=attempt)
    return private.public_key().public_bytes_raw(), sealed


def seal_to(public_key: bytes, plain: str, *, attempt: str) -> bytes:
    """Encrypt so that only the private half opens it: an ephemeral public key, then the box."""
    ephemeral = X25519PrivateKey.generate()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(public_key))
    sender = ephemeral.public_key().public_bytes_raw()
    return sender + seal(_box_key(shared, sender, public_key), plain.encode(), context=attempt)


def open_with(
    secret: ServerSecret,
    polling_code: str,
    *,
    public_key: bytes,
    private_key_sealed: bytes,
    box: bytes,
    attempt: str,
) -> str:
    """Open what ``seal_to`` made. Raises Unsealable."""
    under = _under(secret, "cli login private key", polling_code)
    private = X25519PrivateKey.from_private_bytes(
        open_sealed(under, private_key_sealed, context=attempt)
    )
    sender, sealed = box[:_KEY_BYTES], box[_KEY_BYTES:]
    shared = private.exchange(X25519PublicKey.from_public_bytes(sender))
    return open_sealed(_box_key(shared, sender, public_key), sealed, context=attempt).decode()


def seal_under_login_code(
    secret: ServerSecret, login_code: str, plain: str, *, attempt: str
) -> bytes:
    """Encrypt an attached anonymous token so that it takes the login code to open it."""
    under = _under(secret, "cli login anonymous token", login_code)
    return seal(under, plain.encode(), context=attempt)


def open_under_login_code(
    secret: ServerSecret, login_code: str, sealed: bytes, *, attempt: str
) -> str:
    """Open what ``seal_under_login_code`` made. Raises Unsealable."""
    under = _under(secret, "cli login anonymous token", login_code)
    return open_sealed(under, sealed, context=attempt).decode()


def _under(secret: ServerSecret, purpose: str, code: str) -> bytes:
    return secret.mac(purpose, code.encode())


def _box_key(shared: bytes, sender: bytes, receiver: bytes) -> bytes:
    return derive(shared, f"cli login box {sender.hex()} {receiver.hex()}")
