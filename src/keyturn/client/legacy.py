"""Where an older version of a program kept its one token, and how to take it away from there.

A program names its place when it is made, in every run, so this module costs next to nothing to
load. What a place holds is taken over by ``keyturn.client.migrate``.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from keyturn.client.stores.keyring import Keyring

    class LegacyStore(Protocol):
        """The place of one person's raw token, in a layout older than Keyturn's.

        Attributes:
            kind: ``"keyring"`` where the system keyring holds it, so that the new record goes
                there as well; else ``"file"``.
            place: What tells this place from others, the same in every run; never shown.
        """

        kind: str
        place: str

        def read(self) -> str | None:
            """Return the token, or ``None`` where there is none (any more).

            Whatever it raises counts as "cannot be read now"; nothing is then changed.
            """
            ...

        def clear(self) -> None:
            """Forget the token, and nothing else; none is fine. Called more than once."""
            ...


_MOST_BYTES = 4 * 1024 * 1024
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


class LegacyFile:
    """A token in a file: all of it, or found in its text.

    Args:
        path: The file; ``~`` stands for the person's home. Symbolic links are followed.
        find: Returns the token in the file's text, or ``None``; left out, the text is the token.
        without: Returns the file's text without the token, for a file that is kept; left out, the
            file is removed.
    """

    kind: str = "file"

    def __init__(
        self,
        path: "str | os.PathLike[str]",
        *,
        find: "Callable[[str], str | None] | None" = None,
        without: "Callable[[str], str] | None" = None,
    ) -> None:
        self._path = os.path.abspath(os.path.expanduser(os.fspath(path)))
        self._find = find
        self._without = without
        self.place: str = f"file:{self._path}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._path!r})"

    def read(self) -> str | None:
        """Return the token, or ``None``.

        Raises:
            OSError: the file is there and cannot be read.
            ValueError: it is no text, or ``find`` makes nothing of it.
        """
        text = self._text()
        if text is None:
            return None
        found = text if self._find is None else self._find(text)
        return (found or "").strip() or None

    def clear(self) -> None:
        """Take the token out of the file, which is replaced as a whole, or remove the file.

        Raises:
            OSError: it was not possible; the file is as it was.
        """
        from keyturn.client.stores.atomic import sync_directory

        text = self._text()
        if text is None:
            return
        target = os.path.realpath(self._path)
        if self._without is None:
            os.unlink(target)
            sync_directory(os.path.dirname(target))
            return
        remaining = self._without(text)
        if remaining != text:
            _rewrite(target, remaining)

    def _text(self) -> str | None:
        try:
            descriptor = os.open(self._path, _FLAGS)
        except FileNotFoundError:
            return None
        with open(descriptor, "rb") as file:
            # A fifo or a device would hang us, or be somebody's idea of a joke.
            if os.fstat(descriptor).st_mode & 0o170000 != 0o100000:
                raise ValueError("not a regular file")
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise ValueError("too big")
        return content.decode()


class LegacyJson(LegacyFile):
    """A token in a JSON file, as the value of nested members; the others are kept.

    Args:
        path: As for LegacyFile.
        members: The names that lead to it: ``LegacyJson(path, "auth", "token")``.

    Raises:
        ValueError: no member is named.
    """

    def __init__(self, path: "str | os.PathLike[str]", *members: str) -> None:
        if not members:
            raise ValueError("name the member that holds the token")
        super().__init__(path, find=self._found, without=self._removed)
        self._members = members
        self.place: str = "\n".join((self.place, *members))

    def _found(self, text: str) -> str | None:
        import json

        value = self._holder(json.loads(text) if text.strip() else None).get(self._members[-1])
        return value if isinstance(value, str) else None

    def _removed(self, text: str) -> str:
        import json

        document = json.loads(text) if text.strip() else None
        if self._holder(document).pop(self._members[-1], None) is None:
            return text
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"

    def _holder(self, document: "Any") -> "dict[str, Any]":
        for name in self._members[:-1]:
            document = document.get(name) if isinstance(document, dict) else None
        return document if isinstance(document, dict) else {}


class LegacyKeyring:
    """A token in the system keyring, as ``keyring.set_password(service, user, token)`` left it.

    Args:
        service: The service it is filed under there.
        user: The user name it is filed under there.
    """

    kind: str = "keyring"

    def __init__(self, service: str, user: str) -> None:
        self._service = service
        self._user = user
        self.place: str = f"keyring:{service}\n{user}"

    def __repr__(self) -> str:
        return f"LegacyKeyring({self._service!r})"

    def read(self) -> str | None:
        """Return the token, or ``None``; takes at most 3 s and opens no dialog.

        Raises:
            StoreLocked: it is there, and locked.
            StoreUnavailable: there is no keyring, or it does not answer.
            StoreReadFailed: it cannot be read.
        """
        return self._keyring().read(self._user)

    def clear(self) -> None:
        """Forget the token; none is fine.

        Raises:
            StoreLocked, StoreUnavailable, StoreWriteFailed: it could not be forgotten.
        """
        self._keyring().delete(self._user)

    def _keyring(self) -> "Keyring":
        from keyturn.client.clock import monotonic
        from keyturn.client.stores.keyring import open_any_keyring

        return open_any_keyring(self._service, monotonic=monotonic)


def _rewrite(path: str, text: str) -> None:
    """Replace a file as a whole, with the permissions it had."""
    from keyturn.client.effects import Effects
    from keyturn.client.stores.atomic import replace_private

    mode = os.stat(path).st_mode & 0o777
    replace_private(path, text.encode(), effects=Effects())
    os.chmod(path, mode)
