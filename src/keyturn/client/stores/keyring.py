"""Secrets in the operating system's keyring, with a deadline on every call and no surprise dialogs.

Linux is spoken to here: the Secret Service, over D-Bus, through jeepney. macOS and Windows go
through ``keyturn.client.stores.keyring_backend``. Nothing here decides what is kept in a keyring.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from typing import TYPE_CHECKING, Any, Protocol

from keyturn.client.stores.dbus import (
    DIALOG_SECONDS,
    INTERFACE,
    NOTHING,
    ItemGone,
    locked,
    secret_service,
)
from keyturn.protocol.errors import StoreReadFailed, StoreUnavailable, StoreWriteFailed

if TYPE_CHECKING:
    from collections.abc import Callable


class Keyring(Protocol):
    """Keeps secrets of one program, each under a user name of its own.

    Every call ends within 3 s and opens no dialog, except ``unlock``, which has 60 s for one.

    Raises:
        StoreLocked: it is there, and locked.
        StoreUnavailable: it is not there, or does not answer.
    """

    def check(self) -> None:
        """Find out whether a secret could be written now."""
        ...

    def unlock(self) -> None:
        """Do what ``check`` does; where it is locked, show one dialog."""
        ...

    def read(self, user: str) -> str | None:
        """Return a secret, or ``None`` where there is none. Raises StoreReadFailed as well."""
        ...

    def write(self, user: str, secret: str) -> None:
        """Keep a secret, in place of an earlier one. Raises StoreWriteFailed as well."""
        ...

    def delete(self, user: str) -> None:
        """Forget a secret; none is fine."""
        ...

    def users(self) -> list[str]:
        """Return the user names with a secret, where the keyring can list them; else nothing."""
        ...


def open_keyring(service: str, *, monotonic: Callable[[], float]) -> Keyring:
    """Return this system's keyring, having done no I/O but the import of what speaks to it.

    Args:
        service: What the secrets are filed under: ``keyturn:<app>``.
        monotonic: Returns seconds that only ever grow.

    Raises:
        StoreUnavailable: there is none that could be used.
    """
    if sys.platform in ("darwin", "win32"):
        from keyturn.client.stores.keyring_backend import BackendKeyring

        return BackendKeyring(service, _library("keyring").get_keyring())
    if not os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        raise StoreUnavailable("No keyring was found (no D-Bus session).")
    _library("jeepney")
    return SecretService(service, monotonic=monotonic)


def open_any_keyring(service: str, *, monotonic: Callable[[], float]) -> Keyring:
    """Return this system's keyring as other programs file their secrets there; see above."""
    keyring = open_keyring(service, monotonic=monotonic)
    if isinstance(keyring, SecretService):
        keyring.marks = {}
    return keyring


class SecretService:
    """The Secret Service of the D-Bus session (freedesktop.org Secret Storage specification).

    Args:
        service: What the secrets are filed under.
        monotonic: Returns seconds that only ever grow.
        dialog_seconds: How long the one dialog may stand.

    Attributes:
        marks: What tells our own items from others under the same service.
    """

    def __init__(
        self,
        service: str,
        *,
        monotonic: Callable[[], float],
        dialog_seconds: float = DIALOG_SECONDS,
    ) -> None:
        self.marks: dict[str, str] = {"application": "keyturn"}
        self._service = service
        self._monotonic = monotonic
        self._dialog_seconds = dialog_seconds

    def check(self) -> None:
        """Find out whether a secret could be written now."""
        with secret_service(self._monotonic) as bus:
            if bus.is_locked(bus.default_collection()):
                raise locked()

    def unlock(self) -> None:
        """Do what ``check`` does; where it is locked, show one dialog."""
        with secret_service(self._monotonic) as bus:
            collection = bus.default_collection()
            if bus.is_locked(collection):
                bus.unlock(collection, seconds=self._dialog_seconds)

    def read(self, user: str) -> str | None:
        """Return a secret, or ``None`` where there is none."""
        with secret_service(self._monotonic) as bus:
            item = bus.find(self._attributes(user))
            if item is None:
                return None
            try:
                (secret,) = bus.call(item, "Item", "GetSecret", "o", (bus.session(),))
            except ItemGone:
                return None
        try:
            return bytes(secret[2]).decode()
        except UnicodeDecodeError:
            raise StoreReadFailed("What is in the system keyring is no text.") from None

    def write(self, user: str, secret: str) -> None:
        """Keep a secret, in place of an earlier one."""
        attributes = self._attributes(user)
        properties = {
            f"{INTERFACE}Item.Label": ("s", self._service),
            f"{INTERFACE}Item.Attributes": ("a{ss}", attributes),
        }
        with secret_service(self._monotonic) as bus:
            collection = bus.default_collection()
            if bus.is_locked(collection):
                raise locked()
            value = (bus.session(), b"", secret.encode(), "text/plain")
            _, prompt = bus.call(
                collection,
                "Collection",
                "CreateItem",
                "a{sv}(oayays)b",
                (properties, value, True),
            )
            if prompt != NOTHING:
                raise locked()
            # A keyring that answers and keeps nothing would otherwise show at the next renewal.
            if bus.find(attributes) is None:
                raise StoreWriteFailed("The system keyring did not keep the session.")

    def delete(self, user: str) -> None:
        """Forget a secret; none is fine."""
        with secret_service(self._monotonic) as bus:
            item = bus.find(self._attributes(user))
            with contextlib.suppress(ItemGone):
                if item is not None and bus.call(item, "Item", "Delete")[0] != NOTHING:
                    raise locked()

    def users(self) -> list[str]:
        """Return the user names that have a secret here."""
        found = []
        with secret_service(self._monotonic) as bus:
            for item in bus.all(self._attributes(None)):
                with contextlib.suppress(ItemGone):
                    found.append(bus.attributes(item)["username"])
        return found

    def _attributes(self, user: str | None) -> dict[str, str]:
        every = {"service": self._service, **self.marks}
        return every if user is None else {**every, "username": user}


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise StoreUnavailable(
            f"The system keyring needs the package '{name}', which is not installed.",
            hint="Run `pip install 'keyturn[keyring]'`, or sign in with `--storage file`.",
        ) from None
