"""RS256 keys (RFC 7518 section 3.3): what OpenID clients expect of ID tokens unless they say else.

Access tokens are never signed with them: they are slow to sign with and slower to make.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

BITS = 2048
_EXPONENT = 65537


@dataclass(frozen=True, slots=True, kw_only=True)
class RsaKey:
    """One key pair of 2048 bits."""

    kid: str
    private: rsa.RSAPrivateKey = field(repr=False)

    @property
    def alg(self) -> str:
        """The algorithm, as headers name it."""
        return "RS256"

    def jwk(self) -> dict[str, str]:
        """Return the public half as a JWK (RFC 7518 section 6.3.1)."""
        numbers = self.private.public_key().public_numbers()
        return {
            "kty": "RSA",
            "alg": self.alg,
            "use": "sig",
            "n": _b64(numbers.n),
            "e": _b64(numbers.e),
            "kid": self.kid,
        }

    def sign(self, signed: bytes) -> bytes:
        """Return the signature."""
        return self.private.sign(signed, padding.PKCS1v15(), hashes.SHA256())

    def is_signature(self, signature: bytes, signed: bytes) -> bool:
        """Say whether ``signature`` is this key's."""
        try:
            self.private.public_key().verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return True


def generate(kid: str) -> RsaKey:
    """Make a key; it takes a tenth of a second or more."""
    private = rsa.generate_private_key(public_exponent=_EXPONENT, key_size=BITS)
    return RsaKey(kid=kid, private=private)


def _b64(number: int) -> str:
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
