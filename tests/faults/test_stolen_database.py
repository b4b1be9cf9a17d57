"""Somebody has the database, down to its last byte, but not the secret file: it opens nothing."""

import shutil
import sqlite3
import subprocess
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from keyturn.protocol import codes
from tests.faults.flows_ import new_password
from tests.faults.load_ import Caller
from tests.faults.racers_ import Send, form
from tests.faults.servers_ import COMMAND, Server, serving
from tests.faults.steps_ import (
    STACK,
    authorization_code,
    cli_attempt,
    complete,
    device,
    device_send,
    good,
    guest,
    opened_device,
    redeem_send,
    refresh_send,
    send,
    stack,
    stack_send,
)
from tests.server.person_ import Person

DATABASE = "keyturn.sqlite3"


@dataclass(frozen=True)
class Loot:
    """A running server, what its clients hold, and a copy of its database."""

    server: Server
    copy: Path
    family_token: str
    polling_code: str
    login_code: str


@pytest.fixture(scope="module")
def loot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loot]:
    folder = tmp_path_factory.mktemp("stolen")
    with serving(folder / "data") as (server,):
        person, email, password = Person(server), "ada@example.com", new_password()
        person.open("/sign-up")
        person.press("/sign-up", email=email, password=password)
        tokens = good(send(server, redeem_send(0, authorization_code(person))))
        authorization_code(person)  # not redeemed
        opened_device(person, device(server)["user_code"])  # not decided
        attached = cli_attempt(server, anon_refresh_token=guest(server)["refresh_token"])
        completed = cli_attempt(server)
        good(complete(server, completed["login_code"], guest(server)["refresh_token"]))
        other = Person(server)
        other.open("/sign-in")
        other.press("/sign-in", instead="/sign-in/link", email=email)
        copy = folder / "loot"
        copy.mkdir()
        with (
            closing(sqlite3.connect(server.data / DATABASE)) as source,
            closing(sqlite3.connect(copy / DATABASE)) as target,
        ):
            source.backup(target)
        yield Loot(
            server,
            copy,
            tokens["refresh_token"],
            completed["polling_code"],
            attached["login_code"],
        )


def stolen_values(database: Path) -> set[str]:
    """Return every key, hash and sealed value of every row, as text to be sent."""
    found: set[str] = set()
    with closing(sqlite3.connect(database)) as connection:
        names = "SELECT name FROM sqlite_master WHERE type = 'table'"
        for (table,) in connection.execute(names).fetchall():
            for row in connection.execute(f"SELECT * FROM {table}"):  # noqa: S608
                for value in row:
                    if isinstance(value, bytes):
                        found |= {value.hex(), urlsafe_b64encode(value).rstrip(b"=").decode()}
                    elif isinstance(value, str) and 20 <= len(value) <= 100 and value.isascii():
                        found.add(value)
    return found


def doors(port: int, value: str) -> dict[str, Send]:
    """Return a request for each door that a secret opens, with ``value`` in its place."""
    cookie = {"cookie": f"keyturn_session_default={codes.BROWSER_TOKEN_PREFIX}{value}"}
    link = {"cookie": f"keyturn_link={codes.MAIL_LINK_PREFIX}{value}"}
    server_key = STACK | {"x-stack-access-type": "server", "x-stack-secret-server-key": value}

    def get(path: str, headers: dict[str, str]) -> Send:
        return Send(port=port, method="GET", path=path, body="", headers=headers)

    return {
        "refresh": refresh_send(port, codes.FAMILY_TOKEN_PREFIX + value),
        "code": redeem_send(port, codes.AUTHORIZATION_CODE_PREFIX + value),
        "device": device_send(port, codes.DEVICE_CODE_PREFIX + value),
        "userinfo": get("/oauth/userinfo", {"authorization": f"Bearer {value}"}),
        "poll": stack_send(port, "/auth/cli/poll", polling_code=codes.POLLING_CODE_PREFIX + value),
        "look": stack_send(port, "/auth/cli/complete", login_code=value, mode="check"),
        "renew": form(
            port,
            "/api/v1/auth/oauth/token",
            grant_type="refresh_token",
            refresh_token=codes.STACK_TOKEN_PREFIX + value,
            client_id="default",
        ),
        "users": get("/api/v1/users?limit=1", server_key),
        "page": get("/sessions", cookie),
        "link": get("/sign-in/link/open", link),
    }


@pytest.mark.proves("S-7", "S-8", "T-9")
def test_nothing_that_stands_in_the_database_opens_a_door_of_the_server(loot: Loot) -> None:
    caller, opened = Caller(loot.server.port), []
    values = stolen_values(loot.copy / DATABASE)
    assert len(values) > 60
    for value in values:
        for door, request in doors(loot.server.port, value).items():
            status, body = caller.send_raw(request)
            assert status < 500, door
            let_in = status < 300 and door != "link"
            if let_in or b"finish" in body:
                opened.append(door)
    assert opened == []
    # The doors are the right ones: what clients hold opens them.
    held = {
        "renew": guest(loot.server)["refresh_token"].removeprefix(codes.STACK_TOKEN_PREFIX),
        "look": cli_attempt(loot.server)["login_code"],
    }
    for door, value in held.items():
        assert caller.send_raw(doors(loot.server.port, value)[door])[0] == 200
    caller.close()


@pytest.mark.proves("S-61")
def test_the_stolen_database_does_not_start_without_the_secret_it_was_made_with(
    loot: Loot, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(loot.copy, data)
    for secret, says in ((None, "is missing"), ("ab" * 32, "is not the secret")):
        if secret is not None:
            (data / "secret").write_text(secret)
            (data / "secret").chmod(0o600)
        refused = subprocess.run(
            [*COMMAND, "serve", "--port", "0", "--data", str(data)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert refused.returncode == 1
        assert says in refused.stderr
        assert "Traceback" not in refused.stderr


@pytest.mark.proves("S-7", "S-8")
def test_under_another_secret_the_stolen_rows_know_no_token_and_no_code(
    loot: Loot, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(loot.copy, data)
    with closing(sqlite3.connect(data / DATABASE)) as database:
        # What keeps the wrong secret out is a row like any other: the thief takes it away.
        database.execute("DELETE FROM server_meta WHERE name = 'secret'")
        database.commit()
    with serving(data) as (thief,):
        assert send(thief, refresh_send(0, loot.family_token)).status_code == 400
        polled = stack(thief, "/auth/cli/poll", {"polling_code": loot.polling_code})
        assert polled.status_code == 400
        look = {"login_code": loot.login_code, "mode": "claim-anon-session"}
        assert stack(thief, "/auth/cli/complete", look).status_code == 400
    # The same at the server with the secret, to show that they were good ones.
    good(stack(loot.server, "/auth/cli/poll", {"polling_code": loot.polling_code}))
    good(stack(loot.server, "/auth/cli/complete", look))
    good(send(loot.server, refresh_send(0, loot.family_token)))
