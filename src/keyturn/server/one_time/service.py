"""Handing out codes that work once, and taking them back. Every feature's codes go through here.

The methods are units of work: a feature runs them inside its own transaction, so that what a code
opens and its being used up are one commit.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from keyturn.server.one_time import store
from keyturn.server.one_time.rules import CodeNotFound, OneTimeCode, TooManyGuesses, check_live

if TYPE_CHECKING:
    from keyturn.server.one_time.store import Kind
    from keyturn.server.secret import ServerSecret
    from keyturn.server.storage.base import Work

# Letters and digits of one case: mailed codes are typed, and travel in links. 45 of 32 symbols
# are 225 bits; published clients check the length.
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 45
SHORT_LENGTH = 6
MOST_GUESSES = 5


class OneTimeCodes:
    """The codes of every kind and project."""

    def __init__(self, secret: ServerSecret) -> None:
        self._secret = secret

    def new(
        self,
        kind: Kind,
        code: str,
        *,
        now: int,
        minutes: int,
        user_id: str | None = None,
        about: str | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> Work[str]:
        """Remember ``code`` (see ``new_code``) and return the id it is listed and revoked by."""
        code_id = str(uuid.uuid5(uuid.NAMESPACE_OID, self._hash(kind, code).hex()))
        yield from store.insert(
            kind,
            self._hash(kind, code),
            code_id=code_id,
            now=now,
            expires_at=now + minutes * 60_000,
            user_id=user_id,
            about=about,
            handle_hash=self._handle(kind, code),
            facts=facts or {},
        )
        return code_id

    def look(self, kind: Kind, code: str, *, now: int) -> Work[OneTimeCode]:
        """Return a code that would still work, without using it up.

        Raises:
            CodeNotFound, CodeExpired, CodeUsed.
        """
        code = normalized(code)
        return check_live((yield from store.find(kind, self._hash(kind, code))), now=now)

    def use(self, kind: Kind, code: str, *, now: int) -> Work[OneTimeCode]:
        """Use a code up.

        Raises:
            CodeNotFound, CodeExpired, CodeUsed: nothing was changed.
        """
        code = normalized(code)
        used = yield from store.use(kind, self._hash(kind, code), now=now)
        if used is None:
            check_live((yield from store.find(kind, self._hash(kind, code))), now=now)
            raise CodeNotFound
        return used

    def count_guess(self, kind: Kind, code: str, *, now: int) -> Work[OneTimeCode]:
        """Count a try at a code whose first characters a person types; its own unit of work.

        A wrong guess must stay counted whatever happens next, so commit this before ``use``.

        Raises:
            TooManyGuesses: the code opens nothing any more.
            CodeNotFound, CodeExpired, CodeUsed.
        """
        handle = self._handle(kind, normalized(code))
        found = check_live((yield from store.count_guess(kind, handle)), now=now)
        if found.guesses > MOST_GUESSES:
            raise TooManyGuesses
        return found

    def _hash(self, kind: Kind, code: str) -> bytes:
        return self._secret.hash(f"one-time code {kind.name}", code)

    def _handle(self, kind: Kind, code: str) -> bytes:
        return self._secret.hash(f"handle of one-time code {kind.name}", code[SHORT_LENGTH:])


def new_code() -> str:
    """Return a code: six characters a person may type, then a nonce; together 225 random bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def normalized(code: str) -> str:
    """Return a code as it was handed out: capitals do not matter to whoever types one."""
    return code.strip().lower()
