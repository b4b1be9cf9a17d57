"""The keyrings of macOS and Windows, through one backend of the ``keyring`` package.

That package has no deadlines, so every call runs in a thread that is left behind when it hangs.
Windows takes 1,280 characters for one secret: a longer one is stored in pieces, and what names
them is written last, so that a reader finds all of them or none.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Protocol, TypeVar

from keyturn.protocol.errors import (
    KeyturnError,
    StoreLocked,
    StoreReadFailed,
    StoreUnavailable,
    StoreWriteFailed,
)

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT_CHARACTERS = 1280
CALL_SECONDS = 3.0
DIALOG_SECONDS = 60.0
_MANIFEST = "keyturn-pieces:"

T = TypeVar("T")


class Backend(Protocol):
    """What is used of ``keyring.backend.KeyringBackend``."""

    def get_password(self, service: str, username: str) -> str | None:
        """Return a secret."""
        ...

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep a secret."""
        ...

    def delete_password(self, service: str, username: str) -> None:
        """Forget a secret, or raise PasswordDeleteError where there is none."""
        ...


class BackendKeyring:
    """A Keyring on one backend.

    Args:
        service: What the secrets are filed under.
        backend: The backend, as ``keyring.get_keyring()`` returns it.
        call_seconds: How long one operation may take.
    """

    def __init__(
        self, service: str, backend: Backend, *, call_seconds: float = CALL_SECONDS
    ) -> None:
        self._service = service
        self._backend = backend
        self._seconds = call_seconds

    def check(self) -> None:
        """Find out whether the keyring answers; these systems do not tell more without a dialog."""
        self._within(self._seconds, lambda: self._get("keyturn"))

    def unlock(self) -> None:
        """Do what ``check`` does; the system shows its dialog by itself."""
        self._within(DIALOG_SECONDS, lambda: self._get("keyturn"))

    def read(self, user: str) -> str | None:
        """Return a secret, or ``None`` where there is none."""
        return self._within(self._seconds, lambda: self._joined(user))

    def write(self, user: str, secret: str) -> None:
        """Keep a secret, in place of an earlier one."""
        self._within(self._seconds, lambda: self._split(user, secret))

    def delete(self, user: str) -> None:
        """Forget a secret; none is fine."""
        self._within(self._seconds, lambda: self._forget(user))

    def users(self) -> list[str]:
        """Return nothing: these keyrings are not listed without asking the person."""
        return []

    def _get(self, user: str) -> str | None:
        return self._backend.get_password(self._service, user)

    def _set(self, user: str, secret: str) -> None:
        self._backend.set_password(self._service, user, secret)

    def _joined(self, user: str) -> str | None:
        stored = self._get(user)
        if stored is None or not stored.startswith(_MANIFEST):
            return stored
        pieces = [self._get(name) for name in _pieces(user, stored)]
        if not pieces or None in pieces:
            raise StoreReadFailed("A part of the session is missing in the system keyring.")
        return "".join(piece for piece in pieces if piece is not None)

    def _split(self, user: str, secret: str) -> None:
        if len(secret) <= LIMIT_CHARACTERS and not secret.startswith(_MANIFEST):
            self._set(user, secret)
            return
        pieces = [
            secret[at : at + LIMIT_CHARACTERS] for at in range(0, len(secret), LIMIT_CHARACTERS)
        ]
        manifest = f"{_MANIFEST}{len(pieces)}"
        names = _pieces(user, manifest)
        try:
            for name, piece in zip(names, pieces, strict=True):
                self._set(name, piece)
            self._set(user, manifest)
        except Exception:
            for name in names:
                self._drop(name)
            raise

    def _forget(self, user: str) -> None:
        stored = self._get(user)
        if stored is None:
            return
        self._backend.delete_password(self._service, user)
        for name in _pieces(user, stored):
            self._drop(name)

    def _drop(self, name: str) -> None:
        with contextlib.suppress(Exception):  # Backends raise what they like.
            self._backend.delete_password(self._service, name)

    def _within(self, seconds: float, work: Callable[[], T]) -> T:
        """Do ``work`` in a thread, and turn whatever a backend raises into an error of ours."""
        results: list[T] = []
        failures: list[Exception] = []

        def run() -> None:
            try:
                results.append(work())
            except Exception as error:
                failures.append(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(seconds)
        if failures:
            raise _as_ours(failures[0]) from None
        if not results:
            raise StoreUnavailable("The system keyring does not answer.")
        return results[0]


def _pieces(user: str, manifest: str) -> list[str]:
    count = manifest.removeprefix(_MANIFEST)
    known = manifest.startswith(_MANIFEST) and count.isdecimal() and len(count) < 4
    return [f"{user}#{number}" for number in range(int(count))] if known else []


def _as_ours(error: Exception) -> KeyturnError:
    """Return our error for a backend's; by the names in ``keyring.errors``, never by text."""
    if isinstance(error, KeyturnError):
        return error
    names = {kind.__name__ for kind in type(error).__mro__}
    if "KeyringLocked" in names:
        return StoreLocked("The system keyring is locked.", hint="Unlock it, then try again.")
    if names & {"PasswordSetError", "PasswordDeleteError"}:
        return StoreWriteFailed("The system keyring refused the change.")
    return StoreUnavailable(f"The system keyring does not work here ({type(error).__name__}).")
