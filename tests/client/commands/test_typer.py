"""``attach_typer``: what only a Typer program has; the rest is tested with ``any_acme``."""

import os
import subprocess
import sys

import pytest

from tests.client.commands.acme_ import Acme, documents
from tests.issuers_.issuer_ import Issuer


@pytest.fixture
def acme(acme: Acme) -> Acme:
    acme.framework = "typer"
    return acme


def test_the_programs_own_commands_stay_and_join_the_group(acme: Acme) -> None:
    assert acme.run("ping").stdout == "pong\n"
    assert acme.auth("invite", "bo@example.com").stdout == "Invited bo@example.com.\n"
    overview = acme.auth("--help").stdout
    for said in ("Sign in through the browser.", "Renew the session now", "Ask somebody in."):
        assert said in overview


def test_help_of_a_command_shows_its_options(acme: Acme) -> None:
    shown = acme.auth("login", "--help").stdout
    for flag in ("--with-token", "--no-browser", "--port", "--storage", "keyring"):
        assert flag in shown
    assert "REF" in acme.auth("switch", "--help").stdout


def test_options_of_every_kind_arrive(acme: Acme, server: Issuer) -> None:
    done = acme.auth("login", "--device", "--storage", "file", "--json")
    assert done.returncode == 0, done.stderr
    assert documents(done.stdout)[-1]["storage"] == "file"
    done = acme.auth("login", "--port", "70000")
    assert done.returncode == 2
    assert "--port is a number from 1 to 65535, not 70000." in done.stderr


def test_a_usage_error_is_typers_own_or_one_json_line(acme: Acme) -> None:
    for wrong in (("status", "--sideways"), ("login", "--storage", "cloud"), ("nonsense",)):
        done = acme.auth(*wrong)
        assert (done.returncode, done.stdout) == (2, "")
        assert "Usage: acme auth" in done.stderr
        done = acme.auth(*wrong, "--json")
        assert (done.returncode, done.stdout) == (2, "")
        (line,) = documents(done.stderr)
        assert line["error"]["code"] == "USAGE"


@pytest.mark.proves("K-64")
def test_ctrl_c_during_the_wait_exits_130_with_the_terminal_as_it_was(acme: Acme) -> None:
    acme.server.decision = "wait"
    with acme.terminal("login", "--device") as terminal:
        terminal.expect("Waiting")
        terminal.type("\x03")
        assert terminal.end() == 130
        assert terminal.same_modes()
    assert "Traceback" not in terminal.shown
    assert not (acme.state / "session.json").exists()


def test_completion_of_commands_and_options_touches_no_network_and_no_store(acme: Acme) -> None:
    acme.variables |= {"_ACME_COMPLETE": "complete_bash", "COMP_WORDS": "acme auth s"}
    acme.variables["COMP_CWORD"] = "2"
    done = acme.run()
    assert done.stdout.split() == ["status", "switch"]
    acme.variables |= {"COMP_WORDS": "acme auth login --dev", "COMP_CWORD": "3"}
    assert acme.run().stdout.split() == ["--device"]
    assert acme.server.paths() == []
    assert not acme.state.exists()


@pytest.mark.proves("T-9")
def test_a_crash_of_the_program_shows_no_token(acme: Acme) -> None:
    acme.sign_in()
    done = acme.run("crash")
    assert done.returncode == 1
    assert "RuntimeError" in done.stderr
    assert acme.server.issued[-1] not in done.stdout + done.stderr


def test_without_typer_the_error_names_the_extra() -> None:
    code = (
        "import sys, keyturn\n"
        "sys.modules['typer'] = None\n"
        "auth = keyturn.Auth('acme', issuer='https://id.example', client_id='acme-cli')\n"
        "try:\n"
        "    keyturn.attach_typer(object(), auth)\n"
        "except keyturn.MissingExtra as error:\n"
        "    print(error.hint)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "Run `pip install 'keyturn[typer]'`.\n", done.stderr


def test_attaching_loads_no_command() -> None:
    code = (
        "import sys, typer, keyturn\n"
        "app = typer.Typer()\n"
        "auth = keyturn.Auth('acme', issuer='https://id.example', client_id='acme-cli')\n"
        "keyturn.attach_typer(app, auth)\n"
        "loaded = {n.rpartition('.')[2] for n in sys.modules if n.startswith('keyturn.client')}\n"
        "print(sorted(loaded & {'login', 'status', 'token', 'logout', 'whoami', 'output'}))\n"
    )
    env = {"PATH": os.environ["PATH"]}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
    assert done.stdout == "[]\n", done.stderr
