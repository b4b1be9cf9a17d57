"""Schema changes let the version before them go on; `keyturn migrate` applies them."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from keyturn.cli.migrate import main as migrate
from keyturn.server.services import DATABASE_FILE
from keyturn.server.storage import migrations
from tests.postgres_ import Cluster
from tests.server.in_process_ import InProcess
from tests.server.oauth.grants_ import refresh, signed_in

NEWEST = migrations.load(migrations.SQLITE_TYPES)[-1][0]
_ADDED = re.compile(r"ALTER TABLE (\w+) ADD COLUMN (?P<column>.+)")


def _statements(script: str) -> Iterator[str]:
    bare = re.sub(r"--[^\n]*", "", script)
    yield from (" ".join(part.split()) for part in bare.split(";") if part.strip())


def objections(script: str) -> list[str]:
    """Return each statement that a server of the version before could stumble over."""
    statements = list(_statements(script))
    made = {m[1] for s in statements if (m := re.match(r"CREATE TABLE (\w+)", s))}
    return [s for s in statements if not _is_harmless(s, made)]


def _is_harmless(statement: str, made: set[str]) -> bool:
    # The older version deletes without knowing who refers to the row.
    if statement.count(" REFERENCES ") > statement.count(" ON DELETE "):
        return False
    if added := _ADDED.fullmatch(statement):
        column = added["column"]
        # It inserts without naming the column.
        return "UNIQUE" not in column and ("NOT NULL" not in column or " DEFAULT " in column)
    if index := re.match(r"CREATE (UNIQUE )?INDEX \w+ ON (\w+)", statement):
        # It may write rows that a new rule forbids.
        return not index[1] or index[2] in made
    return statement.startswith("CREATE TABLE ")


@pytest.mark.parametrize(("number", "script"), migrations.load(migrations.SQLITE_TYPES))
def test_a_schema_change_only_adds_what_the_version_before_need_not_know(
    number: int, script: str
) -> None:
    assert objections(script) == [], number


@pytest.mark.parametrize(
    "script",
    [
        "DROP TABLE session",
        "ALTER TABLE session DROP COLUMN ip",
        "ALTER TABLE session RENAME COLUMN ip TO address",
        "ALTER TABLE session ADD COLUMN colour TEXT NOT NULL",
        "CREATE UNIQUE INDEX one_per_user ON session (user_id)",
        "CREATE TABLE badge (session_id TEXT REFERENCES session (id))",
        "UPDATE session SET ip = NULL",
    ],
)
def test_a_change_that_an_older_server_would_stumble_over_is_noticed(script: str) -> None:
    assert objections(script) == [script]


def _served(data: Path) -> closing[InProcess]:
    return closing(InProcess(data, database=None))


def _at_schema(path: Path, number: int) -> None:
    """Make a database as an older version would have left it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        for each, script in migrations.load(migrations.SQLITE_TYPES):
            if each <= number:
                connection.executescript(script)
        connection.execute(f"PRAGMA user_version = {number:d}")


def test_migrate_says_from_which_schema_to_which_and_then_that_nothing_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _at_schema(tmp_path / DATABASE_FILE, 2)
    options = ["--data", str(tmp_path)]
    assert migrate([*options, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"schema_before": 2, "schema": NEWEST}
    assert migrate(options) == 0
    assert f"Schema {NEWEST}: nothing to do." in capsys.readouterr().out
    with _served(tmp_path) as server:
        assert signed_in(server)


def test_migrate_upgrades_postgresql_and_says_so(
    postgres: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--data", str(tmp_path), "--database", postgres.create()]
    assert migrate(options) == 0
    assert f"Schema 0 has become schema {NEWEST}." in capsys.readouterr().out
    assert migrate(options) == 0
    assert "nothing to do" in capsys.readouterr().out


def test_a_newer_schema_is_refused_and_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / DATABASE_FILE
    _at_schema(path, NEWEST)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA user_version = {NEWEST + 1}")
        assert migrate(["--data", str(tmp_path)]) == 1
        said = capsys.readouterr().err
        assert f"the database has schema {NEWEST + 1}, this version knows {NEWEST}" in said
        assert connection.execute("PRAGMA user_version").fetchone()[0] == NEWEST + 1


def test_a_running_server_goes_on_while_the_schema_is_looked_at(tmp_path: Path) -> None:
    with _served(tmp_path) as server:
        tokens = signed_in(server)
        assert migrate(["--data", str(tmp_path)]) == 0
        assert refresh(server, tokens["refresh_token"]).status_code == 200
