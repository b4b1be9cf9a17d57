"""What one write asks of the system keyring, which may be slow, locked or not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from keyturn.protocol.errors import (
    KeyturnError,
    StoreLocked,
    StoreReadFailed,
    StoreUnavailable,
    StoreWriteFailed,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from keyturn.client.stores.keyring import Keyring

OUT_OF_USE = (StoreLocked, StoreUnavailable, StoreWriteFailed, StoreReadFailed)
# One call may take CALL_SECONDS (3) more than what is allowed before it. So the store's lock, for
# which others wait 10 s, is held 6 s at the very worst, and some 20 ms as a rule.
LIMIT_SECONDS = 3.0

T = TypeVar("T")


class Effort:
    """One write's use of the keyring: after the first failure it is not asked again.

    Nor once it has taken LIMIT_SECONDS in all: others may be waiting for the store's lock.

    Attributes:
        seconds: How long it has taken so far.
        error: The first failure.
        written: The slot it was told to fill. Where it failed at that, it may have done so all the
            same; where there is no keyring, it was never told.
    """

    def __init__(self, open_keyring: Callable[[], Keyring], monotonic: Callable[[], float]) -> None:
        self._open = open_keyring
        self._monotonic = monotonic
        self._keyring: Keyring | None = None
        self.seconds: float = 0.0
        self.error: KeyturnError | None = None
        self.written: str | None = None

    def do(self, work: Callable[[Keyring], T]) -> T | None:
        """Return what ``work`` does with the keyring; ``None`` once it has failed."""
        if self.error is None and self.seconds > LIMIT_SECONDS:
            self.error = StoreUnavailable("The system keyring is too slow.")
        if self.error is not None:
            return None
        began = self._monotonic()
        try:
            if self._keyring is None:
                self._keyring = self._open()
            return work(self._keyring)
        except OUT_OF_USE as error:
            self.error = error
            return None
        finally:
            self.seconds += self._monotonic() - began

    def write(self, user: str, secret: str) -> None:
        """Fill a slot."""

        def work(keyring: Keyring) -> None:
            self.written = user
            keyring.write(user, secret)

        self.do(work)

    def delete(self, user: str | None) -> bool:
        """Empty a slot, if there is one to empty, and say whether it is empty now."""
        if user is not None:
            self.do(lambda keyring: keyring.delete(user))
        return self.error is None
