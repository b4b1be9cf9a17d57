"""The shortest way to a token that lies in the Secret Service: two journeys over D-Bus, no library.

As on the way to a token in the file (``keyturn.client``), it answers only when nothing is out of
the ordinary: an item that can be read at once, holding what the file says it holds. Otherwise it
returns ``None`` or raises, opens no dialog, writes nothing, and ``keyturn.client.stores`` decides.

Loading a D-Bus library costs more than twice Python's own start (D-Bus Specification; Secret
Storage specification, freedesktop.org).
"""

import hashlib
import os
import socket
import sys

from keyturn.client import parse
from keyturn.client.clock import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_PATIENCE_SECONDS = 0.5  # a slower keyring is left to the long way, which waits longer
_MOST_BYTES = 1024 * 1024
_RETURNED = 2
_REPLY_SERIAL = 5
_NAME = "org.freedesktop.secrets"
_ROOT = "/org/freedesktop/secrets"
_SERVICE = "org.freedesktop.Secret.Service"
_ITEM = "org.freedesktop.Secret.Item"
_HELLO, _SEARCH, _OPEN, _GET = 1, 2, 3, 4


def sealed_token(name: str, slot: str, fingerprint: str) -> str | None:
    """Return the access token in a keyring slot, or ``None`` when the long way has to decide.

    Args:
        name: The program's technical name.
        slot: What the file says the secret is filed under.
        fingerprint: SHA-256 of what the file says is in it, in hexadecimal.

    Raises:
        OSError, ValueError, KeyError: something is out of the ordinary; the long way says what.
    """
    address = _address(os.environ.get("DBUS_SESSION_BUS_ADDRESS", ""))
    if address is None or sys.platform in ("darwin", "win32"):
        return None
    with socket.socket(socket.AF_UNIX) as connection:
        bus = _Bus(connection)
        bus.connect(address)
        wanted = {"service": f"keyturn:{name}", "application": "keyturn", "username": slot}
        secret = _secret(bus, wanted)
    if secret is None or hashlib.sha256(secret).hexdigest() != fingerprint:
        return None
    token: str = parse(secret.decode())["access_token"]
    return token


def _address(text: str) -> str | None:
    """Return the socket of a bus, as ``connect`` takes it; ``None`` for any but the plainest."""
    kind, _, members = text.partition(";")[0].partition(":")
    named = dict(member.partition("=")[::2] for member in members.split(","))
    if kind != "unix" or "%" in members:
        return None
    return named.get("path") or (f"\0{named['abstract']}" if "abstract" in named else None)


def _secret(bus: "_Bus", attributes: "Mapping[str, str]") -> bytes | None:
    # Three calls leave at once: none of them needs another's answer.
    driver = "org.freedesktop.DBus"
    bus.send(_call(_HELLO, driver, "/org/freedesktop/DBus", driver, "Hello", "", b""))
    entries = _entries(attributes)
    bus.send(_call(_SEARCH, _NAME, _ROOT, _SERVICE, "SearchItems", "a{ss}", entries))
    # Secrets travel as they are, within this session's own bus.
    plain = _aligned(_string("plain") + b"\1s\0", 4) + _string("")
    bus.send(_call(_OPEN, _NAME, _ROOT, _SERVICE, "OpenSession", "sv", plain))
    found = bus.answer(_SEARCH)
    if not found.number():  # Nothing that can be read: it is locked, or not there.
        return None
    item = found.text()
    opened = bus.answer(_OPEN)
    opened.take(3)  # the kind of the next
    opened.text()  # what an encryption would need
    session = _string(opened.text())
    bus.send(_call(_GET, _NAME, item, _ITEM, "GetSecret", "o", session))
    secret = bus.answer(_GET)
    secret.text()  # the session
    secret.blob()  # what an encryption would need
    return secret.blob()


class _Bus:
    """A connection to the session bus, and what has arrived on it."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._until = monotonic() + _PATIENCE_SECONDS
        self._arrived = b""
        self._greeted = False

    def connect(self, address: str) -> None:
        """Connect and say who we are; whether that is believed shows with the first answer."""
        self._connection.settimeout(_PATIENCE_SECONDS)
        self._connection.connect(address)
        user = str(os.geteuid()).encode().hex()
        self.send(f"\0AUTH EXTERNAL {user}\r\nBEGIN\r\n".encode())

    def send(self, message: bytes) -> None:
        """Send a whole message."""
        self._connection.sendall(message)

    def answer(self, serial: int) -> "_Reader":
        """Return the body of the answer to one call. Raises ValueError where that is an error."""
        if not self._greeted:
            self._greet()
        while True:
            kind, replies_to, body = self._message()
            if replies_to == serial:
                if kind != _RETURNED:
                    raise ValueError
                return _Reader(body)

    def _greet(self) -> None:
        while b"\r\n" not in self._arrived:
            self._receive()
        line, _, self._arrived = self._arrived.partition(b"\r\n")
        if not line.startswith(b"OK "):
            raise ValueError
        self._greeted = True

    def _message(self) -> tuple[int, int | None, bytes]:
        """Return a message's kind, which call it answers, and its body."""
        head = _Reader(self._read(16))
        order, kind, _, _ = head.take(4)
        body_size, _, fields_size = head.number(), head.number(), head.number()
        if order != ord("l") or body_size + fields_size > _MOST_BYTES:
            raise ValueError
        fields = self._read(fields_size + -fields_size % 8)[:fields_size]
        return kind, _replied_to(fields), self._read(body_size)

    def _read(self, size: int) -> bytes:
        while len(self._arrived) < size:
            self._receive()
        taken, self._arrived = self._arrived[:size], self._arrived[size:]
        return taken

    def _receive(self) -> None:
        left = self._until - monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        chunk = self._connection.recv(65536)
        if not chunk:
            raise ConnectionError
        self._arrived += chunk


class _Reader:
    """Takes values out of a body, one after the other. Raises ValueError where it is too short."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        """Return the next bytes."""
        self._at += size
        if self._at > len(self._data):
            raise ValueError
        return self._data[self._at - size : self._at]

    def align(self, size: int) -> None:
        """Go on to the next multiple of a size."""
        self._at += -self._at % size

    def number(self) -> int:
        """Return the next 32-bit number."""
        self.align(4)
        return int.from_bytes(self.take(4), "little")

    def blob(self) -> bytes:
        """Return the next array of bytes."""
        return self.take(self.number())

    def text(self) -> str:
        """Return the next string or path."""
        return self.take(self.number() + 1)[:-1].decode()

    def is_done(self) -> bool:
        """Say whether nothing is left."""
        return self._at >= len(self._data)


def _replied_to(fields: bytes) -> int | None:
    """Return which call a message answers, from its header's fields."""
    reader = _Reader(fields)
    while not reader.is_done():
        reader.align(8)
        code, _, kind, _ = reader.take(4)
        if kind == ord("u"):
            number = reader.number()
            if code == _REPLY_SERIAL:
                return number
        elif kind == ord("g"):
            reader.take(reader.take(1)[0] + 1)
        else:
            reader.text()
    return None


def _call(
    serial: int, service: str, path: str, interface: str, method: str, kinds: str, body: bytes
) -> bytes:
    """Return a method call's message."""
    fields = b""
    texts = ((1, "o", path), (2, "s", interface), (3, "s", method), (6, "s", service))
    for code, kind, value in texts:
        fields = _aligned(fields, 8) + bytes((code, 1, ord(kind), 0)) + _string(value)
    if kinds:
        fields = _aligned(fields, 8) + b"\x08\1g\0" + bytes((len(kinds),)) + kinds.encode() + b"\0"
    head = b"l\1\0\1" + _number(len(body)) + _number(serial) + _number(len(fields))
    return _aligned(head + fields, 8) + body


def _entries(values: "Mapping[str, str]") -> bytes:
    """Return a dictionary of strings."""
    data = b""
    for name, value in values.items():
        data = _aligned(_aligned(data, 8) + _string(name), 4) + _string(value)
    return _aligned(_number(len(data)), 8) + data


def _string(text: str) -> bytes:
    return _number(len(text.encode())) + text.encode() + b"\0"


def _number(value: int) -> bytes:
    return value.to_bytes(4, "little")


def _aligned(data: bytes, size: int) -> bytes:
    return data + bytes(-len(data) % size)
