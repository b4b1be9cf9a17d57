"""PostgreSQL that is down, read-only, full or has no connection left: 503, and it heals by itself.

The server is one that owns its database and nothing else: no superuser.
"""

import os
import pwd
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from tests.faults.databases_ import end_connections
from tests.faults.disks_ import small_disk
from tests.faults.patients_ import (
    PUT_OFF,
    Patient,
    admitted,
    assert_all_are_put_off,
    assert_healed_and_nothing_was_changed,
    assert_reads_go_on,
)
from tests.faults.servers_ import Server, assert_no_surprise, serving
from tests.faults.steps_ import stack
from tests.postgres_ import USER, Cluster, cluster

pytestmark = pytest.mark.sweep

OWNER = "app"
# Far more than a connection takes, and less than anybody's patience.
HEALS_WITHIN_SECONDS = 20


@dataclass
class Ward:
    """A database of its own owner, and the server on it."""

    database: Cluster
    name: str
    server: Server

    def set(self, change: str) -> None:
        """Alter the owner's role: ``CONNECTION LIMIT 0``, ``SET name = value``."""
        self.database.sql(f"ALTER ROLE {OWNER} {change}")


def owned(database: Cluster, tablespace: str = "pg_default") -> str:
    """Make a database that belongs to a role without any other right; return its name."""
    name = f"db_{uuid4().hex[:12]}"
    database.sql(f"CREATE DATABASE {name} OWNER {OWNER} TABLESPACE {tablespace}")
    return name


def owned_url(database: Cluster, name: str) -> str:
    return database.url(name).replace("keyturn@", f"{OWNER}@")


@pytest.fixture(scope="module")
def hospital() -> Iterator[Cluster]:
    with cluster("-c fsync=off") as database:
        database.sql(f"CREATE ROLE {OWNER} LOGIN")
        yield database


@pytest.fixture(scope="module")
def ward(hospital: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    name, data = owned(hospital), tmp_path_factory.mktemp("ward") / "data"
    with serving(data, database=owned_url(hospital, name)) as servers:
        yield Ward(hospital, name, servers[0])
        assert_no_surprise(servers[0].log)


@pytest.fixture
def patient(ward: Ward) -> Patient:
    return admitted(ward.server, f"{uuid4()}@example.com")


def wait_until(server: Server, *, ready: bool) -> None:
    """Wait until ``/ready`` says so; it does not look at the database for every request."""
    deadline = time.monotonic() + HEALS_WITHIN_SECONDS
    while (server.request("GET", "/ready").status_code == 200) != ready:
        assert time.monotonic() < deadline, server.log
        time.sleep(0.05)


def assert_nothing_works(patient: Patient) -> None:
    assert_all_are_put_off(patient.writes() | patient.reads())
    wait_until(patient.server, ready=False)
    assert patient.server.request("GET", "/health").status_code == 200


@pytest.mark.proves("S-25", "T-13")
def test_while_the_database_is_down_every_face_says_503_and_all_works_once_it_is_back(
    ward: Ward, patient: Patient
) -> None:
    ward.database.stop()
    try:
        assert_nothing_works(patient)
    finally:
        ward.database.start()
    wait_until(patient.server, ready=True)
    assert_healed_and_nothing_was_changed(patient)


@pytest.mark.proves("S-25", "T-13")
def test_while_no_connection_is_left_every_face_says_503_and_all_works_once_there_is_one(
    ward: Ward, patient: Patient
) -> None:
    ward.set("CONNECTION LIMIT 0")
    try:
        end_connections(ward.database, ward.name)
        assert_nothing_works(patient)
    finally:
        ward.set("CONNECTION LIMIT -1")
    wait_until(patient.server, ready=True)
    assert_healed_and_nothing_was_changed(patient)


@pytest.mark.proves("S-25", "T-13")
def test_while_the_database_is_read_only_writers_are_put_off_and_readers_are_not(
    ward: Ward, patient: Patient
) -> None:
    ward.set("SET default_transaction_read_only = on")
    try:
        end_connections(ward.database, ward.name)
        assert_all_are_put_off(patient.writes())
        assert_reads_go_on(patient)
        wait_until(patient.server, ready=False)
    finally:
        ward.set("RESET default_transaction_read_only")
        end_connections(ward.database, ward.name)
    wait_until(patient.server, ready=True)
    assert_healed_and_nothing_was_changed(patient)


@pytest.mark.proves("S-25", "T-13")
def test_on_a_full_disk_a_writer_is_served_or_put_off_and_all_works_once_there_is_room(
    hospital: Cluster, tmp_path: Path
) -> None:
    with small_disk(hospital.folder / "disk", megabytes=32) as disk:
        account = pwd.getpwnam(USER)
        os.chown(disk.path, account.pw_uid, account.pw_gid)
        hospital.sql(f"CREATE TABLESPACE small LOCATION '{disk.path}'")
        name = owned(hospital, "small")
        with serving(tmp_path / "data", database=owned_url(hospital, name)) as [server]:
            patient = admitted(server)
            disk.fill()
            seen: set[int] = set()
            while PUT_OFF not in seen:  # until the pages that were there are full
                seen.add(stack(server, "/auth/anonymous/sign-up", {}).status_code)
            assert seen <= {200, PUT_OFF}
            assert_reads_go_on(patient)
            disk.make_room()
            wait_until(server, ready=True)
            assert_healed_and_nothing_was_changed(patient)
            assert_no_surprise(server.log)
        hospital.sql(f"DROP DATABASE {name} WITH (FORCE)")
        hospital.sql("DROP TABLESPACE small")
