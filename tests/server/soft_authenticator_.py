"""A browser with an authenticator in it, as software: makes passkeys and signs with them.

It does what Web Authentication says (sections 6.1 and 6.5), or what a test has it do instead.
"""

import hashlib
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

ORIGIN = "http://localhost:3000"
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class SoftAuthenticator:
    """One passkey, and the page it is used on."""

    origin: str = ORIGIN
    cross_origin: bool = False
    counts: bool = True
    credential_id: bytes = field(default_factory=lambda: os.urandom(16))
    count: int = 0
    user_handle: bytes = b""

    def __post_init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    def makes(self, options: dict[str, Any]) -> dict[str, Any]:
        """Answer ``navigator.credentials.create`` with a new passkey."""
        self.user_handle = unb64(options["user"]["id"])
        point = self._key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)}
        attested = bytes(16) + len(self.credential_id).to_bytes(2) + self.credential_id
        data = self._data(PRESENT | VERIFIED | ATTESTED) + attested + cbor2.dumps(cose)
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._credential(
            clientDataJSON=b64(self._client_data("webauthn.create", options["challenge"])),
            attestationObject=b64(attestation),
        )

    def signs(self, options: dict[str, Any]) -> dict[str, Any]:
        """Answer ``navigator.credentials.get`` with the passkey."""
        self.count += int(self.counts)
        client_data = self._client_data("webauthn.get", options["challenge"])
        data = self._data(PRESENT | VERIFIED)
        signed = data + hashlib.sha256(client_data).digest()
        return self._credential(
            clientDataJSON=b64(client_data),
            authenticatorData=b64(data),
            signature=b64(self._key.sign(signed, ec.ECDSA(hashes.SHA256()))),
            userHandle=b64(self.user_handle),
        )

    def _credential(self, **response: Any) -> dict[str, Any]:
        name = b64(self.credential_id)
        return {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
        }

    def _client_data(self, kind: str, challenge: str) -> bytes:
        said = {
            "type": kind,
            "challenge": challenge,
            "origin": self.origin,
            "crossOrigin": self.cross_origin,
        }
        return json.dumps(said).encode()

    def _data(self, flags: int) -> bytes:
        host = urlsplit(self.origin).hostname or ""
        return hashlib.sha256(host.encode()).digest() + bytes([flags]) + self.count.to_bytes(4)
