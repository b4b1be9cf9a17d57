"""The table of states in which ``acme auth token`` is typed.

What is in ``ANSWERED_AT_ONCE`` has to be answered by the fast path itself; of everything else it is
asked only that nobody can tell the two apart.
"""

import os
from collections.abc import Callable
from typing import Any

from tests.client.commands.token_place_ import (
    ISSUER,
    NOBODY,
    Place,
    account,
    bob,
    both,
    client,
    content,
    document,
    in_client,
    moved,
    other_client,
    record,
    selected,
    stdout,
    swapped,
    typed,
    unset,
    variables,
)

State = Callable[[Place], object]
_NOBODY = {"id": "", "email": None, "label": None}


def _ada(found: dict[str, Any]) -> dict[str, Any]:
    record: dict[str, Any] = client(found)["accounts"]["ada"]
    return record


spent = Place.spend


def _symbolic_link(place: Place) -> None:
    place.path.rename(place.root / "elsewhere")
    place.path.symlink_to(place.root / "elsewhere")


def _linked_directory(place: Place) -> None:
    moved(place, place.root / "elsewhere" / "acme")
    place.state.symlink_to(place.root / "elsewhere" / "acme")


def _fifo(place: Place) -> None:
    place.path.unlink()
    os.mkfifo(place.path, 0o600)


def _directory(place: Place) -> None:
    place.path.unlink()
    place.path.mkdir(0o700)


ANSWERED_AT_ONCE: dict[str, State] = {
    "valid": lambda place: None,
    "unknown expiry": record(expires_at=None, refresh_at=None),
    "unknown members": record(future={"a": {"b": True}}, more=False),
    "unknown members of the document": document(future="yes"),
    "no refresh token": record(refresh_token=None),
    "directory that others may read": lambda place: place.state.chmod(0o755),
    "directory behind a symbolic link": _linked_directory,
    "no default, one account": in_client(default=None),
    "default that has signed out": in_client(default="eve"),
    "two accounts with a default": bob("bob"),
    "--account with an id": both(bob("ada"), typed("--account", "bob")),
    "--account=": both(bob("ada"), typed("--account=bob")),
    "--user with an email in capitals": both(bob(), typed("--user", "BOB@EXAMPLE.COM")),
    "--account with a label beyond ASCII": both(bob(), typed("--account", "Zoë")),
    "--account with a label that is an id in capitals": both(bob(), typed("--account", "ADA")),
    "variable names an account": both(bob(), variables(ACME_ACCOUNT=" bob ")),
    "blank variable": variables(ACME_ACCOUNT="  "),
    "account file": both(bob(), selected("bob\n# for this project\n")),
    "empty account file": selected("\n"),
    "--account over variable over file": both(
        bob(), selected("eve"), variables(ACME_ACCOUNT="eve"), typed("--account", "bob")
    ),
    "variable over account file": both(bob(), selected("eve"), variables(ACME_ACCOUNT="bob")),
    "empty token variable": variables(ACME_TOKEN=""),
    "blank token variable": variables(ACME_TOKEN=" \t"),
    "another program's variables": variables(OTHER_TOKEN="x", ACME_CLI_TOKEN="y"),
    "XDG_STATE_HOME": both(
        lambda place: moved(place, place.root / "xdg" / "acme"),
        lambda place: place.variables.update(XDG_STATE_HOME=str(place.root / "xdg")),
    ),
    "relative XDG_STATE_HOME": variables(XDG_STATE_HOME="state"),
    "ACME_HOME": both(
        lambda place: moved(place, place.root / "elsewhere"),
        lambda place: place.variables.update(ACME_HOME=str(place.root / "elsewhere")),
    ),
    "relative ACME_HOME": both(
        lambda place: moved(place, place.work / "here"), variables(ACME_HOME="here")
    ),
    "home= over ACME_HOME": lambda place: place.variables.update(
        ACME_HOME="/nowhere", ACME_HOME_ARGUMENT=str(place.state)
    ),
    "stack project": both(
        lambda place: place.edit(
            lambda found: found.update(clients={f"{ISSUER} acme-project": client(found)})
        ),
        variables(ACME_PROJECT="acme-project"),
    ),
    "another client's sessions besides": other_client(lambda other: None),
    "on a terminal": stdout("terminal"),
    "--account given as nothing": typed("--account", ""),
}

OF_THE_FILE: dict[str, State] = {
    "nobody signed in": lambda place: place.path.unlink(),
    "no directory": lambda place: moved(place, place.root / "elsewhere"),
    "empty": content(lambda text: b""),
    "truncated": content(lambda text: text[:-1]),
    "halved": content(lambda text: text[: len(text) // 2]),
    "bit flipped in a key": swapped('"access_token"', '"accesc_token"'),
    "bit flipped in punctuation": swapped('{"id":"ada"', '{"id"8"ada"'),
    "no UTF-8": content(lambda text: text.replace(b"ada", b"a\xffa")),
    "NUL": content(lambda text: text.replace(b"ada@", b"a\0a@")),
    "NUL at the end": content(lambda text: text + b"\0"),
    "with spaces and lines": swapped(',"revision"', ',\n  "revision"'),
    "a list where we have none": document(future=[1, 2]),
    "newer schema": document(schema=2),
    "older schema": document(schema=0),
    "no clients": document(clients={}),
    "clients of another kind": document(clients=[]),
    "revision as text": document(revision="1"),
    "no accounts": in_client(accounts={}, default=None),
    "default as a number": in_client(default=7),
    "another client, no accounts member": other_client(lambda other: other.pop("accounts")),
    "another client, accounts of another kind": other_client(lambda o: o.update(accounts="x")),
    "another client, default as a number": other_client(lambda o: o.update(default=7)),
    "0644": lambda place: place.path.chmod(0o644),
    "0640": lambda place: place.path.chmod(0o640),
    "directory that others may write": lambda place: place.state.chmod(0o777),
    "sticky directory": lambda place: place.state.chmod(0o1777),
    "symbolic link": _symbolic_link,
    "dangling symbolic link": both(
        _symbolic_link, lambda place: (place.root / "elsewhere").unlink()
    ),
    "hard link": lambda place: (place.root / "second").hardlink_to(place.path),
    "fifo": _fifo,
    "directory": _directory,
    "a file where the directory should be": both(
        lambda place: moved(place, place.root / "elsewhere"), lambda place: place.state.touch()
    ),
}

OF_THE_RECORD: dict[str, State] = {
    "spent": spent,
    "due, and valid a little longer": record(refresh_at=541.0),
    "spent without a refresh token": both(spent, record(refresh_token=None)),
    "empty token": record(access_token=""),
    "blank token": record(access_token="  "),
    "token with a space": record(access_token="a b"),
    "token with a line end": record(access_token="a\nb"),
    "token with NUL": record(access_token="a\0b"),
    "token of another alphabet": record(access_token="é"),
    "token that is a number": record(access_token=7),
    "no token": record(access_token=None),
    "refresh token that is a number": record(refresh_token=7),
    "blank refresh token": record(refresh_token=" "),
    "slot without a fingerprint": record(slot="x/ada/1"),
    "slot that is a number": record(slot=7, fingerprint="f"),
    "empty slot": record(slot="", fingerprint=""),
    "token type that is a number": record(token_type=7),
    "scope that is a truth": record(scope=True),
    "policy that is a number": record(storage=7),
    "session id that is a number": record(session_id=7),
    "end of the session as text": record(session_ends_at="soon"),
    "beginning as text": record(issued_at="then"),
    "generation as a fraction": record(generation=1.5),
    "revision of the record as text": record(revision="1"),
    "endpoints without the one for tokens": record(endpoints={"ack": "https://x.example"}),
    "endpoint that is a number": record(endpoints={"token": 7}),
    "expiry as text": record(expires_at="4000000000", refresh_at="4000000000"),
    "expiry as truth": record(expires_at=True, refresh_at=True),
    "expiry and no time to renew": record(refresh_at=None),
    "no expiry and a time to renew": record(expires_at=None),
    "time to renew that is another": record(refresh_at=1.0),
    "another account's record": record(account={"id": "bob", "email": None, "label": None}),
    "email that is a number": account(email=7),
    "label that is a number": account(label=7),
    "account that is text": record(account="ada"),
    "anonymous as text": record(anonymous="yes"),
    "expiry beyond all numbers": record(expires_at=10**400, refresh_at=10**400),
    "empty refresh token": record(refresh_token=""),
    "empty account id": lambda place: place.edit(
        lambda found: client(found)["accounts"].update({"": {**_ada(found), "account": _NOBODY}})
    ),
}

OF_THE_PROGRAM: dict[str, State] = {
    "two accounts without a default": bob(),
    "two of one label": both(bob(), account(label="ADA"), typed("--account", "ADA")),
    "the default unreadable, another not": both(bob("ada"), record(access_token=7)),
    "--account unreadable": both(bob("bob"), record(access_token=7), typed("--account", "ada")),
    "--account, another unreadable": both(
        bob("ada"), record(account="ada"), typed("--account", "bob@example.com")
    ),
    "wrong --account": typed("--account", "eve"),
    "--account with control characters": typed("--account", "a\x1b[31m\u202eb"),
    "--account twice": both(bob(), typed("--account", "ada", "--account", "bob")),
    "--account without a value": typed("--account"),
    "abbreviated --acc": typed("--acc", "ada"),
    "unknown option": typed("--secret=hush"),
    "a token typed": typed("hush"),
    "--json": typed("--json"),
    "--json, nobody signed in": both(typed("--json"), lambda place: place.path.unlink()),
    "--json with a wrong option": typed("--json", "--nonsense"),
    "--verbose": typed("--verbose"),
    "--help": typed("--help"),
    "debugging": both(spent, variables(ACME_DEBUG="1")),
    "variable names nobody": variables(ACME_ACCOUNT="eve"),
    "variable is ambiguous": both(bob(), account(label="ADA"), variables(ACME_ACCOUNT="ADA")),
    "account file names nobody": selected("eve"),
    "account file without the right to speak": both(
        selected("eve"), lambda place: (place.work / ".keyturn-account").mkdir()
    ),
    "token variable": variables(ACME_TOKEN="from-outside"),
    "token variable, nobody signed in": both(
        variables(ACME_TOKEN="from-outside"), lambda place: place.path.unlink()
    ),
    "an agent is the caller": both(spent, variables(AI_AGENT="1")),
    "wrong issuer": variables(ACME_ISSUER="http://127.0.0.1:2"),
    "issuer with a stroke at its end": variables(ACME_ISSUER=ISSUER + "/"),
    "wrong client": variables(ACME_CLIENT_ID="other"),
    "OAuth session, stack project": variables(ACME_PROJECT="acme-project"),
    "no HOME": unset("HOME"),
    "empty HOME": variables(HOME=""),
    "HOME nowhere": variables(HOME="/nowhere"),
    "XDG_STATE_HOME elsewhere": variables(XDG_STATE_HOME="/nowhere"),
    "ACME_HOME elsewhere": variables(ACME_HOME="/nowhere"),
    "no PATH, no LANG": unset("PATH", "LANG"),
    "nobody reads": stdout("unread"),
    "stdout closed": stdout("closed"),
    "stdout full": stdout("full"),
    "nobody signed in, on a terminal": both(stdout("terminal"), lambda place: place.path.unlink()),
    "working directory gone": lambda place: place.variables.update(ACME_GONE="1"),
}


def _foreign(place: Place) -> None:
    os.chown(place.path, NOBODY, NOBODY)


def _as_nobody(change: State) -> State:
    """Return a spoiling after which acme is run by an ordinary user, whose home it all is."""

    def spoil(place: Place) -> None:
        place.variables["ACME_USER"] = str(NOBODY)
        for folder, _, files in os.walk(place.root / "home"):
            for path in (folder, *(os.path.join(folder, name) for name in files)):
                os.chown(path, NOBODY, NOBODY)
        change(place)

    return spoil


# What root is refused nothing of, or what only root can bring about.
WITH_PRIVILEGES: dict[str, State] = {
    "file of another user": _foreign,
    "directory of another user": lambda place: os.chown(place.state, NOBODY, NOBODY),
    "account file of another user": both(
        selected("eve"), lambda p: os.chown(p.work.parent / ".keyturn-account", NOBODY, NOBODY)
    ),
    "ordinary user": _as_nobody(lambda place: None),
    "file that may not be read": _as_nobody(lambda place: place.path.chmod(0o000)),
    "directory that may not be entered": _as_nobody(lambda place: place.state.chmod(0o000)),
    "read-only home": _as_nobody(lambda place: place.state.chmod(0o500)),
    "read-only home, spent": _as_nobody(both(spent, lambda place: place.state.chmod(0o500))),
    "read-only home, damaged": _as_nobody(
        both(content(lambda text: text[:-1]), lambda place: place.state.chmod(0o500))
    ),
    "root's directory for an ordinary user": _as_nobody(
        both(lambda place: os.chown(place.state, 0, 0), lambda place: place.state.chmod(0o755))
    ),
    "root's file for an ordinary user": _as_nobody(lambda place: os.chown(place.path, 0, 0)),
}

STATES = {**ANSWERED_AT_ONCE, **OF_THE_FILE, **OF_THE_RECORD, **OF_THE_PROGRAM}

# Each is much like a state beside it. They are tried where everything is (KEYTURN_FAULTS=full).
ALIKE = frozenset(
    {
        *list(OF_THE_RECORD)[12:-3],
        "unknown members of the document",
        "default that has signed out",
        "--account=",
        "blank variable",
        "variable over account file",
        "empty account file",
        "blank token variable",
        "relative XDG_STATE_HOME",
        "relative ACME_HOME",
        "--account given as nothing",
        "halved",
        "bit flipped in punctuation",
        "NUL at the end",
        "older schema",
        "clients of another kind",
        "revision as text",
        "default as a number",
        "another client, accounts of another kind",
        "another client, default as a number",
        "0640",
        "sticky directory",
        "dangling symbolic link",
        "blank token",
        "token with a line end",
        "token of another alphabet",
        "two of one label",
        "the default unreadable, another not",
        "--account unreadable",
        "--account twice",
        "--json with a wrong option",
        "token variable, nobody signed in",
        "variable is ambiguous",
        "issuer with a stroke at its end",
        "wrong client",
        "empty HOME",
        "HOME nowhere",
        "XDG_STATE_HOME elsewhere",
        "no PATH, no LANG",
        "nobody signed in, on a terminal",
    }
)
