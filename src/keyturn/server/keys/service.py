"""Which key signs, which keys verify, and how they follow one another.

Each purpose (the OAuth issuer, or one audience of one project) always has two published keys: the
one that signs and the next one. So a rotation changes nothing that a verifier has not already
seen, and the old key stays published for as long as a token signed with it can live.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from keyturn.server.keys import jwt, rs256
from keyturn.server.storage.base import Row, Work, every, first, run

if TYPE_CHECKING:
    from keyturn.server.clock import Clock
    from keyturn.server.secret import ServerSecret
    from keyturn.server.storage.base import Storage

OAUTH = "oauth"
# ID tokens of clients that take RS256; those that take ES256 get theirs from the keys of OAUTH.
ID_TOKENS = "openid"
_RSA_PURPOSES = frozenset({ID_TOKENS})

# No token outlives a day; the second day is room for clocks and caches.
RETIRED_FOR_MS = 2 * 24 * 3600 * 1000
# Another process may rotate: look again this often.
REMEMBERED_FOR_MS = 60 * 1000
# As long as verifiers keep a key set they have fetched: by then all of them know the next key.
PUBLISHED_BEFORE_USE_MS = 3600 * 1000


class NotYet(Exception):
    """The next key has not been published for long enough; ``at`` says when it will have been."""

    def __init__(self, at: int) -> None:
        super().__init__(f"the next key may not sign before {at} (milliseconds since 1970)")
        self.at = at


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySet:
    """The published keys of one purpose, and the one that signs."""

    signing: jwt.Key
    published: dict[str, jwt.Key]
    loaded_at: int = field(compare=False)

    def jwks(self) -> list[dict[str, str]]:
        """Return the public keys as JWKs, the signing one first."""
        return [key.jwk() for key in self.published.values()]


class SigningKeys:
    """Gives out key sets, making a purpose's first two keys when it is first used."""

    def __init__(self, storage: Storage, secret: ServerSecret, clock: Clock) -> None:
        self._storage, self._secret, self._clock = storage, secret, clock
        self._sets: dict[str, KeySet] = {}
        # By kid, which never changes its key. Reading an RSA key takes a tenth of a second, and a
        # stranger's hint has every one of them looked at.
        self._read: dict[str, jwt.Key] = {}
        self._making: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def of(self, purpose: str) -> KeySet:
        """Return the keys of ``purpose``."""
        found = self._sets.get(purpose)
        if found is not None and self._clock.now_ms() - found.loaded_at < REMEMBERED_FOR_MS:
            return found
        async with self._making[purpose]:
            now = self._clock.now_ms()
            rows = await self._storage.read(_published, purpose, now)
            if len(rows) < 2:
                made = await _made(purpose, 2)
                rows = await self._storage.write(self._ensure_two, purpose, now, made)
            self._sets[purpose] = self._unsealed(rows, now)
            return self._sets[purpose]

    async def ever_of(self, purpose: str) -> dict[str, jwt.Key]:
        """Return every key of ``purpose`` that ever signed: to recognise what is long out of use.

        For a hint that a client may have kept for months, never for a token that opens something.
        """
        rows = await self._storage.read(_published, purpose, RETIRED_FOR_MS)
        return {row["kid"]: self._unseal(row) for row in rows}

    async def rotate(self, purpose: str) -> None:
        """Let the next key sign from now on, and publish the one after it.

        Raises:
            NotYet: there may be verifiers that have not seen the next key; nothing was changed.
        """
        now, made = self._clock.now_ms(), await _made(purpose, 3)
        await self._storage.write(self._retire_and_add, purpose, now, made)
        self._sets.pop(purpose, None)

    def _retire_and_add(self, purpose: str, now: int, made: list[jwt.Key]) -> Work[None]:
        _, following, *_ = yield from self._ensure_two(purpose, now, made)
        if now - following["created_at"] < PUBLISHED_BEFORE_USE_MS:
            raise NotYet(following["created_at"] + PUBLISHED_BEFORE_USE_MS)
        yield from run("retire_signing_key", purpose=purpose, now=now)
        yield from self._ensure_two(purpose, now, made[2:])

    def _ensure_two(self, purpose: str, now: int, made: list[jwt.Key]) -> Work[list[Row]]:
        live = [r for r in (yield from _published(purpose, now)) if r["retired_at"] is None]
        newest = yield from first("newest_key_position", purpose=purpose)
        position = newest["position"] + 1 if newest and newest["position"] is not None else 0
        for offset, key in zip(range(2 - len(live)), made, strict=False):
            yield from self._insert(purpose, position + offset, key, now)
        return (yield from _published(purpose, now))

    def _insert(self, purpose: str, position: int, key: jwt.Key, now: int) -> Work[None]:
        raw = key.private.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        # Of two processes making the same position, the first insert wins and both read it back.
        yield from run(
            "insert_signing_key",
            kid=key.kid,
            purpose=purpose,
            position=position,
            private_sealed=self._secret.seal("signing key", raw, context=key.kid),
            public_jwk=json.dumps(key.jwk()),
            now=now,
        )

    def _unsealed(self, rows: list[Row], now: int) -> KeySet:
        keys = {row["kid"]: self._unseal(row) for row in rows}
        signing = next(keys[row["kid"]] for row in rows if row["retired_at"] is None)
        return KeySet(signing=signing, published=keys, loaded_at=now)

    def _unseal(self, row: Row) -> jwt.Key:
        if row["kid"] not in self._read:
            self._read[row["kid"]] = self._key_of(row)
        return self._read[row["kid"]]

    def _key_of(self, row: Row) -> jwt.Key:
        raw = self._secret.open("signing key", row["private_sealed"], context=row["kid"])
        private = serialization.load_der_private_key(raw, password=None)
        if isinstance(private, rsa.RSAPrivateKey):
            return rs256.RsaKey(kid=row["kid"], private=private)
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise TypeError("a stored signing key is neither EC nor RSA")
        return jwt.SigningKey(kid=row["kid"], private=private)


async def _made(purpose: str, count: int) -> list[jwt.Key]:
    """Make keys before the transaction that keeps them: RSA takes too long for a writer to wait."""
    if purpose in _RSA_PURPOSES:
        kids = [secrets.token_urlsafe(12) for _ in range(count)]
        return [await asyncio.to_thread(rs256.generate, kid) for kid in kids]
    return [
        jwt.SigningKey(
            kid=secrets.token_urlsafe(12), private=ec.generate_private_key(ec.SECP256R1())
        )
        for _ in range(count)
    ]


def _published(purpose: str, now: int) -> Work[list[Row]]:
    return (
        yield from every(
            "published_signing_keys", purpose=purpose, retired_after=now - RETIRED_FOR_MS
        )
    )
