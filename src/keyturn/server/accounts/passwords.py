"""Password hashing: argon2id, bounded to the cores, equal in time for known and unknown people."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from keyturn.server.accounts.rules import normalized_password

R = TypeVar("R")

# OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, two passes, one lane.
MEMORY_KIB, PASSES, LANES = 19 * 1024, 2, 1


class Overloaded(Exception):
    """So many hashes are waiting that another would wait too long. Answer 503."""


class Passwords:
    """Hashes and checks passwords off the event loop, at most as many at once as cores."""

    def __init__(self, *, most_waiting: int = 64) -> None:
        self._hasher = _hasher()
        self._pool = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="keyturn-argon2")
        self._waiting, self._most_waiting = 0, most_waiting
        # What a wrong address is checked against, so that it takes as long as a wrong password.
        self._nobody = _hash_of_nobody()

    async def hash(self, password: str) -> str:
        """Return the encoded hash. Raises Overloaded."""
        return await self._in_pool(self._hasher.hash, normalized_password(password))

    async def matches(self, password: str, encoded: str | None) -> bool:
        """Compare; ``None`` (nobody) takes as long and is false. Raises Overloaded."""
        found = await self._in_pool(self._verify, encoded or self._nobody, password)
        return found and encoded is not None

    def needs_upgrade(self, encoded: str) -> bool:
        """Say whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(encoded)

    def close(self) -> None:
        """Let the threads end."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _verify(self, encoded: str, password: str) -> bool:
        try:
            return self._hasher.verify(encoded, normalized_password(password))
        except (VerificationError, InvalidHashError):
            return False

    async def _in_pool(self, call: Callable[..., R], *args: str) -> R:
        if self._waiting >= self._most_waiting:
            raise Overloaded
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, call, *args)
        finally:
            self._waiting -= 1


def _hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, type=Type.ID)


@cache
def _hash_of_nobody() -> str:
    return _hasher().hash("nobody has this password")
