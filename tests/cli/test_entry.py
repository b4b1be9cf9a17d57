"""The console script: help, version, what it loads, and what it says when an extra is missing."""

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

SCRIPT = Path(sys.executable).with_name("keyturn")
SOURCE = Path(__file__).parents[2] / "src"


def keyturn(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **variables}
    return subprocess.run([SCRIPT, *arguments], env=env, capture_output=True, text=True)


@pytest.mark.parametrize("flag", ["--help", "-h", "help"])
def test_help_names_every_command(flag: str) -> None:
    done = keyturn(flag)
    assert (done.returncode, done.stderr) == (0, "")
    for command in ("auth", "serve", "project", "demo"):
        assert f"\n  {command} " in done.stdout


def test_no_command_is_a_usage_error_that_shows_the_help() -> None:
    done = keyturn()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: keyturn COMMAND")


def test_the_version_is_the_installed_one() -> None:
    done = keyturn("--version")
    assert (done.returncode, done.stdout) == (0, f"keyturn {version('keyturn')}\n")


def test_an_unknown_command_exits_2_also_for_agents() -> None:
    done = keyturn("sign-in")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "fail  There is no command 'sign-in'.",
        "      Run `keyturn --help`.",
    ]
    line = json.loads(keyturn("sign-in", AI_AGENT="1").stderr)
    assert line["error"]["code"] == "USAGE"


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a Python that has no package at all."""
    folder = tmp_path_factory.mktemp("bare") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    return folder / "bin" / "python"


@pytest.mark.parametrize("command", ["serve", "project", "demo"])
def test_a_command_without_its_extra_names_what_to_install(bare_python: Path, command: str) -> None:
    code = "import sys; from keyturn.cli import main; sys.exit(main())"
    done = subprocess.run(
        [bare_python, "-c", code, command],
        env={"PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"fail  `keyturn {command}` needs the extra 'server', which is not installed.",
        "      Run `pip install 'keyturn[server]'`.",
    ]


def test_attach_click_without_click_names_what_to_install(bare_python: Path) -> None:
    code = (
        "import keyturn\n"
        "auth = keyturn.Auth('acme', issuer='https://id.example', client_id='x')\n"
        "try:\n"
        "    keyturn.attach_click(None, auth)\n"
        "except keyturn.KeyturnError as error:\n"
        "    print(error.code, error.hint)\n"
    )
    done = subprocess.run(
        [bare_python, "-c", code],
        env={"PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
    )
    assert done.stdout == "MISSING_EXTRA Run `pip install 'keyturn[click]'`.\n", done.stderr


def test_auth_loads_neither_the_server_nor_the_sdk(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from keyturn.cli import main\n"
        "main(['auth', 'status'])\n"
        "main(['auth', 'token'])\n"
        "print([n for n in sys.modules if n.startswith(('keyturn.server', 'keyturn.sdk'))])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={"HOME": str(tmp_path)}, capture_output=True, text=True
    )
    assert done.stdout == "[]\n"
