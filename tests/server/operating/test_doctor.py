"""What the server's doctor finds, on real folders and databases that it leaves as they were."""

import asyncio
import hashlib
import json
import os
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from keyturn.cli.doctor import main as doctor
from keyturn.server.clock import SystemClock
from keyturn.server.doctor.checkup import examine
from keyturn.server.doctor.findings import Finding
from keyturn.server.services import open_services
from keyturn.server.settings import Settings
from tests.postgres_ import shared
from tests.server.in_process_ import SetClock
from tests.server.mail.smtp_ import Inbox, smtp

DAY = 24 * 3600
PUBLIC = {"base_url": "https://id.acme.dev", "trusted_proxies": "10.0.0.1"}


def settings(data: Path, **more: Any) -> Settings:
    return Settings.model_validate({"data": data, **more})


def made(data: Path, **more: Any) -> Settings:
    """Return the settings of a server that has been started once and signed something."""
    chosen = settings(data, **more)

    async def start() -> None:
        services = await open_services(chosen)
        await services.projects.create_default()
        await services.keys.of("oauth")
        await services.close()

    asyncio.run(start())
    return chosen


def found(chosen: Settings, *, file: Path | None = None, clock: Any = None) -> dict[str, Finding]:
    findings = asyncio.run(examine(chosen, file=file, clock=clock or SystemClock()))
    return {finding.check: finding for finding in findings}


def bytes_below(folder: Path) -> dict[str, str]:
    """Return what lies in a folder: names, owners' rights and contents."""
    return {
        f"{path.relative_to(folder)} {path.stat().st_mode:o} {path.stat().st_mtime_ns}": (
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        )
        for path in sorted(folder.rglob("*"))
    }


def test_a_server_that_was_never_started_has_no_problems_and_nothing_is_made(
    tmp_path: Path,
) -> None:
    seen = found(settings(tmp_path / "data"))
    assert {finding.outcome for finding in seen.values()} == {"pass"}
    assert list(tmp_path.iterdir()) == []


def test_a_healthy_server_passes_every_check_and_not_a_byte_of_it_changes(tmp_path: Path) -> None:
    chosen = made(tmp_path / "data")
    before = bytes_below(tmp_path)
    seen = found(chosen)
    assert {name: each.evidence for name, each in seen.items() if each.outcome != "pass"} == {}
    assert set(seen) >= {"settings", "address", "files", "database", "secret", "keys", "clock"}
    assert "ES256" in seen["keys"].evidence
    assert bytes_below(tmp_path) == before


@pytest.mark.proves("S-61")
def test_a_lost_or_exchanged_secret_is_told_and_never_made_anew(tmp_path: Path) -> None:
    chosen = made(tmp_path / "data")
    chosen.secret_path.write_text("ab" * 32)
    seen = found(chosen)
    assert (seen["secret"].outcome, seen["keys"].outcome) == ("fail", "fail")
    assert "backup" in str(seen["secret"].remedy)
    chosen.secret_path.unlink()
    assert found(chosen)["secret"].outcome == "fail"
    assert not chosen.secret_path.exists()


def test_files_that_others_may_read_are_named_with_the_command_that_mends_them(
    tmp_path: Path,
) -> None:
    file = tmp_path / "keyturn.toml"
    file.write_text("")
    chosen = made(tmp_path / "data", smtp_url="smtp://user:canary@127.0.0.1:1")
    file.chmod(0o644)
    (chosen.data / "keyturn.sqlite3").chmod(0o640)
    finding = found(chosen, file=file)["files"]
    assert finding.outcome == "fail"
    assert finding.remedy == f"Run: chmod go= {file} {chosen.data / 'keyturn.sqlite3'}"


@pytest.mark.parametrize(
    ("change", "check", "outcome"),
    [
        ({"host": "0.0.0.0"}, "address", "fail"),  # noqa: S104 - what is warned of
        ({"base_url": "http://id.acme.dev"}, "address", "fail"),
        ({"base_url": "https://id.acme.dev"}, "address", "warn"),
        (PUBLIC, "address", "pass"),
        ({**PUBLIC, "preview": True}, "settings", "warn"),
        ({**PUBLIC, "rate_limits": "off"}, "settings", "warn"),
        ({"rate_limits": "off"}, "settings", "pass"),
        (PUBLIC, "mail", "warn"),
    ],
)
def test_settings_for_trying_out_are_pointed_at_once_strangers_reach_the_server(
    tmp_path: Path, change: dict[str, Any], check: str, outcome: str
) -> None:
    assert found(settings(tmp_path / "data", **change))[check].outcome == outcome


def test_a_damaged_database_is_one_finding_and_the_other_checks_still_run(tmp_path: Path) -> None:
    chosen = made(tmp_path / "data")
    (chosen.data / "keyturn.sqlite3").write_bytes(b"not a database" * 400)
    seen = found(chosen)
    assert seen["database"].outcome == "fail"
    assert seen["clock"].outcome == "pass"
    assert seen["secret"].outcome == "pass"


def test_a_database_of_a_newer_version_is_told_with_what_to_do(tmp_path: Path) -> None:
    chosen = made(tmp_path / "data")
    connection = sqlite3.connect(chosen.data / "keyturn.sqlite3")
    connection.execute("PRAGMA user_version = 9000")
    connection.close()
    finding = found(chosen)["database"]
    assert finding.outcome == "fail"
    assert "newer" in finding.evidence


def test_a_clock_that_was_set_back_is_noticed(tmp_path: Path) -> None:
    chosen = made(tmp_path / "data")
    clock = SetClock(SystemClock().now_ms() - 2 * DAY * 1000)
    assert found(chosen, clock=clock)["clock"].outcome == "fail"
    assert found(chosen, clock=SetClock(0))["clock"].outcome == "fail"


def test_old_signing_keys_are_a_warning_that_names_the_command(tmp_path: Path) -> None:
    chosen = made(tmp_path / "data")
    later = SetClock(SystemClock().now_ms() + 181 * DAY * 1000)
    finding = found(chosen, clock=later)["keys"]
    assert (finding.outcome, finding.remedy) == ("warn", "Run `keyturn keys rotate`.")


def test_the_mail_server_is_greeted_and_gets_no_mail(tmp_path: Path) -> None:
    inbox = Inbox()
    with smtp(inbox) as port:
        good = settings(tmp_path / "data", smtp_url=f"smtp://127.0.0.1:{port}")
        assert found(good)["mail"].outcome == "pass"
    assert inbox.envelopes == []
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    bad = settings(tmp_path / "data", smtp_url=f"smtp://ada:canary-in-url@127.0.0.1:{port}")
    finding = found(bad)["mail"]
    assert finding.outcome == "fail"
    assert "canary" not in repr(finding)


def test_a_postgresql_database_is_looked_at_and_not_written(tmp_path: Path) -> None:
    url = shared().create()
    empty = found(settings(tmp_path / "data", database=url))["database"]
    assert (empty.outcome, "empty" in empty.evidence) == ("pass", True)
    chosen = made(tmp_path / "data", database=url)
    seen = found(chosen)
    assert seen["database"].outcome == "pass"
    assert seen["database"].evidence.startswith("PostgreSQL ")
    assert {seen[name].outcome for name in ("clock", "keys", "secret")} == {"pass"}
    gone = settings(tmp_path / "data", database="postgresql://u:canary@127.0.0.1:1/none")
    finding = found(gone)["database"]
    assert finding.outcome == "fail"
    assert "canary" not in finding.evidence


def test_the_command_prints_the_clients_shape_and_its_exit_status_says_whether_to_worry(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert doctor(["--data", str(tmp_path / "data"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert set(document) == {"findings", "problems", "warnings"}
    for finding in document["findings"]:
        assert set(finding) == {"check", "outcome", "evidence", "remedy", "fixable"}
    monkeypatch.setenv("KEYTURN_RATE_LIMITS", "sometimes")
    assert doctor(["--data", str(tmp_path / "data")]) == 1
    assert capsys.readouterr().out.startswith("fail  settings       rate_limits: ")


def test_secrets_in_variables_and_files_are_never_printed(tmp_path: Path) -> None:
    file = tmp_path / "keyturn.toml"
    file.write_text(
        '[[projects]]\nid = "a"\ndisplay_name = "A"\nsecret_server_key = "ssk_canary_number_one"\n'
    )
    environ = {"KEYTURN_SMTP_URL": "smtp://ada:canary-two@127.0.0.1:1"}
    environ["KEYTURN_DATABASE"] = "postgresql://u:canary-three@127.0.0.1:1/none"
    ran = subprocess.run(
        [sys.executable, "-m", "keyturn", "doctor", "--config", str(file), "--data", str(tmp_path)],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert "canary" not in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
