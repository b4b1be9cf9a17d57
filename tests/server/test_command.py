"""The operator's commands, as real processes."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

KEYTURN = (sys.executable, "-c", "import sys; from keyturn.cli import main; sys.exit(main())")


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from keyturn.cli import main; sys.exit(main())",
            *list(arguments),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environ},
        check=False,
    )


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start ``keyturn serve`` and yield the process and its base URL."""
    started = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from keyturn.cli import main; sys.exit(main())",
            "serve",
            "--port",
            "0",
            *arguments,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert started.stdout is not None
    try:
        line = started.stdout.readline()
        assert line.startswith("Keyturn is ready at http://127.0.0.1:"), line
        yield started, line.split()[-1]
    finally:
        started.kill()
        started.communicate()


def fetch(url: str) -> tuple[int, dict[str, str], bytes]:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own server
        return answer.status, dict(answer.headers), answer.read()


def test_the_first_start_creates_a_project_and_a_client_and_keeps_the_keys_privately(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    with serving("--data", str(data)) as (server, base):
        status, headers, body = fetch(f"{base}/.well-known/oauth-authorization-server")
        assert status == 200
        assert json.loads(body)["issuer"] == base
        assert "server" not in {name.lower() for name in headers}
        server.send_signal(signal.SIGTERM)
        _, stderr = server.communicate(timeout=30)
    kept = json.loads((data / "project-default-keys.json").read_text())
    assert kept["secret_server_key"] in stderr
    for name in ("project-default-keys.json", "secret"):
        assert stat.S_IMODE((data / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    with serving("--data", str(data)) as (again, _):
        again.send_signal(signal.SIGTERM)
        _, stderr = again.communicate(timeout=30)
    assert "secret_server_key" not in stderr


def test_sigterm_drains_and_exits_0(tmp_path: Path) -> None:
    with serving("--data", str(tmp_path / "data")) as (server, _):
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=30)
        assert server.returncode == 0


def test_a_port_in_use_is_said_in_one_line_with_what_to_do(tmp_path: Path) -> None:
    with serving("--data", str(tmp_path / "data")) as (_, base):
        port = base.rpartition(":")[2]
        refused = run("serve", "--port", port, "--data", str(tmp_path / "other"))
    assert refused.returncode == 1
    assert f"port {port}" in refused.stderr
    assert "--port" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.proves("S-61")
def test_a_missing_secret_over_existing_data_is_an_error_and_nothing_is_made(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    assert run("project", "create", "Acme", "--data", str(data)).returncode == 0
    (data / "secret").unlink()
    refused = run("project", "list", "--data", str(data))
    assert refused.returncode == 1
    assert "Restore it from backup" in refused.stderr
    assert not (data / "secret").exists()


def test_projects_are_created_listed_and_their_keys_rotated(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path / "data"))
    made = json.loads(run("project", "create", "Acme", "--id", "acme", "--json", *data).stdout)
    assert made["id"] == "acme"
    listed = json.loads(run("project", "list", "--json", *data).stdout)
    assert [p["id"] for p in listed] == ["acme"]
    fresh = json.loads(run("project", "keys", "rotate", "acme", "--json", *data).stdout)
    assert fresh["secret_server_key"] != made["secret_server_key"]
    assert run("project", "create", "Again", "--id", "acme", *data).returncode == 1
    assert run("project", "keys", "rotate", "nobody", *data).returncode == 1


def test_a_wrong_setting_ends_with_one_line_and_exit_1(tmp_path: Path) -> None:
    refused = run("serve", "--data", str(tmp_path), KEYTURN_RATE_LIMITS="sometimes")
    assert refused.returncode == 1
    assert refused.stderr.startswith("fail  rate_limits")
