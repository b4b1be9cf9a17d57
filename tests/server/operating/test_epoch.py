"""A backup that is restored brings nothing back that was revoked after it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from keyturn.cli.epoch import main as epoch
from tests.server.in_process_ import InProcess
from tests.server.oauth.grants_ import poll, refresh, signed_in, start_device


@pytest.fixture
def restored(tmp_path: Path) -> tuple[Path, dict[str, Any], dict[str, Any], str]:
    """Return a restored data folder, two sessions of which one was revoked since, a device code."""
    data, backup = tmp_path / "data", tmp_path / "backup"
    server = InProcess(data)
    user = server.person()
    revoked, kept = signed_in(server, user), signed_in(server, user)
    code = start_device(server)["device_code"]
    server.close()
    shutil.copytree(data, backup)
    server = InProcess(data)
    form = {"token": revoked["refresh_token"], "client_id": "keyturn-cli"}
    assert server.post("/oauth/revoke", data=form).status_code == 200
    assert refresh(server, revoked["refresh_token"]).json()["error"] == "invalid_grant"
    server.close()
    shutil.rmtree(data)
    shutil.copytree(backup, data)
    return data, revoked, kept, code


@pytest.mark.proves("S-61")
def test_after_the_bump_nothing_of_a_restored_backup_opens_a_session(
    restored: tuple[Path, dict[str, Any], dict[str, Any], str], capsys: pytest.CaptureFixture[str]
) -> None:
    data, revoked, kept, code = restored
    assert epoch(["bump", "--data", str(data), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "epoch": 1,
        "sessions_ended": 4,  # two programs and the browsers that approved them
        "pending_ended": 3,  # their redeemed codes, and the device code
    }
    server = InProcess(data)
    try:
        for tokens in (revoked, kept):
            answer = refresh(server, tokens["refresh_token"])
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
            bearer = {"authorization": f"Bearer {tokens['access_token']}"}
            assert server.get("/oauth/userinfo", headers=bearer).status_code == 401
        assert poll(server, code).json()["error"] in ("invalid_grant", "expired_token")
        fresh = signed_in(server)
        assert refresh(server, fresh["refresh_token"]).status_code == 200
    finally:
        server.close()


def test_without_it_a_revoked_session_would_be_alive_again(
    restored: tuple[Path, dict[str, Any], dict[str, Any], str],
) -> None:
    data, revoked, _, _ = restored
    server = InProcess(data)
    try:
        assert refresh(server, revoked["refresh_token"]).status_code == 200
    finally:
        server.close()


def test_each_bump_is_an_epoch_of_its_own_and_says_what_it_does_not_undo(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in (1, 2):
        assert epoch(["bump", "--data", str(tmp_path / "data")]) == 0
        said = capsys.readouterr().out
        assert f"Epoch {number}: 0 sessions" in said
        assert "keyturn project keys rotate" in said


def test_a_restored_server_without_its_secret_is_not_bumped(tmp_path: Path) -> None:
    data = tmp_path / "data"
    InProcess(data).close()
    (data / "secret").unlink()
    assert epoch(["bump", "--data", str(data)]) == 1
