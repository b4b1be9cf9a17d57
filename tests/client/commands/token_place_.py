"""A machine on which somebody types ``acme auth token``, and ways to spoil it.

A spoiling is a function of a Place, which begins with a valid session of ada.
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from keyturn.client.effects import Effects
from keyturn.client.stores.file import FileStore
from keyturn.protocol.tokens import Account
from tests.contracts.token_store import make_session

FAR = 4_000_000_000.0
ISSUER = "http://127.0.0.1:1"  # Nobody listens there: a renewal ends at once, and temporarily.
CLIENT_ID = "acme-cli"
NOBODY = 65534


@dataclass
class Place:
    """A home with a signed-in acme, and how acme is going to be typed there.

    Attributes:
        root: Everything lies below it; acme is started in ``root / "work"``.
        typed: What follows ``acme auth token``.
        variables: The environment, beyond the bare necessities.
        unset: What is missing in it.
        stdout: ``"pipe"``, ``"terminal"``, ``"closed"``, ``"full"`` or ``"unread"``.
    """

    root: Path
    typed: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    unset: list[str] = field(default_factory=list)
    stdout: str = "pipe"

    def __post_init__(self) -> None:
        self.work.mkdir(parents=True)
        store = FileStore(
            str(self.state),
            issuer=ISSUER,
            client_id=CLIENT_ID,
            client_key=f"{ISSUER} {CLIENT_ID}",
            effects=Effects(),
        )
        store.put(
            make_session(
                account=Account(id="ada", email="ada@example.com", label="Zoë"),
                issued_at=FAR - 600,
                expires_at=FAR,
                issuer=ISSUER,
            ),
            pin=True,
        )

    @property
    def work(self) -> Path:
        return self.root / "home" / "work"

    @property
    def state(self) -> Path:
        return self.root / "home" / ".local" / "state" / "acme"

    @property
    def path(self) -> Path:
        return self.state / "session.json"

    @property
    def environ(self) -> dict[str, str]:
        kept = ("PATH", "PYTHONPATH", "COVERAGE_PROCESS_START")
        variables = {
            **{name: os.environ[name] for name in kept if name in os.environ},
            "HOME": str(self.root / "home"),
            "LANG": "C.UTF-8",
            "PYTHONWARNINGS": "error",
            "ACME_ISSUER": ISSUER,
            "ACME_CLIENT_ID": CLIENT_ID,
            **self.variables,
        }
        return {name: variables[name] for name in variables if name not in self.unset}

    def edit(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Change the stored document, written as the store writes it."""
        document = json.loads(self.path.read_text())
        change(document)
        text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
        self.path.write_text(text)

    def record(self, **members: object) -> None:
        """Overwrite members of ada's record."""
        self.edit(lambda document: client(document)["accounts"]["ada"].update(members))

    def spend(self) -> None:
        """Let ada's access token have ended."""
        self.record(issued_at=1.0, expires_at=601.0, refresh_at=541.0)

    def sign_bob_in(self, *, default: str | None = None) -> None:
        """Sign in a second account, whose label is ada's id in capitals."""

        def add(document: dict[str, Any]) -> None:
            accounts = client(document)["accounts"]
            account = {"id": "bob", "email": "bob@example.com", "label": "ADA"}
            accounts["bob"] = {**accounts["ada"], "access_token": "a-bob", "account": account}
            client(document)["default"] = default

        self.edit(add)

    def account_file(self, text: str) -> None:
        """Select an account for the directory above the one acme is started in."""
        (self.work.parent / ".keyturn-account").write_text(text)


def client(document: dict[str, Any]) -> dict[str, Any]:
    """Return what is stored for the only client."""
    (found,) = document["clients"].values()
    return found  # type: ignore[no-any-return]


def both(*changes: Callable[[Place], object]) -> Callable[[Place], object]:
    """Return several spoilings as one."""
    return lambda place: [change(place) for change in changes]


def record(**members: object) -> Callable[[Place], object]:
    """Return a spoiling of ada's record."""
    return lambda place: place.record(**members)


def account(**members: object) -> Callable[[Place], object]:
    """Return a spoiling of ada's account."""
    return record(account={"id": "ada", "email": None, "label": None, **members})


def document(**members: object) -> Callable[[Place], object]:
    """Return a spoiling of the document."""
    return lambda place: place.edit(lambda found: found.update(members))


def in_client(**members: object) -> Callable[[Place], object]:
    """Return a spoiling of what is stored for the client."""
    return lambda place: place.edit(lambda found: client(found).update(members))


def variables(**values: str) -> Callable[[Place], object]:
    """Return a spoiling of the environment."""
    return lambda place: place.variables.update(values)


def unset(*names: str) -> Callable[[Place], object]:
    """Return a spoiling that takes variables away."""
    return lambda place: place.unset.extend(names)


def typed(*words: str) -> Callable[[Place], object]:
    """Return more words to type."""
    return lambda place: place.typed.extend(words)


def stdout(kind: str) -> Callable[[Place], object]:
    """Return another end for what acme prints."""
    return lambda place: setattr(place, "stdout", kind)


def bob(default: str | None = None) -> Callable[[Place], object]:
    """Return the signing in of a second account."""
    return lambda place: place.sign_bob_in(default=default)


def selected(text: str) -> Callable[[Place], object]:
    """Return a selection for the directory."""
    return lambda place: place.account_file(text)


def content(change: Callable[[bytes], bytes]) -> Callable[[Place], object]:
    """Return a spoiling of the file's bytes."""
    return lambda place: place.path.write_bytes(change(place.path.read_bytes()))


def swapped(old: str, new: str) -> Callable[[Place], object]:
    """Return a spoiling of the file's text, at one place."""
    return content(lambda text: text.replace(old.encode(), new.encode(), 1))


def moved(place: Place, to: Path) -> None:
    """Move the sessions."""
    to.parent.mkdir(parents=True, exist_ok=True)
    place.state.rename(to)


def other_client(change: Callable[[dict[str, Any]], object]) -> Callable[[Place], object]:
    """Return the adding of another client's sessions to the file."""

    def add(found: dict[str, Any]) -> None:
        other: dict[str, Any] = {"default": None, "accounts": {}}
        change(other)
        found["clients"]["https://x.example y"] = other

    return lambda place: place.edit(add)
