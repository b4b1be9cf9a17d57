"""The hot path: what it loads, and that it never disagrees with the long way."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn import client as hot
from keyturn.client.auth import Auth
from keyturn.client.refresh import valid_session
from keyturn.client.stores.document import Document
from keyturn.protocol.errors import KeyturnError
from keyturn.protocol.tokens import Account
from tests.client.machine_ import Machine
from tests.contracts.token_store import make_session
from tests.issuers_.issuer_ import Issuer

FORBIDDEN = """
    json re dataclasses typing pathlib logging enum http http.client urllib urllib.parse ssl socket
    hashlib subprocess tempfile importlib.metadata inspect ast collections functools contextlib
    threading asyncio datetime argparse keyring jeepney base64 random string shutil
""".split()  # noqa: SIM905

NOW = 1_000_000_000.0
FAR = 4_000_000_000.0

SCRIPT = """
import sys
before = set(sys.modules)
import keyturn
after_import = set(sys.modules) - before
print(keyturn.Auth("acme", issuer="https://id.example", client_id="acme-cli").token())
print(sorted(after_import), sorted(set(sys.modules) - before), sep="\\n")
"""


def store_session(home: Path, **changes: object) -> None:
    """Store a session that is valid for a long time, as the store itself writes it."""
    from tests.client.stores.test_file import file_store

    fields: dict[str, Any] = {"issued_at": FAR - 600, "expires_at": FAR, **changes}
    file_store(home).put(make_session(**fields), pin=True)


@pytest.mark.proves("K-70", "K-71")
def test_a_valid_stored_token_costs_three_small_modules_and_none_of_the_expensive_ones(
    tmp_path: Path,
) -> None:
    store_session(tmp_path / "home", account=Account(id="ada", label="Zoë"))
    environ = {**os.environ, "ACME_HOME": str(tmp_path / "home")}
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    token, at_import, in_all = run.stdout.splitlines()
    assert token == "a1"
    assert at_import == "['keyturn']"
    loaded = in_all[1:-1].replace("'", "").split(", ")
    assert loaded == [
        "keyturn",
        "keyturn.client",
        "keyturn.client.auth",
    ]
    assert not set(loaded) & set(FORBIDDEN)


@pytest.mark.proves("K-71")
@pytest.mark.parametrize("account", ["ada@EXAMPLE.com", "Zoë", "ada"])
def test_an_account_named_by_email_or_label_is_found_on_the_hot_path_too(
    tmp_path: Path, account: str
) -> None:
    store_session(
        tmp_path / "home", account=Account(id="ada", email="ada@example.com", label="Zoë")
    )
    auth = Auth(
        "acme", issuer="https://id.example", client_id="acme-cli", home=str(tmp_path / "home")
    )
    assert hot.valid_token(auth, account, 1e9) == "a1"


# -- Agreement with the long way ------------------------------------------------------------------

Spoil = Callable[[Path, dict[str, Any]], None]


def _record(document: dict[str, Any]) -> dict[str, Any]:
    (client,) = document["clients"].values()
    record: dict[str, Any] = client["accounts"]["ada"]
    return record


def _client(document: dict[str, Any]) -> dict[str, Any]:
    (client,) = document["clients"].values()
    found: dict[str, Any] = client
    return found


def in_record(**members: object) -> Spoil:
    """Return a spoiling that overwrites members of the record."""
    return lambda home, document: _record(document).update(members)


def in_client(**members: object) -> Spoil:
    """Return a spoiling that overwrites members of the client."""
    return lambda home, document: _client(document).update(members)


def in_document(**members: object) -> Spoil:
    """Return a spoiling that overwrites members of the document."""
    return lambda home, document: document.update(members)


def without(*names: str) -> Spoil:
    """Return a spoiling that removes members of the record."""

    def spoil(home: Path, document: dict[str, Any]) -> None:
        for name in names:
            del _record(document)[name]

    return spoil


def second_account(**members: object) -> Spoil:
    """Return a spoiling that signs somebody else in as well."""

    def spoil(home: Path, document: dict[str, Any]) -> None:
        bob = {**_record(document), "access_token": "a-bob", "account": {"id": "bob"}}
        bob["account"] |= {"email": "bob@example.com", "label": "Ada"}
        _client(document)["accounts"]["bob"] = {**bob, **members}
        _client(document)["default"] = None

    return spoil


def variables(**values: str) -> Spoil:
    """Return a spoiling of the environment."""

    def spoil(home: Path, document: dict[str, Any]) -> None:
        os.environ.update(values)

    return spoil


def account_file(text: str) -> Spoil:
    """Return a spoiling that puts a .keyturn-account into the working directory."""

    def spoil(home: Path, document: dict[str, Any]) -> None:
        Path(".keyturn-account").write_text(text)

    return spoil


STATES: dict[str, Spoil] = {
    "valid": in_record(),
    "unknown end": in_record(expires_at=None, refresh_at=None),
    "due": in_record(expires_at=10.0, refresh_at=5.0),
    "just due": in_record(expires_at=1_000_000_060.0, refresh_at=1_000_000_000.0),
    "not quite due": in_record(expires_at=1_000_000_060.5, refresh_at=1_000_000_000.5),
    "due without a refresh token": in_record(expires_at=10.0, refresh_at=5.0, refresh_token=None),
    "whole numbers": in_record(expires_at=2_000_000_000, refresh_at=1_999_999_940, issued_at=0),
    "empty token": in_record(access_token=""),
    "blank token": in_record(access_token="  "),
    "token with a space": in_record(access_token="a b"),
    "token with a line end": in_record(access_token="a\nb"),
    "token of another alphabet": in_record(access_token="é"),
    "token of another kind": in_record(access_token=7),
    "no token": in_record(access_token=None),
    "token missing": without("access_token"),
    "refresh_at missing": without("refresh_at"),
    "account missing": without("account"),
    "account of another kind": in_record(account="ada"),
    "another account's record": in_record(account={"id": "bob", "email": None, "label": None}),
    "endless number": in_record(refresh_at=1e400, expires_at=1e400),
    "time as text": in_record(refresh_at="9999999999", expires_at="9999999999"),
    "time as truth": in_record(refresh_at=True, expires_at=True),
    "negative time": in_record(refresh_at=-5.0, expires_at=-5.0),
    "label with a quote": in_record(account={"id": "ada", "email": None, "label": 'A "d" \\ a'}),
    "label beyond ASCII": in_record(account={"id": "ada", "email": None, "label": "中文 é"}),
    "unknown members": in_record(future={"a": {"b": True}}, more=False),
    "unknown list": in_record(future=[1, 2]),
    "newer schema": in_document(schema=2),
    "older schema": in_document(schema=0),
    "schema as text": in_document(schema="1"),
    "no clients": in_document(clients={}),
    "clients of another kind": in_document(clients=[]),
    "another client only": lambda home, d: d.update(clients={"https://x.example y": _client(d)}),
    "no accounts": in_client(accounts={}, default=None),
    "no default": in_client(default=None),
    "default gone": in_client(default="eve"),
    "two accounts, none pinned": second_account(),
    "two accounts, one pinned": lambda home, d: (
        second_account()(home, d),
        _client(d).update(default="bob"),
    )[0],
    "two accounts, the other unreadable": second_account(access_token=7),
    "variable names an id": lambda home, d: (
        second_account()(home, d),
        variables(ACME_ACCOUNT="bob")(home, d),
    )[0],
    "variable names an email": lambda home, d: (
        second_account()(home, d),
        variables(ACME_ACCOUNT="BOB@example.com")(home, d),
    )[0],
    "variable names a label": variables(ACME_ACCOUNT="Ada"),
    "variable names nobody": variables(ACME_ACCOUNT="eve"),
    "variable is blank": variables(ACME_ACCOUNT="  "),
    "two of one label": lambda home, d: (
        second_account()(home, d),
        _record(d)["account"].update(label="Ada"),
        variables(ACME_ACCOUNT="Ada")(home, d),
    )[0],
    "account file": lambda home, d: (
        second_account()(home, d),
        account_file("bob\n# why\n")(home, d),
    )[0],
    "account file names nobody": account_file("eve"),
    "empty account file": account_file("\n"),
    "variable over account file": lambda home, d: (
        second_account()(home, d),
        account_file("eve")(home, d),
        variables(ACME_ACCOUNT="ada")(home, d),
    )[0],
    "token in the environment": variables(ACME_TOKEN="from-outside"),
    "blank token in the environment": variables(ACME_TOKEN=" \t"),
}


def symlinked(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def as_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


def as_directory(path: Path) -> None:
    path.unlink()
    path.mkdir(0o700)


FILES: dict[str, Callable[[Path], object]] = {
    "missing": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "halved": lambda path: path.write_bytes(path.read_bytes()[: len(path.read_bytes()) // 2]),
    "trailing": lambda path: path.write_bytes(path.read_bytes() + b"}"),
    "doubled": lambda path: path.write_bytes(path.read_bytes() * 2),
    "no UTF-8": lambda path: path.write_bytes(path.read_bytes().replace(b"ada", b"a\xffa")),
    "spaced out": lambda path: path.write_text(json.dumps(json.loads(path.read_text()), indent=2)),
    "escaped": lambda path: path.write_text(path.read_text().replace("ada@", "\\u0061da@")),
    "control character": lambda path: path.write_text(path.read_text().replace("ada@", "a\x01a@")),
    "leading zero": lambda path: path.write_text(
        path.read_text().replace('"schema":1', '"schema":01')
    ),
    "point without digits": lambda path: path.write_text(
        path.read_text().replace('"schema":1', '"schema":1.')
    ),
    "NaN": lambda path: path.write_text(path.read_text().replace('"schema":1', '"schema":NaN')),
    "trailing comma": lambda path: path.write_text(
        path.read_text().replace('"schema":1', '"schema":1,')
    ),
    "key twice": lambda path: path.write_text(
        path.read_text().replace('"schema":1', '"schema":9,"schema":1')
    ),
    "0644": lambda path: path.chmod(0o644),
    "0660": lambda path: path.chmod(0o660),
    "symbolic link": symlinked,
    "hard link": lambda path: path.with_name("second").hardlink_to(path),
    "fifo": as_fifo,
    "directory": as_directory,
    "open directory": lambda path: path.parent.chmod(0o777),
    "too big": lambda path: path.write_text(path.read_text() + " " * 5_000_000),
    "big": lambda path: path.write_text(path.read_text() + " " * 70_000),
}


def both_ways(auth: Auth) -> tuple[object, object]:
    """Return what the hot path says, and what the long way says, as a token or an error's code."""
    quick = hot.valid_token(auth, None, NOW)
    token = hot.environment_token(auth)
    if token is not None:
        return quick, token
    try:
        rt = auth._runtime()
        session = rt.session(None)
        long: object = session.access_token
        if session.needs_refresh(now=NOW):
            long = "due"
    except KeyturnError as error:
        long = error.code
    return quick, long


def auth_at(home: Path) -> Auth:
    """Return acme's Auth."""
    return Auth("acme", issuer="https://id.example", client_id="acme-cli", home=str(home))


@pytest.mark.proves("K-70")
@pytest.mark.parametrize("state", STATES)
def test_the_hot_path_says_what_the_long_way_says_or_nothing(
    tmp_path: Path, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_UNDONE_AFTERWARDS", "1")
    home = tmp_path / "home"
    store_session(home)
    path = home / "session.json"
    document = json.loads(path.read_text())
    before = dict(os.environ)
    try:
        STATES[state](home, document)
        document_bytes = Document(document, issuer="", client_id="", client_key="").encoded()
        path.write_bytes(document_bytes)
        quick, long = both_ways(auth_at(home))
        assert quick in (None, long)
        if state in ("valid", "unknown end", "not quite due", "label beyond ASCII"):
            assert quick == "a1"
        assert (auth_at(home).has_session(), hot.has_record(auth_at(home))) in (
            (True, True),
            (False, False),
            (True, None),
            (False, None),
        ) or long in ("STORE_CORRUPT", "STORE_READ_FAILED")
    except KeyturnError:
        assert hot.has_record(auth_at(home)) is None
    finally:
        for name in set(os.environ) - set(before):
            del os.environ[name]


@pytest.mark.proves("K-70", "K-3")
@pytest.mark.parametrize("state", FILES)
def test_the_hot_path_reads_no_file_that_the_long_way_refuses(tmp_path: Path, state: str) -> None:
    home = tmp_path / "home"
    store_session(home)
    path = home / "session.json"
    FILES[state](path)
    quick, long = both_ways(auth_at(home))
    assert quick in (None, long)
    assert state not in ("0644", "symbolic link", "fifo", "open directory") or quick is None


@pytest.mark.proves("K-4", "K-70")
def test_with_any_byte_of_the_file_changed_the_two_still_agree(tmp_path: Path) -> None:
    home = tmp_path / "home"
    store_session(home)
    path = home / "session.json"
    whole = path.read_bytes()
    for position in range(len(whole)):
        for bit in (position % 8, position * 3 % 8):
            flipped = bytearray(whole)
            flipped[position] ^= 1 << bit
            path.write_bytes(flipped)
            path.chmod(0o600)
            quick, long = both_ways(auth_at(home))
            for aside in home.glob("session.json.corrupt-*"):
                aside.unlink()
            assert quick in (None, long), (position, bit, bytes(flipped))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(json_values, st.booleans(), st.booleans())
@pytest.mark.proves("K-70")
def test_what_the_hot_paths_reader_accepts_is_what_the_json_module_reads(
    value: object, ascii_only: bool, compact: bool
) -> None:
    separators = (",", ":") if compact else None
    text = json.dumps(value, ensure_ascii=ascii_only, separators=separators)
    try:
        read = hot.parse(text)
    except (ValueError, IndexError, RecursionError):
        return
    assert read == json.loads(text)


@given(st.text(alphabet='{}[]":,\\ 0123456789.-+eEnultrfas\n\x00é'))
@pytest.mark.proves("K-70")
def test_what_is_no_json_is_not_accepted_by_the_hot_paths_reader_either(text: str) -> None:
    try:
        read = hot.parse(text)
    except (ValueError, IndexError, RecursionError):
        return
    assert read == json.loads(text)


def test_the_hot_path_and_a_refresh_agree_on_what_is_stored(
    issuer: Issuer, machine: Machine
) -> None:
    machine.signed_in(issuer, due=True)
    auth = machine.auth(issuer)
    assert hot.valid_token(auth, None, machine.now()) is None
    renewed = valid_session(machine.runtime(issuer), None)
    assert hot.valid_token(auth, None, machine.now()) == renewed.access_token
