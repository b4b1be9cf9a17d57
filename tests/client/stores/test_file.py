"""The file store: the contract, and everything that can be wrong with a file."""

import json
import os
import resource
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from keyturn.client.effects import Effects
from keyturn.client.lock import FileLock
from keyturn.client.stores.base import SessionStore
from keyturn.client.stores.file import FileStore
from keyturn.protocol.errors import (
    StoreCorrupt,
    StoreLocked,
    StoreReadFailed,
    StoreUnavailable,
    StoreWriteFailed,
)
from keyturn.protocol.tokens import Endpoints
from tests.contracts.token_store import CLIENT_ID, ISSUER, TokenStoreContract, make_session


def file_store(home: Path, *, issuer: str = ISSUER, client_id: str = CLIENT_ID) -> FileStore:
    """Return a store in ``home``."""
    return FileStore(
        str(home),
        issuer=issuer,
        client_id=client_id,
        client_key=f"{issuer} {client_id}",
        effects=Effects(now=lambda: 1_800_000_000.0),
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return where the state goes; nobody has created it."""
    return tmp_path / "state" / "acme"


class TestFileStore(TokenStoreContract):
    @pytest.fixture
    def store(self, home: Path) -> SessionStore:
        return file_store(home)


def document(home: Path) -> dict[str, Any]:
    """Return the stored document."""
    read: dict[str, Any] = json.loads((home / "session.json").read_text())
    return read


def write(home: Path, text: str | bytes) -> None:
    """Put ``text`` in place of the stored document, privately."""
    path = home / "session.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(0o600)


def mode(path: Path) -> int:
    """Return the permission bits of ``path``."""
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.mark.proves("K-3")
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
def test_directory_and_file_are_private_whatever_the_umask(home: Path, umask: int) -> None:
    home.parent.mkdir()
    before = os.umask(umask)
    try:
        file_store(home).put(make_session(), pin=True)
    finally:
        os.umask(before)
    assert mode(home) == 0o700
    assert mode(home / "session.json") == 0o600
    assert mode(home / "store.lock") & 0o077 == 0


@pytest.mark.proves("K-3")
def test_reading_creates_nothing_and_checking_changes_nothing(home: Path) -> None:
    store = file_store(home)
    store.snapshot()
    store.check()
    assert not home.parent.exists()


@pytest.mark.proves("K-3", "K-27")
@pytest.mark.parametrize("how", ["read", "write"])
def test_what_a_killed_writer_left_behind_is_reaped_by_whoever_comes_next(
    home: Path, how: str
) -> None:
    store = file_store(home)
    store.put(make_session(), pin=True)
    stray = home / ".session.json.4711.0123456789abcdef.tmp"
    stray.write_text("canary")
    mine = home / "notes.tmp"
    mine.write_text("not ours")
    with FileLock(str(home / "store.lock"), effects=Effects()):
        store.snapshot()
        assert stray.exists(), "its writer is at work"
    if how == "read":
        store.snapshot()
    else:
        store.put(make_session(tokens="2"), pin=True)
    assert not stray.exists()
    assert mine.exists()
    assert sorted(path.name for path in home.iterdir()) == [
        "notes.tmp",
        "session.json",
        "store.lock",
    ]


def symlink(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def hard_link(path: Path) -> None:
    path.with_name("second").hardlink_to(path)


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


def directory(path: Path) -> None:
    path.unlink()
    path.mkdir(0o700)


def readable_by_group(path: Path) -> None:
    path.chmod(0o640)


def readable_by_all(path: Path) -> None:
    path.chmod(0o604)


def open_directory(path: Path) -> None:
    path.parent.chmod(0o770)


@pytest.mark.proves("K-3")
@pytest.mark.parametrize(
    ("spoil", "why", "remedy"),
    [
        (symlink, "is a symbolic link", "Put the file itself there"),
        (hard_link, "has a second name", "Remove the other name"),
        (fifo, "is no regular file", "Move it away"),
        (directory, "is no regular file", "Move it away"),
        (readable_by_group, "can be read by other users", "chmod 600"),
        (readable_by_all, "can be read by other users", "chmod 600"),
        (open_directory, "can be replaced by other users", "chmod 700"),
    ],
)
def test_what_others_may_have_seen_or_planted_is_refused_with_a_remedy_and_left_alone(
    home: Path, spoil: Any, why: str, remedy: str
) -> None:
    store = file_store(home)
    store.put(make_session(), pin=True)
    path = home / "session.json"
    spoil(path)
    before = (os.lstat(path), os.listdir(home), mode(home))
    with pytest.raises(StoreReadFailed, match=why) as caught:
        store.snapshot()
    assert remedy in (caught.value.hint or "")
    with pytest.raises((StoreReadFailed, StoreUnavailable)):
        store.put(make_session(tokens="2"), pin=True)
    assert (os.lstat(path), os.listdir(home), mode(home)) == before


@pytest.mark.proves("K-4")
def test_a_newer_schema_is_refused_and_left_alone(home: Path) -> None:
    store = file_store(home)
    store.put(make_session(), pin=True)
    newer = json.dumps({**document(home), "schema": 2, "more": [1, 2]})
    write(home, newer)
    for attempt in (store.snapshot, lambda: store.put(make_session(), pin=True)):
        with pytest.raises(StoreReadFailed, match="newer version") as caught:
            attempt()
        assert caught.value.hint_for("acme") == (
            "Update acme, or set another directory for its sessions."
        )
    assert (home / "session.json").read_text() == newer


@pytest.mark.proves("K-4")
def test_fields_that_this_version_does_not_know_survive_a_rewrite(home: Path) -> None:
    store = file_store(home)
    first = store.put(make_session(), pin=True)
    changed = document(home)
    changed["future"] = {"list": [1, "\ud800"]}
    client = changed["clients"][f"{ISSUER} {CLIENT_ID}"]
    client["future"] = 1
    client["accounts"]["ada"]["future"] = [None]
    changed["clients"]["https://other.example x"] = {"accounts": {}, "future": 2}
    write(home, json.dumps(changed))
    store.replace(first, make_session(tokens="2"))
    after = document(home)
    assert after["future"] == {"list": [1, "\ud800"]}
    assert after["clients"][f"{ISSUER} {CLIENT_ID}"]["future"] == 1
    assert after["clients"][f"{ISSUER} {CLIENT_ID}"]["accounts"]["ada"]["future"] == [None]
    assert after["clients"]["https://other.example x"] == {"accounts": {}, "future": 2}


def test_a_document_without_what_only_writers_need_is_still_read(home: Path) -> None:
    store = file_store(home)
    stored = store.put(make_session(endpoints=Endpoints(token="https://id.example/t")), pin=True)
    changed = document(home)
    del changed["revision"]
    changed["clients"][f"{ISSUER} {CLIENT_ID}"]["accounts"]["ada"]["endpoints"] = {}
    write(home, json.dumps(changed))
    assert store.snapshot().sessions == {"ada": replace(stored, endpoints=None)}
    assert store.put(make_session(tokens="2"), pin=True).revision == 1


DAMAGED = {
    "empty": b"",
    "no JSON": b"{",
    "no object": b"[]",
    "no schema": b'{"clients": {}}',
    "schema of another kind": b'{"schema": "1", "revision": 1, "clients": {}}',
    "schema zero": b'{"schema": 0, "revision": 1, "clients": {}}',
    "revision of another kind": b'{"schema": 1, "revision": "1", "clients": {}}',
    "clients of another kind": b'{"schema": 1, "revision": 1, "clients": []}',
    "a client of another kind": b'{"schema": 1, "revision": 1, "clients": {"a": 1}}',
    "accounts of another kind": b'{"schema":1,"revision":1,"clients":{"a":{"accounts":[]}}}',
    "a default of another kind": b'{"schema":1,"revision":1,"clients":{"a":{"default":7}}}',
    "no UTF-8": b'{"schema": 1, "revision": 1, "clients": {"\xff": {}}}',
    "deep": b'{"schema":1,"revision":1,"clients":' + b'{"a":' * 200_000,
}


@pytest.mark.proves("K-4")
@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_corrupt_file_is_moved_aside_kept_and_named(home: Path, damage: bytes) -> None:
    store = file_store(home)
    store.put(make_session(), pin=True)
    write(home, damage)
    with pytest.raises(StoreCorrupt) as caught:
        store.snapshot()
    aside = home / "session.json.corrupt-1800000000"
    assert str(caught.value) == (f"{home / 'session.json'} is damaged. It was kept as {aside}.")
    assert aside.read_bytes() == damage
    assert mode(aside) == 0o600
    assert store.snapshot().sessions == {}
    assert store.put(make_session(tokens="2"), pin=True).access_token == "a2"


@pytest.mark.proves("K-4")
def test_a_file_truncated_at_any_byte_is_corrupt_and_never_half_a_session(home: Path) -> None:
    store = file_store(home)
    store.put(make_session(), pin=True)
    whole = (home / "session.json").read_bytes()
    for length in range(0, len(whole), 7):
        write(home, whole[:length])
        with pytest.raises(StoreCorrupt):
            store.snapshot()
        (home / "session.json.corrupt-1800000000").unlink()


@pytest.mark.proves("K-10")
@pytest.mark.parametrize(
    "record",
    [
        None,
        7,
        {},
        {"access_token": "a1"},
        {"account": {"id": "ada"}},
        {"account": {"id": "ada"}, "access_token": ""},
        {"account": {"id": "ada"}, "access_token": "a b"},
        {"account": {"id": "ada"}, "access_token": ["a1"]},
        {"account": {"id": "bob"}, "access_token": "a1"},
        {"account": {"id": ""}, "access_token": "a1"},
        {"account": "ada", "access_token": "a1"},
        {"account": {"id": "ada"}, "access_token": "a1", "refresh_token": 7},
        {"account": {"id": "ada"}, "access_token": "a1", "expires_at": "soon"},
        {"account": {"id": "ada"}, "access_token": "a1", "expires_at": True},
        {"account": {"id": "ada"}, "access_token": "a1", "generation": 1.5},
        {"account": {"id": "ada"}, "access_token": "a1", "endpoints": {"token": 7}},
    ],
)
def test_a_record_that_makes_no_session_is_told_apart_from_none_and_can_be_cleared(
    home: Path, record: object
) -> None:
    store = file_store(home)
    bob = store.put(make_session("bob"), pin=True)
    changed = document(home)
    changed["clients"][f"{ISSUER} {CLIENT_ID}"]["accounts"]["ada"] = record
    write(home, json.dumps(changed))
    snapshot = store.snapshot()
    assert snapshot.unreadable == ("ada",)
    assert snapshot.sessions == {"bob": bob}
    assert store.replace(make_session(), make_session(tokens="2")) is None
    assert store.remove("ada", only=make_session()) is None
    store.remove("ada")
    assert store.snapshot().unreadable == ()
    assert store.snapshot().sessions == {"bob": bob}


def test_a_record_that_makes_no_session_is_replaced_by_a_new_sign_in(home: Path) -> None:
    store = file_store(home)
    store.put(make_session(), pin=True)
    changed = document(home)
    changed["clients"][f"{ISSUER} {CLIENT_ID}"]["accounts"]["ada"] = "damage"
    write(home, json.dumps(changed))
    stored = store.put(make_session(tokens="2"), pin=True)
    assert store.snapshot().sessions == {"ada": stored}


@pytest.mark.proves("K-12")
def test_issuers_and_clients_never_see_one_anothers_sessions(home: Path) -> None:
    places = [
        (ISSUER, CLIENT_ID),
        (ISSUER, "other-cli"),
        (ISSUER + "/", CLIENT_ID),
        ("https://staging.example", CLIENT_ID),
    ]
    stores = [file_store(home, issuer=issuer, client_id=client) for issuer, client in places]
    for number, (store, (issuer, client)) in enumerate(zip(stores, places, strict=True)):
        store.put(make_session(tokens=str(number), issuer=issuer, client_id=client), pin=True)
    stores[0].remove("ada")
    assert stores[0].snapshot().sessions == {}
    for number, store in enumerate(stores[1:], 1):
        assert store.snapshot().sessions["ada"].access_token == f"a{number}"


@pytest.mark.proves("K-7", "K-27")
def test_a_write_that_fails_leaves_the_old_session_and_no_orphan(home: Path) -> None:
    store = file_store(home)
    first = store.put(make_session(), pin=True)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))  # As full a disk as can be had.
    try:
        with pytest.raises(StoreWriteFailed, match="could not be written") as caught:
            store.put(make_session(tokens="2"), pin=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "a2" not in str(caught.value)
    assert store.snapshot().sessions == {"ada": first}
    assert sorted(path.name for path in home.iterdir()) == ["session.json", "store.lock"]


def test_a_lock_that_is_held_for_ever_ends_in_store_locked_and_readers_do_not_care(
    home: Path,
) -> None:
    store = file_store(home)
    first = store.put(make_session(), pin=True)
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += 1.0

    hasty = FileStore(
        str(home),
        issuer=ISSUER,
        client_id=CLIENT_ID,
        client_key=f"{ISSUER} {CLIENT_ID}",
        effects=Effects(monotonic=lambda: now[0], sleep=sleep),
    )
    with subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import fcntl, sys; f = open(sys.argv[1]); fcntl.flock(f, fcntl.LOCK_EX);"
            "print('held', flush=True); sys.stdin.read()",
            str(home / "store.lock"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(StoreLocked) as caught:
            hasty.put(make_session(tokens="2"), pin=True)
        assert caught.value.exit_status == 75
        assert hasty.snapshot().sessions == {"ada": first}
    assert hasty.put(replace(first, scope="x"), pin=True).scope == "x"


def test_a_home_that_is_no_directory_is_named(tmp_path: Path) -> None:
    home = tmp_path / "file"
    home.write_text("")
    for attempt in (file_store(home).check, lambda: file_store(home).put(make_session(), pin=True)):
        with pytest.raises(StoreUnavailable, match="file"):
            attempt()
