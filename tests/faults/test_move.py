"""From SQLite to PostgreSQL while clients ask: no session is lost, nothing revoked comes back."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from keyturn.cli.migrate import main as migrate
from keyturn.server.services import DATABASE_FILE, open_services
from keyturn.server.settings import Settings
from keyturn.server.storage.base import StorageUnavailable
from keyturn.server.storage.transfer import transfer
from tests.faults.checks_ import check, check_passwords
from tests.faults.load_ import DEAD, Load, Prompt, PutOff
from tests.faults.move_ import KILLED, lines, move, rows
from tests.faults.quick_server_ import quick_server
from tests.faults.steps_ import guest, signed_up, stack
from tests.postgres_ import Cluster, shared
from tests.requirements_ import rounds
from tests.server.in_process_ import InProcess
from tests.server.oauth.grants_ import refresh, signed_in

MOVES = rounds(bounded=1, full=50)
FACTS_BEFORE = 60


@pytest.fixture(scope="module")
def postgres() -> Cluster:
    return shared()


@pytest.mark.sweep
@pytest.mark.proves("S-30")
def test_whoever_is_signed_in_stays_so_and_whoever_was_revoked_stays_out(
    tmp_path: Path, postgres: Cluster
) -> None:
    ended = 0
    for number in range(MOVES):
        data, url = tmp_path / str(number) / "data", postgres.create()
        data.parent.mkdir()
        with quick_server(data) as server:
            browsers = [signed_up(server, f"browser{i}@example.com") for i in range(3)]
            for browser in browsers:
                browser.server = Prompt(server)
            load = Load(server.port, browsers, (*DEAD, PutOff))
            load.until_told(FACTS_BEFORE)
            assert move(data, url) == 0, lines(data)
            assert stack(server, "/auth/anonymous/sign-up", {}).status_code == 503
            journal = load.stop()  # everybody was put off
            assert "Traceback" not in server.log, server.log
        with quick_server(data, url) as server:
            check(server, journal)
            check_passwords(server, list(journal.passwords)[:2])
            ended += sum(family.ended for family in journal.families)
            guest(server)
    assert ended or MOVES == 1


@pytest.mark.sweep
@pytest.mark.proves("S-30")
def test_a_killed_move_leaves_one_usable_database_and_the_next_one_finishes(
    tmp_path: Path, postgres: Cluster
) -> None:
    template = tmp_path / "template"
    server = InProcess(template, database=None)
    kept, revoked = signed_in(server), signed_in(server)
    form = {"token": revoked["refresh_token"], "client_id": "keyturn-cli"}
    assert server.post("/oauth/revoke", data=form).status_code == 200
    server.close()
    told = _told_by_a_move(template, tmp_path, postgres)
    last = len(told)
    places = range(1, last + 1) if MOVES > 1 else (1, 4, last - 3, last - 2, last - 1, last)
    for place in places:
        data, url = tmp_path / f"{place}" / "data", postgres.create()
        shutil.copytree(template, data)
        counted = rows(data)
        assert move(data, url, kill_at=place) == KILLED
        assert rows(data) == counted
        handed_over = place >= last - 1
        assert _opens(data) is not handed_over
        if place >= last - 2:  # all is there; before that the destination is empty
            assert _opens(data, url) is (place == last)
        if place < last:
            assert move(data, url) == 0, lines(data)
        moved = InProcess(data, database=url)
        try:
            assert refresh(moved, kept["refresh_token"]).status_code == 200
            assert refresh(moved, revoked["refresh_token"]).json()["error"] == "invalid_grant"
        finally:
            moved.close()


def _told_by_a_move(template: Path, tmp_path: Path, postgres: Cluster) -> list[str]:
    data = tmp_path / "whole" / "data"
    shutil.copytree(template, data)
    assert move(data, postgres.create()) == 0, lines(data)
    return lines(data)


def _opens(data: Path, database: str | None = None) -> bool:
    async def opens() -> bool:
        try:
            services = await open_services(Settings(data=data, database=database))
        except StorageUnavailable:
            return False
        await services.close()
        return True

    return asyncio.run(opens())


@pytest.mark.proves("S-30")
def test_nothing_can_be_written_between_the_copy_and_the_handing_over(
    data: Path, postgres: Cluster
) -> None:
    refused = []

    def write(line: str) -> None:
        with closing(sqlite3.connect(data / DATABASE_FILE, timeout=0)) as server:
            with pytest.raises(sqlite3.OperationalError) as met:
                server.execute("INSERT INTO server_meta VALUES ('written', 'meanwhile')")
            refused.append(str(met.value))

    done = asyncio.run(transfer(data / DATABASE_FILE, postgres.create(), told=write))
    assert done.rows["session"] == rows(data)["session"] > 0
    locked, gone = "database is locked", "no such table: server_meta"
    assert refused == [locked] * (len(refused) - 2) + [gone] * 2


@pytest.fixture
def data(tmp_path: Path) -> Path:
    server = InProcess(tmp_path / "data", database=None)
    signed_in(server)
    server.close()
    return tmp_path / "data"


def test_a_destination_that_is_not_empty_is_refused_and_nothing_changes(
    data: Path, postgres: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    used = postgres.create()
    assert migrate(["--data", str(data), "--database", used]) == 0
    name = used.rpartition("/")[2]
    postgres.sql("INSERT INTO server_meta VALUES ('secret', 'of somebody else')", name)
    strange = postgres.create()
    postgres.sql("CREATE TABLE invoice (id int)", strange.rpartition("/")[2])
    for url, why in ((used, "server_meta has rows"), (strange, "it has a table invoice")):
        assert migrate(["--data", str(data), "--to", url]) == 1
        assert f"the destination is not empty: {why}" in capsys.readouterr().err
    assert _opens(data)
    assert postgres.sql("SELECT value FROM server_meta", name) == "of somebody else"


def test_a_server_started_on_a_database_that_moved_is_told_where_to_and_no_password(
    data: Path, postgres: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    url = postgres.create()
    with_password = url.replace("keyturn@", "keyturn:hunter2@")
    assert migrate(["--data", str(data), "--to", with_password]) == 0
    told = capsys.readouterr()
    assert migrate(["--data", str(data)]) == 1
    refused = capsys.readouterr().err
    place = url.replace("keyturn@", "")
    assert f"this database has moved to {place}. Start with --database" in refused
    assert "hunter2" not in told.out + told.err + refused
    for file in data.iterdir():
        assert b"hunter2" not in file.read_bytes()


def test_a_second_move_elsewhere_is_refused(
    data: Path, postgres: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    first = postgres.create()
    assert migrate(["--data", str(data), "--to", first]) == 0
    assert migrate(["--data", str(data), "--to", postgres.create()]) == 1
    assert "has moved to" in capsys.readouterr().err
    assert migrate(["--data", str(data), "--to", first]) == 1
    assert _opens(data, first)
