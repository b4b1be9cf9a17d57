"""Taking over the token of a program's older layout: real files, real processes, no server."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import keyturn
from tests.client import migrating_
from tests.client.machine_ import Machine
from tests.client.migrating_ import OLD, prepare
from tests.issuers_.issuer_ import Issuer

ROOT = Path(__file__).resolve().parents[2]
DRIVER = Path(migrating_.__file__)


class Place:
    """An older layout of a test's own, which can refuse to be read or cleared.

    Attributes:
        token: What it holds.
        steps: What was asked of it.
        trouble: Raised when asked for the step of that name.
    """

    kind = "file"
    place = "a test's own"

    def __init__(self, token: str | None = OLD) -> None:
        self.token = token
        self.steps: list[str] = []
        self.trouble: dict[str, Exception] = {}

    def read(self) -> str | None:
        self._do("read")
        return self.token

    def clear(self) -> None:
        self._do("clear")
        self.token = None

    def _do(self, step: str) -> None:
        self.steps.append(step)
        if step in self.trouble:
            raise self.trouble[step]


def auth(machine: Machine, legacy: Any = None, **options: Any) -> keyturn.Auth:
    fields = {"issuer": "https://id.example", "client_id": "acme-cli", "effects": machine.effects}
    return keyturn.Auth("acme", home=str(machine.home), legacy=legacy, **{**fields, **options})


def driven(*arguments: str) -> list[dict[str, Any]]:
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT / "src", ROOT)))}
    run = subprocess.run(
        [sys.executable, str(DRIVER), *arguments],
        capture_output=True,
        text=True,
        env=environ,
        timeout=60,
        check=True,
    )
    assert run.stderr == ""
    return [json.loads(line) for line in run.stdout.splitlines()]


@pytest.mark.proves("K-65")
def test_the_token_in_a_config_file_moves_at_the_first_use_and_everything_else_stays(
    machine: Machine, tmp_path: Path
) -> None:
    config = tmp_path / "config.json"
    prepare(tmp_path)
    config.chmod(0o640)
    program = auth(machine, keyturn.LegacyJson(config, "auth", "token"))

    assert program.token() == OLD

    assert json.loads(config.read_text()) == {"theme": "dark", "auth": {"host": "id.example"}}
    assert config.stat().st_mode & 0o777 == 0o640
    (session,) = program.sessions()
    assert (session.account_id, session.expires_at) == ("default", None)
    assert not session.has_refresh_token
    assert auth(machine).token() == OLD
    assert machine.warnings == []


@pytest.mark.proves("K-65")
def test_a_file_that_is_nothing_but_the_token_is_removed(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{OLD}\n")
    outcome = auth(machine).migrate(keyturn.LegacyFile(tmp_path / "token"))
    assert (outcome.result, outcome.cleared, outcome.error) == ("migrated", True, None)
    assert outcome.session is not None
    assert not (tmp_path / "token").exists()


def test_any_text_can_be_an_older_layout_and_a_link_to_it_stays_a_link(
    machine: Machine, tmp_path: Path
) -> None:
    (tmp_path / "dotfiles").write_text(f"[auth]\ntoken = {OLD}\nhost = id.example\n")
    (tmp_path / "acmerc").symlink_to(tmp_path / "dotfiles")
    legacy = keyturn.LegacyFile(
        tmp_path / "acmerc",
        find=lambda text: text.partition("token = ")[2].partition("\n")[0],
        without=lambda text: text.replace(f"token = {OLD}\n", ""),
    )
    assert auth(machine, legacy).token() == OLD
    assert (tmp_path / "acmerc").is_symlink()
    assert (tmp_path / "dotfiles").read_text() == "[auth]\nhost = id.example\n"


@pytest.mark.proves("K-65")
def test_every_outcome_has_a_name(machine: Machine) -> None:
    program, empty, place = auth(machine), Place(None), Place()
    assert program.migrate(empty).result == "nothing"
    assert not machine.home.exists()
    assert program.migrate(place).result == "migrated"
    assert program.migrate(place).result == "already_done"
    other = Place()
    other.place = "another"
    assert program.migrate(other).result == "newer_kept"
    with pytest.raises(ValueError, match="legacy="):
        program.migrate()


@pytest.mark.proves("K-65")
def test_the_old_place_is_cleared_only_after_a_marker_says_that_it_may_be(machine: Machine) -> None:
    seen: list[str] = []

    class Watching(Place):
        def clear(self) -> None:
            seen.extend(path.read_text() for path in machine.home.glob("migrated-*.json"))
            assert auth(machine).token() == OLD
            super().clear()

    assert auth(machine).migrate(Watching()).cleared
    (marker,) = seen
    assert json.loads(marker)["cleared"] is False
    assert OLD not in marker


@pytest.mark.proves("K-65")
def test_an_existing_session_wins_and_the_old_token_goes(machine: Machine) -> None:
    auth(machine).migrate(Place("newer"))
    place = Place()
    place.place = "another"
    program = auth(machine, place)
    assert [session.account_id for session in program.sessions()] == ["default"]
    assert program.token() == "newer"
    assert place.token is None


@pytest.mark.proves("K-65", "K-60")
def test_an_old_token_counts_as_a_session_and_looking_changes_nothing(machine: Machine) -> None:
    place = Place()
    assert auth(machine, place).has_session()
    assert (place.token, place.steps) == (OLD, ["read"])
    assert not machine.home.exists()
    assert not auth(machine, Place(None)).has_session()


@pytest.mark.proves("K-65")
def test_what_could_not_be_cleared_is_never_taken_over_again(machine: Machine) -> None:
    place = Place()
    place.trouble["clear"] = PermissionError(13, "not yours")
    outcome = auth(machine).migrate(place)
    assert (outcome.result, outcome.cleared) == ("migrated", False)
    assert outcome.error is not None
    auth(machine, place).logout()

    program = auth(machine, place)
    assert not program.has_session()
    with pytest.raises(keyturn.SignInRequired):
        program.token()

    place.trouble.clear()
    assert auth(machine).migrate(place).cleared
    assert place.token is None


@pytest.mark.proves("K-65")
def test_who_signs_in_with_the_older_version_after_all_is_taken_over_again(
    machine: Machine,
) -> None:
    place = Place()
    place.trouble["clear"] = PermissionError(13, "not yours")
    auth(machine, place).logout()
    place.token = "signed-in-later"
    assert auth(machine, place).token() == "signed-in-later"


@pytest.mark.proves("K-65")
def test_a_place_that_cannot_be_read_is_neither_changed_nor_taken_for_signed_out(
    machine: Machine,
) -> None:
    place = Place()
    place.trouble["read"] = RuntimeError(f"found {OLD} of ada@example.com")
    program = auth(machine, place)
    outcome = program.migrate()
    assert outcome.result == "legacy_unreadable"
    with pytest.raises(keyturn.StoreReadFailed, match="RuntimeError") as caught:
        program.token()
    assert OLD not in str(caught.value) + str(outcome.error) + "".join(machine.traced)
    assert place.steps.count("clear") == 0


@pytest.mark.parametrize("content", ["{", "[1]", '{"auth": 1}', '{"auth": {"token": 7}}', ""])
def test_a_config_file_that_makes_no_sense_is_left_alone(
    machine: Machine, tmp_path: Path, content: str
) -> None:
    config = tmp_path / "config.json"
    config.write_text(content)
    outcome = auth(machine).migrate(keyturn.LegacyJson(config, "auth", "token"))
    assert outcome.result in ("nothing", "legacy_unreadable")
    assert config.read_text() == content


@pytest.mark.parametrize("token", ["two words", "line\nline", "übel"])
def test_what_could_not_be_sent_is_no_token(machine: Machine, token: str) -> None:
    place = Place(token)
    outcome = auth(machine).migrate(place)
    assert outcome.result == "legacy_unreadable"
    assert place.token == token


def test_an_old_jwt_ends_when_it_says(machine: Machine) -> None:
    jwt = "eyJhbGciOiJub25lIn0.eyJleHAiOjF9.c2ln"  # exp: 1
    with pytest.raises(keyturn.SessionExpired):
        auth(machine, Place(jwt)).token()


@pytest.mark.proves("K-65", "K-27")
def test_on_a_full_disk_the_old_token_serves_the_run_and_is_kept(tmp_path: Path) -> None:
    prepare(tmp_path)
    before = (tmp_path / "config.json").read_bytes()
    code = (
        "import pathlib, sys; from tests.client.migrating_ import auth;"
        "program = auth(pathlib.Path(sys.argv[1])); print(program.has_session(), program.token());"
        "print(program.migrate().result)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT / "src", ROOT)))}

    def nothing_can_be_written() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    full = subprocess.run(
        command,
        preexec_fn=nothing_can_be_written,
        capture_output=True,
        text=True,
        env=environ,
        timeout=30,
        check=True,
    )
    assert full.stdout == f"True {OLD}\nlegacy_kept\n"
    assert (tmp_path / "config.json").read_bytes() == before
    # A path names a person, and a token is one.
    assert full.stderr.startswith("warn  The earlier sign-in could not be taken over (STORE_")
    assert full.stderr.count("\n") == 1
    assert str(tmp_path) not in full.stderr
    assert OLD not in full.stderr

    room = subprocess.run(
        command, capture_output=True, text=True, env=environ, timeout=30, check=True
    )
    assert (room.stdout, room.stderr) == (f"True {OLD}\nalready_done\n", "")
    assert OLD.encode() not in (tmp_path / "config.json").read_bytes()


@pytest.mark.proves("K-65", "K-27")
def test_killed_before_any_step_the_next_run_is_signed_in_and_finishes(tmp_path: Path) -> None:
    runs = driven("killed", str(tmp_path))
    assert len(runs) > 20
    assert [run["killed"] for run in runs] == [True] * (len(runs) - 1) + [False]
    for run in runs:
        rest = {name: run[name] for name in ("has", "token", "cleared", "left")}
        assert rest == {"has": "True", "token": OLD, "cleared": "True", "left": []}


@pytest.mark.proves("K-65")
def test_of_many_processes_one_takes_the_token_over_and_all_have_it(tmp_path: Path) -> None:
    runs = driven("crowd", str(tmp_path), "8")
    assert [run["token"] for run in runs] == [OLD] * 8
    assert sorted(run["result"] for run in runs) == ["already_done"] * 7 + ["migrated"]
    stored = json.loads((tmp_path / "home" / "session.json").read_text())
    (client,) = stored["clients"].values()
    assert list(client["accounts"]) == ["default"]


@pytest.mark.proves("K-1b", "K-65")
def test_the_next_sign_in_replaces_the_token_that_had_no_name(
    machine: Machine, issuer: Issuer
) -> None:
    program = machine.auth(issuer, legacy=Place())
    assert program.token() == OLD
    outcome = program.login_with_token(issuer.tokens(issuer.start())["access_token"])
    assert outcome.previous_account is None
    assert [session.account_id for session in program.sessions()] == ["ada"]
    assert program.token() != OLD
