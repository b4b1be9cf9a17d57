"""A folder as a power cut would leave it, worked out from the system calls that were made on it.

What was written counts as lost until the file was synced, and a name as lost until its folder was.
Real disks keep more; that they may keep any part of the rest is tried as well.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.tracing_ import Call, calls

TRACED = "openat,write,pwrite64,ftruncate,fsync,fdatasync,link,unlink"
OPTIONS = ("-xx", "-y", "-s", "100000", "-e", f"trace={TRACED}")
_HEX = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_PATH_OF_FD = re.compile(r"^\d+<((?:\\x[0-9a-f]{2})*)>")
_SECTOR = 512

Change = tuple[int, bytes] | int  # bytes at a place, or a new length


@dataclass(eq=False)
class Node:
    """One file's content: what programs read, what is surely on the disk, what lies between."""

    live: bytearray = field(default_factory=bytearray)
    durable: bytearray = field(default_factory=bytearray)
    pending: list[Change] = field(default_factory=list)

    def change(self, change: Change) -> None:
        _apply(self.live, change)
        self.pending.append(change)

    def sync(self) -> None:
        self.durable = bytearray(self.live)
        self.pending.clear()

    def after_a_cut(self, chance: random.Random | None) -> bytes:
        """Return what is left: what was synced, and with ``chance`` any part of the rest."""
        left = bytearray(self.durable)
        for change in self.pending if chance else ():
            if chance and chance.random() < 0.5:
                _apply(left, _torn(change, chance))
        return bytes(left)


class Folder:
    """One folder, changed call by call."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self.names: dict[str, Node] = {}
        self._durable_names: dict[str, Node] = {}
        self.last = ""

    def take(self, call: Call) -> bool:
        """Change as this call changed it; false if it was about something else."""
        self.last = call.name
        texts = [_bytes(text) for text in _HEX.findall(call.arguments)]
        if call.name in ("openat", "link", "unlink"):
            return self._on_name(call, [text.decode() for text in texts])
        return self._on_descriptor(call, texts)

    def leave(self, target: Path, chance: random.Random | None) -> None:
        """Write down what a cut at this moment leaves."""
        target.mkdir(mode=0o700)
        names = self._durable_names if chance is None or chance.random() < 0.5 else self.names
        for name, node in names.items():
            if not name.endswith("-shm"):  # lives in memory
                (target / name).write_bytes(node.after_a_cut(chance))
                (target / name).chmod(0o600)

    def _on_name(self, call: Call, paths: list[str]) -> bool:
        if not paths[0].startswith(self._path + "/"):
            return False
        name = self._name(paths[0])
        if call.name == "link":
            self.names[self._name(paths[1])] = self.names[name]
        elif call.name == "unlink":
            self.names.pop(name, None)
        elif "O_CREAT" not in call.arguments or name in self.names:
            return False
        else:
            self.names[name] = Node()
        return True

    def _on_descriptor(self, call: Call, texts: list[bytes]) -> bool:
        found = _PATH_OF_FD.match(call.arguments)
        path = _bytes(found[1]).decode() if found else ""
        if path == self._path and call.name in ("fsync", "fdatasync"):
            self._durable_names = dict(self.names)
            return True
        node = self.names.get(self._name(path)) if path.startswith(self._path + "/") else None
        if node is None:
            return False
        last = call.arguments.rpartition(", ")[2]
        if call.name in ("fsync", "fdatasync"):
            node.sync()
        elif call.name == "ftruncate":
            node.change(int(last))
        elif call.name == "pwrite64":
            node.change((int(last), texts[0]))
        else:  # write: only ever from the start to the end
            node.change((len(node.live), texts[0]))
        return True

    def _name(self, path: str) -> str:
        return path.removeprefix(self._path + "/")


def story(log: Path, folder: Path) -> Iterator[tuple[str | None, Folder]]:
    """Yield the folder after each call that changed it, or what such a program said, and it."""
    state = Folder(folder)
    for call in sorted(calls(log), key=lambda call: call.ended):
        if call.result is None or call.result < 0:
            continue
        if call.name == "write" and call.arguments.startswith("1<"):
            yield _bytes(_HEX.findall(call.arguments)[0]).decode(), state
        elif state.take(call):
            yield None, state


def _apply(content: bytearray, change: Change) -> None:
    if isinstance(change, int):
        del content[change:]
        content.extend(bytes(change - len(content)))
        return
    place, new = change
    content.extend(bytes(max(0, place - len(content))))
    content[place : place + len(new)] = new


def _torn(change: Change, chance: random.Random) -> Change:
    """Return the part of a write that reached the disk; a disk writes whole sectors."""
    if isinstance(change, int) or chance.random() < 0.5:
        return change
    place, new = change
    return place, new[: chance.randrange(0, len(new) + 1) // _SECTOR * _SECTOR]


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))
