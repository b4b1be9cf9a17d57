"""The person at gnome-keyring's dialog, scripted: the other end of its System Prompter, over D-Bus.

Speaks ``org.gnome.keyring.internal.Prompter`` and the exchange "sx-aes-1", in which the password
travels: Diffie-Hellman in the 1,536-bit group of RFC 3526 section 2, HKDF with SHA-256 (RFC 5869),
AES-128 in CBC mode.
"""

import base64
import contextlib
import importlib
import os
import threading
from types import TracebackType
from typing import Any, Self

from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

# Without types of its own.
jeepney: Any = importlib.import_module("jeepney")
blocking: Any = importlib.import_module("jeepney.io.blocking")
message_bus: Any = importlib.import_module("jeepney.bus_messages").message_bus

PRIME = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E34"
    "04DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6"
    "F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A6916"
    "3FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA237327"
    "FFFFFFFFFFFFFFFF",
    16,
)
SIZE = 192


class Prompter:
    """``with Prompter(address, answer="password"):`` answers dialogs until the block ends.

    Args:
        address: The bus.
        answer: A password; ``"cancel"``: Cancel is pressed; ``""``: nobody is there.

    Attributes:
        shown: Set once a dialog stands on the screen.
        closed: Set once it has been taken away again.
    """

    def __init__(self, address: str, *, answer: str) -> None:
        self.shown = threading.Event()
        self.closed = threading.Event()
        self._answer = answer
        self._private = int.from_bytes(os.urandom(64))
        self._connection = blocking.open_dbus_connection(address)
        name = message_bus.RequestName("org.gnome.keyring.SystemPrompter")
        self._connection.send_and_get_reply(name)
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended = True
        self._thread.join(5)
        self._connection.close()

    _ended = False

    def _serve(self) -> None:
        while not self._ended:
            with contextlib.suppress(TimeoutError):
                message = self._connection.receive(timeout=0.05)
                if message.header.message_type is jeepney.MessageType.method_call:
                    self._connection.send(jeepney.new_method_return(message))
                    self._called(message)

    def _called(self, message: Any) -> None:
        fields = {field.name: value for field, value in message.header.fields.items()}
        method, callback = fields["member"], message.body[0]
        if method == "BeginPrompting":
            self._ready(fields["sender"], callback, "", _written(public=self._public()))
        elif method == "PerformPrompt":
            self.shown.set()
            if self._answer == "cancel":
                self._ready(fields["sender"], callback, "no", "")
            elif self._answer:
                sealed = self._sealed(message.body[3])
                self._ready(fields["sender"], callback, "yes", sealed)
        elif method == "StopPrompting":
            self.closed.set()
            self._call(fields["sender"], callback, "PromptDone")

    def _ready(self, sender: str, callback: str, reply: str, exchange: str) -> None:
        self._call(sender, callback, "PromptReady", "sa{sv}s", (reply, {}, exchange))

    def _call(self, sender: str, callback: str, method: str, *rest: Any) -> None:
        interface = "org.gnome.keyring.internal.Prompter.Callback"
        self._connection.send(
            jeepney.new_method_call(jeepney.DBusAddress(callback, sender, interface), method, *rest)
        )

    def _public(self) -> bytes:
        return pow(2, self._private, PRIME).to_bytes(SIZE)

    def _sealed(self, received: str) -> str:
        """Return the password as only whoever sent ``received`` can read it."""
        lines = dict(line.partition("=")[::2] for line in received.splitlines())
        theirs = int.from_bytes(base64.b64decode(lines["public"]))
        shared = pow(theirs, self._private, PRIME).to_bytes(SIZE)
        key = HKDF(algorithm=hashes.SHA256(), length=16, salt=None, info=b"").derive(shared)
        iv = os.urandom(16)
        padder = padding.PKCS7(128).padder()
        padded = padder.update(self._answer.encode()) + padder.finalize()
        encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
        secret = encryptor.update(padded) + encryptor.finalize()
        return _written(public=self._public(), secret=secret, iv=iv)


def _written(**values: bytes) -> str:
    members = [f"{name}={base64.b64encode(value).decode()}\n" for name, value in values.items()]
    return "[sx-aes-1]\n" + "".join(members)
