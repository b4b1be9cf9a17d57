"""What is shipped for operators works as far as it can be tried without an engine or an init."""

import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
import yaml

from keyturn.server.operating.process import DRAIN_SECONDS
from keyturn.server.settings import Settings
from setup import find_uv
from tests.deploy.containerfile_ import build, instructions
from tests.requirements_ import go_without, require

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
VARIABLE = re.compile(r"\bKEYTURN_([A-Z_]+)")


def test_the_container_files_steps_make_a_server_that_runs_and_drains(tmp_path: Path) -> None:
    if find_uv() is None:
        go_without("uv is not here; see https://docs.astral.sh/uv/")
    image = build(DEPLOY / "Containerfile", ROOT, tmp_path)
    assert image.user not in ("0", "root")
    data = Path(image.environ["KEYTURN_DATA"])
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    program = Path(image.environ["PATH"].split(":")[0]) / image.entry[0]
    server = subprocess.Popen(
        [program, *image.command[:1], "--port", "0", *image.command[1:]],
        env={**os.environ, **image.environ, "KEYTURN_BASE_URL": "", "KEYTURN_HOST": "127.0.0.1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=tmp_path,
    )
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        assert line.startswith("Keyturn is ready at "), line
        assert httpx2.get(f"{line.split()[-1]}/ready", timeout=10).status_code == 200
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0
        assert (data / "secret").exists()
    finally:
        server.kill()
        server.communicate()


def test_the_image_probes_readiness_and_runs_as_nobody_special() -> None:
    steps = dict(instructions(DEPLOY / "Containerfile"))
    assert "/ready" in steps["HEALTHCHECK"]
    assert steps["STOPSIGNAL"] == "SIGTERM"
    assert steps["USER"] == "10001"


@pytest.mark.parametrize("name", ["Containerfile", "compose.yaml", "keyturn.service"])
def test_every_variable_in_it_is_a_setting(name: str) -> None:
    named = {word.lower() for word in VARIABLE.findall((DEPLOY / name).read_text())}
    assert named
    assert named <= Settings.model_fields.keys()


def test_the_compose_file_waits_for_the_database_and_keeps_what_must_be_kept() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    keyturn, database = compose["services"]["keyturn"], compose["services"]["database"]
    assert (DEPLOY / keyturn["build"]["context"] / keyturn["build"]["dockerfile"]).exists()
    assert keyturn["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert database["healthcheck"]
    volumes = {mount.split(":")[0] for mount in keyturn["volumes"] + database["volumes"]}
    assert volumes == set(compose["volumes"])
    assert all(port.startswith("127.0.0.1:") for port in keyturn["ports"])
    assert "@" not in keyturn["environment"]["KEYTURN_DATABASE"].partition("keyturn@")[2]
    assert ":" not in keyturn["environment"]["KEYTURN_DATABASE"].partition("//")[2]


def test_systemd_has_no_complaint_about_the_unit(tmp_path: Path) -> None:
    analyze = require("systemd-analyze")
    unit = tmp_path / "keyturn.service"
    program = str(Path(sys.executable).parent / "keyturn")
    text = (DEPLOY / "keyturn.service").read_text()
    assert "/opt/keyturn/bin/keyturn" in text
    unit.write_text(text.replace("/opt/keyturn/bin/keyturn", program))
    ran = subprocess.run(
        [analyze, "verify", "--man=no", "--generators=no", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    complaints = [line for line in (ran.stdout + ran.stderr).splitlines() if unit.name in line]
    assert complaints == []
    assert ran.returncode == 0, ran.stderr


def test_the_unit_gives_a_drain_more_time_than_it_can_take() -> None:
    text = (DEPLOY / "keyturn.service").read_text()
    grace = int(text.partition("TimeoutStopSec=")[2].split()[0])
    notice = int(text.partition("KEYTURN_DRAIN_SECONDS=")[2].split()[0])
    assert grace > DRAIN_SECONDS + notice
