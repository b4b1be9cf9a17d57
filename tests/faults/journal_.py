"""What a server has acknowledged, noted by the clients that were told: the truth after a crash."""

import threading
from dataclasses import dataclass, field


@dataclass
class Family:
    """One rotating session, as its program knows it."""

    id: str
    refresh_token: str = field(repr=False)
    generation: int
    # Asked and not answered: the server may have done it or not.
    refreshing: bool = False
    ending: bool = False
    ended: bool = False


@dataclass
class Guest:
    """One session of the Stack-compatible API."""

    refresh_token: str = field(repr=False)
    access_token: str = field(repr=False)
    ending: bool = False
    ended: bool = False


@dataclass
class Journal:
    """Everything that clients were told, since the beginning or since one start."""

    families: list[Family] = field(default_factory=list)
    guests: list[Guest] = field(default_factory=list)
    passwords: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add_family(self, family: Family) -> None:
        """Note an acknowledged redemption."""
        with self._lock:
            self.families.append(family)

    def add_guest(self, guest: Guest) -> None:
        """Note an acknowledged session."""
        with self._lock:
            self.guests.append(guest)

    def add_password(self, email: str, password: str) -> None:
        """Note an acknowledged sign-up."""
        with self._lock:
            self.passwords[email] = password

    def __len__(self) -> int:
        return len(self.families) + len(self.guests) + len(self.passwords)
