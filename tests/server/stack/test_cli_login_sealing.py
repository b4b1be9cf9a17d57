"""A stolen database opens nothing: what an attempt hands out takes a code that is not in there."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from keyturn.server.cli_login import sealing
from keyturn.server.secret import ServerSecret, Unsealable
from keyturn.server.services import DATABASE_FILE
from tests.server.in_process_ import InProcess
from tests.server.stack.api_ import Api

SECRET = ServerSecret(b"s" * 32)


def attempt_row(server: InProcess) -> dict[str, Any]:
    """Read the newest attempt from the file, as a thief would."""
    connection = sqlite3.connect(Path(server.settings.data) / DATABASE_FILE)
    connection.row_factory = sqlite3.Row
    row = connection.execute("SELECT * FROM cli_login_attempt ORDER BY rowid DESC").fetchone()
    connection.close()
    return dict(row)


@pytest.mark.proves("S-7", "S-8")
def test_no_code_or_token_stands_in_the_database(api: Api, server: InProcess) -> None:
    guest, person = api.guest(), api.person()
    codes = api.post("/auth/cli", json={"anon_refresh_token": guest.refresh_token}).json()
    body = {"login_code": codes["login_code"], "refresh_token": person.refresh_token}
    before = attempt_row(server)
    assert api.post("/auth/cli/complete", json=body).status_code == 200
    stored = b"".join(
        path.read_bytes() for path in Path(server.settings.data).glob(f"{DATABASE_FILE}*")
    )
    secrets = [codes["polling_code"], codes["login_code"], guest.refresh_token]
    for text in [*secrets, person.refresh_token, person.access_token]:
        assert text.encode() not in stored
    assert before["anonymous_token_sealed"] is not None


@pytest.mark.proves("S-8")
def test_sealed_values_open_with_the_right_code_only_even_with_the_servers_secret(
    api: Api, server: InProcess
) -> None:
    guest, person = api.guest(), api.person()
    codes = api.post("/auth/cli", json={"anon_refresh_token": guest.refresh_token}).json()
    row = attempt_row(server)
    secret, attempt = server.services.secret, str(row["id"])
    sealed = bytes(row["anonymous_token_sealed"])
    for wrong in (codes["polling_code"], "", codes["login_code"].lower()):
        with pytest.raises(Unsealable):
            sealing.open_under_login_code(secret, wrong, sealed, attempt=attempt)
    right = sealing.open_under_login_code(secret, codes["login_code"], sealed, attempt=attempt)
    assert right == guest.refresh_token
    body = {"login_code": codes["login_code"], "refresh_token": person.refresh_token}
    api.post("/auth/cli/complete", json=body)
    row = attempt_row(server)
    parts = {
        name: bytes(row[column])
        for name, column in (
            ("public_key", "public_key"),
            ("private_key_sealed", "private_key_sealed"),
            ("box", "refresh_token_sealed"),
        )
    }
    with pytest.raises(Unsealable):
        sealing.open_with(secret, codes["login_code"], **parts, attempt=attempt)
    with pytest.raises(Unsealable):
        sealing.open_with(SECRET, codes["polling_code"], **parts, attempt=attempt)
    opened = sealing.open_with(secret, codes["polling_code"], **parts, attempt=attempt)
    assert opened == person.refresh_token
    assert row["anonymous_token_sealed"] is None


@pytest.mark.proves("S-8")
def test_after_the_poll_nothing_is_left_to_open(api: Api, server: InProcess) -> None:
    codes, person = api.post("/auth/cli").json(), api.person()
    body = {"login_code": codes["login_code"], "refresh_token": person.refresh_token}
    api.post("/auth/cli/complete", json=body)
    assert api.post("/auth/cli/poll", json=_poll(codes)).status_code == 201
    row = attempt_row(server)
    assert (row["refresh_token_sealed"], row["private_key_sealed"]) == (None, b"")


def test_a_box_of_another_attempt_does_not_open() -> None:
    public, private = sealing.new_key_pair(SECRET, "ktp_a", attempt="one")
    box = sealing.seal_to(public, "token", attempt="two")
    with pytest.raises(Unsealable):
        sealing.open_with(
            SECRET, "ktp_a", public_key=public, private_key_sealed=private, box=box, attempt="one"
        )


def test_the_same_token_sealed_twice_looks_different() -> None:
    public, _ = sealing.new_key_pair(SECRET, "ktp_a", attempt="one")
    boxes = {sealing.seal_to(public, "token", attempt="one") for _ in range(2)}
    assert len(boxes) == 2


def _poll(codes: dict[str, str]) -> dict[str, str]:
    return {"polling_code": codes["polling_code"]}
