"""The Secret Service's calls over D-Bus, through jeepney, each with a deadline.

Mechanism only; what they are used for is in ``keyturn.client.stores.keyring``.
"""

from __future__ import annotations

import importlib
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from keyturn.protocol.errors import KeyturnError, StoreLocked, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CALL_SECONDS = 3.0
DIALOG_SECONDS = 60.0

_NAME = "org.freedesktop.secrets"
_ROOT = "/org/freedesktop/secrets"
INTERFACE = "org.freedesktop.Secret."
_PROPERTIES = "org.freedesktop.DBus.Properties"
# What jeepney raises for an address, a bus or an answer that is none.
_BROKEN = (OSError, RuntimeError, LookupError, ValueError, TypeError, StopIteration)
# Seen of gnome-keyring 42.1 while others write and delete: an item leaves the bus interface by
# interface ("No such interface ... on object"), and a search that meets such an item is answered as
# if the root knew no search ("Method SearchItems is not implemented"). The next one succeeds.
_PASSING = ".UnknownMethod"
_TRIES = 3
_GONE = (".NoSuchObject", ".UnknownObject", ".UnknownMethod")
NOTHING = "/"  # How the Secret Service says "no collection" and "no dialog needed".


class ItemGone(LookupError):
    """Somebody removed an item after it was found."""


@contextmanager
def secret_service(monotonic: Callable[[], float]) -> Iterator[Bus]:
    """Connect for one operation; everything in it ends within CALL_SECONDS."""
    blocking = importlib.import_module("jeepney.io.blocking")
    errors = importlib.import_module("jeepney.wrappers")
    bus = Bus(monotonic)
    try:
        bus.connect(blocking)
        yield bus
    except KeyturnError:
        raise
    except errors.DBusErrorResponse as error:
        raise _refused(str(error.name)) from None
    except TimeoutError:
        raise StoreUnavailable("The system keyring does not answer.") from None
    except _BROKEN as error:
        raise StoreUnavailable(
            f"The system keyring cannot be reached ({type(error).__name__})."
        ) from None
    finally:
        bus.close()


class Bus:
    """One connection to the session bus, and what is left of the time for what it is used for."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._until = monotonic() + CALL_SECONDS
        self._connection: Any = None
        self._jeepney: Any = None
        self._session: str | None = None

    def connect(self, blocking: Any) -> None:
        """Connect to the session bus and greet it."""
        self._jeepney = importlib.import_module("jeepney")
        bus = importlib.import_module("jeepney.bus")
        sock = blocking.prep_socket(bus.get_bus("SESSION"), timeout=self._left())
        sock.settimeout(CALL_SECONDS)  # Also where the other side takes nothing any more.
        try:
            self._connection = _timed(blocking.DBusConnection)(sock)
        except BaseException:
            sock.close()
            raise

    def close(self) -> None:
        """Hang up; everything has been said by now, so a failure costs nothing."""
        if self._connection is not None:
            with suppress(OSError):
                self._connection.close()

    def call(
        self,
        path: str,
        interface: str,
        method: str,
        signature: str = "",
        body: tuple[Any, ...] = (),
    ) -> Any:
        """Return the answer of one method of the Secret Service."""
        return self._send(path, INTERFACE + interface, method, signature, body)

    def session(self) -> str:
        """Return the path of a session in which secrets travel as they are, within this bus."""
        if self._session is None:
            _, path = self.call(_ROOT, "Service", "OpenSession", "sv", ("plain", ("s", "")))
            self._session = str(path)
        return self._session

    def default_collection(self) -> str:
        """Return the keyring that new secrets go to."""
        (path,) = self.call(_ROOT, "Service", "ReadAlias", "s", ("default",))
        if path == NOTHING:
            raise StoreUnavailable("The system keyring has not been set up (no default keyring).")
        return str(path)

    def is_locked(self, path: str) -> bool:
        """Say whether a keyring is locked."""
        return bool(self._property(path, "Collection", "Locked"))

    def attributes(self, path: str) -> dict[str, str]:
        """Return what an item is found by."""
        return dict(self._property(path, "Item", "Attributes"))

    def all(self, attributes: dict[str, str]) -> list[str]:
        """Return every item with these attributes, locked or not."""
        unlocked, locked = self.call(_ROOT, "Service", "SearchItems", "a{ss}", (attributes,))
        return [*unlocked, *locked]

    def find(self, attributes: dict[str, str]) -> str | None:
        """Return the item that can be read; SearchItems tells locked from absent, silently."""
        unlocked, shut = self.call(_ROOT, "Service", "SearchItems", "a{ss}", (attributes,))
        if unlocked:
            return str(unlocked[0])
        if shut:
            raise locked()
        return None

    def unlock(self, collection: str, *, seconds: float = DIALOG_SECONDS) -> None:
        """Unlock a keyring, with a dialog where it needs one, for so many seconds."""
        _, prompt = self.call(_ROOT, "Service", "Unlock", "ao", ([collection],))
        if prompt != NOTHING and not self._answered(prompt, seconds):
            raise locked()

    def _answered(self, prompt: str, seconds: float) -> bool:
        """Show the dialog and say whether it was answered, in time."""
        self._until = self._monotonic() + seconds
        rule = self._jeepney.MatchRule(
            type="signal", interface=f"{INTERFACE}Prompt", member="Completed", path=prompt
        )
        self._send(
            "/org/freedesktop/DBus",
            "org.freedesktop.DBus",
            "AddMatch",
            "s",
            (rule.serialise(),),
            bus=True,
        )
        with self._connection.filter(rule) as signals:
            try:
                self.call(prompt, "Prompt", "Prompt", "s", ("",))
                message = self._connection.recv_until_filtered(signals, timeout=self._left())
            except TimeoutError:
                # Not Prompt.Dismiss: gnome-keyring 42.1 fails an assertion at it and ends, with
                # everything that was unlocked. A dialog left standing harms nobody.
                return False
        self._until = self._monotonic() + CALL_SECONDS
        return not message.body[0]

    def _property(self, path: str, interface: str, name: str) -> Any:
        body = (INTERFACE + interface, name)
        ((_, value),) = self._send(path, _PROPERTIES, "Get", "ss", body)
        return value

    def _send(
        self,
        path: str,
        interface: str,
        method: str,
        signature: str = "",
        body: tuple[Any, ...] = (),
        *,
        bus: bool = False,
    ) -> Any:
        name = "org.freedesktop.DBus" if bus else _NAME
        address = self._jeepney.DBusAddress(path, bus_name=name, interface=interface)
        wrappers = importlib.import_module("jeepney.wrappers")
        for last in (*[False] * (_TRIES - 1), True):
            message = self._jeepney.new_method_call(address, method, signature or None, body)
            reply = self._connection.send_and_get_reply(message, timeout=self._left())
            try:
                return wrappers.unwrap_msg(reply)
            except wrappers.DBusErrorResponse as error:
                name = str(error.name)
                if path != _ROOT and name.endswith(_GONE):
                    raise ItemGone from None
                if last or not name.endswith(_PASSING):
                    raise
        raise AssertionError("the last try returns or raises")

    def _left(self) -> float:
        left = self._until - self._monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def _timed(connection: type[Any]) -> type[Any]:
    """Return jeepney's connection with a limit where it has none: on the greeting of the bus."""

    class Timed(connection):  # type: ignore[misc]
        """A connection on which nothing waits for ever."""

        def receive(self, *, timeout: float | None = None) -> Any:
            return super().receive(timeout=CALL_SECONDS if timeout is None else timeout)

    return Timed


def locked() -> StoreLocked:
    """Return the error for a keyring that is there, and locked."""
    return StoreLocked("The system keyring is locked.", hint="Unlock it, then try again.")


def _refused(name: str) -> KeyturnError:
    if name.endswith(".IsLocked"):
        return locked()
    if name.endswith((".ServiceUnknown", ".NameHasNoOwner")):
        return StoreUnavailable("No keyring was found (none in this D-Bus session).")
    return StoreUnavailable(f"The system keyring does not work here ({name}).")
