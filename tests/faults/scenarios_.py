"""What each command may leave behind when it is broken, wherever that happens."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tests.client.stores.secret_service_ import SecretServiceHere
from tests.faults.machines_ import Done, Machine

SIGN_IN_REQUIRED, TEMPORARY, INTERRUPTED = 4, 75, 130
# How tokens of this server begin; so ones that nobody has noted are found as well.
SECRET = re.compile(r"ktr_[\w-]{8,}|eyJ[\w-]{20,}")
_OLDER_SECONDS = 1000

Document = dict[str, Any]


class Scenario:
    """One command, and what has to hold after it.

    Attributes:
        name: What a report calls it.
        arguments: What is typed after ``acme auth``.
        variables: What is added to acme's environment.
        signs_in: Whether it asks for somebody to sign in.
        waits: Whether a broken connection makes it wait for seconds.
        faults: What happens to its system calls.
        statuses: The exit statuses it may end with.
    """

    name: str
    arguments: tuple[str, ...]
    variables: Mapping[str, str] = {}
    signs_in = False
    waits = False
    faults: Sequence[str] = ("KILL", "EIO", "ENOSPC")
    statuses = frozenset({0, 1, TEMPORARY})

    def typed(self, machine: Machine) -> tuple[str, ...]:
        """Return what is typed on a machine in its present state."""
        return self.arguments

    def prepare(self, machine: Machine) -> None:
        """Bring a machine into the state in which the command is run."""
        if machine.ada not in emails(machine.document()):
            machine.sign_in(machine.ada)

    def complaints(self, machine: Machine, before: Document | None, done: Done) -> list[str]:
        """Return what is wrong afterwards. May run further commands."""
        raise NotImplementedError


class Refresh(Scenario):
    """``auth refresh``: the old or the new session, and it goes on."""

    name, arguments = "refresh", ("refresh",)

    def prepare(self, machine: Machine) -> None:
        """Now and then a new session: the server forgives ten lost answers of one in an hour."""
        super().prepare(machine)
        machine.age += 1
        if machine.age % 8 == 0:
            machine.sign_in(machine.ada)

    def complaints(self, machine: Machine, before: Document | None, done: Done) -> list[str]:
        """Both tokens are of one generation, and the next command renews the session."""
        mixed = mixture(record(before, machine.ada), record(machine.document(), machine.ada))
        return [*mixed, *not_alive(machine)]


class RefreshInKeyring(Refresh):
    """The same with the refresh token in the system keyring.

    Args:
        keyring: The keyring of the machine.
    """

    name = "refresh with the keyring"
    faults = (
        "KILL",
        "EIO",
    )  # It speaks to the keyring by the hundred calls, none of them a disk's.

    def __init__(self, keyring: SecretServiceHere) -> None:
        self._keyring = keyring

    def complaints(self, machine: Machine, before: Document | None, done: Done) -> list[str]:
        """And of all the secrets that were written there, one is left at most."""
        wrong = super().complaints(machine, before, done)
        listed = self._keyring.secret_tool("search", "--all", "service", "keyturn:acme")
        count = len(re.findall("^secret = ", listed, re.MULTILINE))
        stored = record(machine.document(), machine.ada) or {}
        expected = 1 if stored.get("slot") else 0
        return wrong if count == expected else [*wrong, f"{count} secrets in the keyring"]


class LoginAnew(Scenario):
    """``auth login --force`` while signed in: the earlier session or the new one."""

    name, signs_in = "login, signed in before", True
    arguments: tuple[str, ...] = ("login", "--force")
    statuses = frozenset({0, 1, TEMPORARY, INTERRUPTED})

    def complaints(self, machine: Machine, before: Document | None, done: Done) -> list[str]:
        """Whichever is stored works."""
        mixed = mixture(record(before, machine.ada), record(machine.document(), machine.ada))
        return [*mixed, *not_alive(machine)]


class LoginByDevice(LoginAnew):
    """The same with a code for another device."""

    name = "login by device code"
    waits = True
    arguments = ("login", "--force", "--device")


class FirstLogin(Scenario):
    """``auth login`` on a new machine: signed in, or a clean "sign in required"."""

    name, arguments, signs_in = "login, the first", ("login",), True
    statuses = LoginAnew.statuses

    def prepare(self, machine: Machine) -> None:
        """Nobody has ever signed in."""
        machine.wipe()

    def complaints(self, machine: Machine, before: Document | None, done: Done) -> list[str]:
        """What is said is what is so."""
        if done.status == 0 or record(machine.document(), machine.ada) is not None:
            return not_alive(machine)
        return not_signed_out(machine)


class Logout(Scenario):
    """``auth logout``: signed in as before, or signed out."""

    name, arguments = "logout", ("logout",)

    def complaints(self, machine: Machine, before: Document | None, done: Done) -> list[str]:
        """No token is given that the server has ended."""
        if done.status == 0:
            return not_signed_out(machine)
        printed = machine.run("token")
        if printed.status == 0 and not machine.accepted(printed.out):
            return [f"gave a token that the server refuses: {printed.err}"]
        if printed.status not in (0, SIGN_IN_REQUIRED):
            return [f"neither in nor out: {printed.status} {printed.err}"]
        return not_signed_out(machine) if printed.status else not_alive(machine)


class Switch(Scenario):
    """``auth switch``: the one account or the other, and both sessions untouched."""

    name = "switch"

    def typed(self, machine: Machine) -> tuple[str, ...]:
        """Return the command that switches to whoever is not the default."""
        return (
            "switch",
            machine.grace if default(machine.document()) == machine.ada else machine.ada,
        )

    def prepare(self, machine: Machine) -> None:
        """Two are signed in."""
        for who in (machine.ada, machine.grace):
            if who not in emails(machine.document()):
                machine.sign_in(who)

    def complaints(self, machine: Machine, before: Document | None, done: Done) -> list[str]:
        """Only the default may have changed."""
        after = machine.document()
        wrong = []
        if accounts(after) != accounts(before) or default(after) not in (
            machine.ada,
            machine.grace,
        ):
            wrong.append("changed more than the default")
        if done.status == 0 and default(after) == default(before):
            wrong.append("said that it switched")
        return wrong + not_alive(machine)


class Migrate(Scenario):
    """The first command after an older version's: the token is in the old place or in the new."""

    name, arguments = "migrate", ("status",)
    variables = {"ACME_LEGACY": "~/.acme-token"}

    def prepare(self, machine: Machine) -> None:
        """Only the older version has been there."""
        if machine.age % 50 == 0 or not machine.older_token:
            machine.variables = {}
            machine.sign_in(machine.ada)
            signed_in = record(machine.document(), machine.ada)
            machine.older_token = signed_in["access_token"] if signed_in else ""
            machine.variables = dict(self.variables)
        machine.age += 1
        machine.wipe()
        older = machine.home / ".acme-token"
        older.write_text(machine.older_token)
        older.chmod(0o600)

    def complaints(self, machine: Machine, before: Document | None, done: Done) -> list[str]:
        """The token is given, and after a look at everything it is in the new place alone."""
        printed, status = machine.run("token"), machine.run("status")
        wrong = []
        if (printed.status, printed.out) != (0, machine.older_token):
            wrong.append(f"lost the token: {printed.status} {printed.err}")
        if status.status != 0 or (machine.home / ".acme-token").exists():
            wrong.append(f"left the token in the old place: {status.err}")
        stored = accounts(machine.document()).values()
        if [one["access_token"] for one in stored] != [machine.older_token]:
            wrong.append("is not in the new place")
        return wrong


def not_alive(machine: Machine) -> list[str]:
    """Return why the next command, whose session is due, does not work."""
    machine.ahead += _OLDER_SECONDS
    done = machine.run("token", "--json", ahead=machine.ahead)
    if done.status != 0:
        return [f"lost the session: {done.status} {done.err}"]
    if not machine.accepted(json.loads(done.out)["access_token"]):
        return ["gave a token that the server refuses"]
    return []


def not_signed_out(machine: Machine) -> list[str]:
    """Return why this is no clean "sign in required"."""
    done = machine.run("token")
    if done.status != SIGN_IN_REQUIRED or "Traceback" in done.err:
        return [f"not signed out: {done.status} {done.err}"]
    return []


def mixture(before: Document | None, after: Document | None) -> list[str]:
    """Return why a record is neither wholly the old nor wholly another session's."""
    if before is None or after is None:
        return ["the record is gone"]
    if after == before:
        return []
    secret = ("access_token", "refresh_token", "slot", "fingerprint")
    kept = [name for name in secret if before[name] and after[name] == before[name]]
    if kept or after["account"] != before["account"] or after["revision"] <= before["revision"]:
        return [f"is a mixture: {kept}"]
    return []


def strays(machine: Machine, *, reaped: bool) -> list[str]:
    """Return the files with a secret where none belongs.

    Args:
        machine: Whose home is searched.
        reaped: Whether a command has run since; until then a killed writer's file may be there.
    """
    found = []
    holders = (machine.state / "session.json", machine.home / ".acme-token")
    for path in sorted(machine.home.rglob("*")):
        if path in holders or not path.is_file():
            continue
        written = SECRET.search(path.read_text(errors="replace"))
        private = path.stat().st_mode & 0o077 == 0 and path.parent == machine.state
        if written and (reaped or not private):
            found.append(f"a secret in {path.relative_to(machine.home)}")
    return found


def accounts(document: Document | None) -> dict[str, Document]:
    """Return the records of a session file, by account id."""
    clients = (document or {"clients": {}})["clients"]
    return next(iter(clients.values()))["accounts"] if clients else {}


def emails(document: Document | None) -> list[str]:
    """Return whose records there are."""
    return [one["account"]["email"] for one in accounts(document).values()]


def record(document: Document | None, email: str) -> Document | None:
    """Return one person's record."""
    found = [one for one in accounts(document).values() if one["account"]["email"] == email]
    return found[0] if found else None


def default(document: Document | None) -> str | None:
    """Return the email of the default account."""
    clients: dict[str, Document] = (document or {"clients": {}})["clients"]
    pinned = next(iter(clients.values()))["default"] if clients else None
    return accounts(document)[pinned]["account"]["email"] if pinned else None


SCENARIOS: Sequence[Scenario] = (
    Refresh(),
    LoginAnew(),
    FirstLogin(),
    LoginByDevice(),
    Logout(),
    Switch(),
    Migrate(),
)
