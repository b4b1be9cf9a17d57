"""Keeping users' TOTP secrets: sealed, each for its user alone."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from keyturn.server.events import store as events
from keyturn.server.mfa import store
from keyturn.server.mfa.rules import WrongTotp, matching_step
from keyturn.server.mfa.store import Totp

if TYPE_CHECKING:
    from keyturn.server.accounts.rules import User
    from keyturn.server.secret import ServerSecret
    from keyturn.server.storage.base import Work

PURPOSE = "totp secret"


class TotpSecrets:
    """The TOTP secrets of all users. Its methods are units of work."""

    def __init__(self, secret: ServerSecret) -> None:
        self._secret = secret

    def change(self, user: User, plain: bytes | None, *, now: int) -> Work[User]:
        """Give a user a secret, or (``None``) take it away, and return the user as it is then.

        With the secret it had before, codes that have opened something stay used.
        """
        old = yield from store.of_user(user.id)
        before = self._opened(user.id, old)
        same = before is not None and plain is not None and hmac.compare_digest(before, plain)
        sealed = self._secret.seal(PURPOSE, plain, context=user.id) if plain is not None else None
        new = Totp(sealed=sealed, last_step=old.last_step if same else None)
        changed = yield from store.put(user.id, new)
        word = "enabled" if plain is not None else "disabled"
        yield from events.record(
            f"second_factor.{word}", now=now, project_id=user.project_id, user_id=user.id
        )
        return changed or user

    def use(self, user_id: str, typed: str, *, now: int) -> Work[None]:
        """Use up the code that a user typed.

        Raises:
            WrongTotp: nothing was changed.
        """
        totp = yield from store.of_user(user_id)
        plain = self._opened(user_id, totp)
        if plain is None:
            raise WrongTotp
        step = matching_step(plain, typed, now_ms=now, last_step=totp.last_step)
        if step is None or not (yield from store.use_step(user_id, step)):
            raise WrongTotp

    def _opened(self, user_id: str, totp: Totp) -> bytes | None:
        if totp.sealed is None:
            return None
        return self._secret.open(PURPOSE, totp.sealed, context=user_id)
