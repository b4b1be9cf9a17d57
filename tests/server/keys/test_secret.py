"""The secret file: private, made once, never made over existing data."""

import asyncio
import stat
from pathlib import Path

import pytest

from keyturn.server.secret import SecretProblem, fingerprint, load_secret
from keyturn.server.services import open_services
from keyturn.server.settings import Settings
from tests.faults.forks_ import all_at_once
from tests.faults.starts_ import start

pytestmark = pytest.mark.proves("S-61")


def test_a_new_secret_is_for_its_owner_alone_and_stays_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    made = load_secret(path, may_create=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["secret"]
    for may_create in (True, False):
        assert load_secret(path, may_create=may_create).key("a") == made.key("a")
    assert path.read_text() not in repr(made)


def test_a_missing_secret_is_an_error_over_existing_data_and_none_is_made(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    with pytest.raises(SecretProblem, match="Restore it from backup"):
        load_secret(path, may_create=False)
    assert not path.exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666, 0o777])
def test_a_secret_that_others_may_read_is_refused_with_the_command_that_helps(
    tmp_path: Path, mode: int
) -> None:
    path = tmp_path / "secret"
    load_secret(path, may_create=True)
    path.chmod(mode)
    with pytest.raises(SecretProblem, match=f"chmod 600 {path}"):
        load_secret(path, may_create=True)


@pytest.mark.parametrize("content", ["", "\n", "ab" * 31, "not hex" * 10, "ab" * 31 + "a", "é"])
def test_a_damaged_secret_is_an_error_that_quotes_nothing_and_it_is_left_alone(
    tmp_path: Path, content: str
) -> None:
    path = tmp_path / "secret"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(SecretProblem) as problem:
        load_secret(path, may_create=True)
    assert not content.strip() or content not in str(problem.value)
    assert path.read_text() == content


def test_another_databases_secret_is_recognised_and_changes_nothing(tmp_path: Path) -> None:
    for name in ("one", "two"):
        start(tmp_path / name)
    ours, theirs = (tmp_path / name / "secret" for name in ("one", "two"))
    kept = ours.read_bytes()
    ours.write_bytes(theirs.read_bytes())
    with pytest.raises(SecretProblem, match="not the secret"):
        asyncio.run(open_services(Settings(data=ours.parent)))
    ours.write_bytes(kept)
    start(ours.parent)


def make_secret(path: Path) -> None:
    """Make or read a secret as one of several processes, and say which it is."""
    found = fingerprint(load_secret(path, may_create=True))
    (path.parent / f"saw {found}").touch()


def test_processes_that_make_a_secret_at_once_all_use_the_same(tmp_path: Path) -> None:
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert all_at_once(6, make_secret, folder / "secret") == [0] * 6
        assert sorted(file.name[:4] for file in folder.iterdir()) == ["saw ", "secr"]
