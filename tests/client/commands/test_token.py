"""``auth token``: the bare token and nothing else."""

import subprocess
import sys

import pytest

from tests.client.commands.acme_ import Acme, documents


@pytest.mark.proves("K-60")
def test_the_token_is_printed_bare_into_a_pipe(any_acme: Acme) -> None:
    any_acme.sign_in()
    done = any_acme.auth("token")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == any_acme.server.issued[-1]


@pytest.mark.proves("K-60")
def test_on_a_terminal_a_newline_follows_the_token(any_acme: Acme) -> None:
    any_acme.sign_in()
    with any_acme.terminal("token") as terminal:
        assert terminal.end() == 0
    assert terminal.shown == any_acme.server.issued[-1] + "\n"


@pytest.mark.proves("K-60")
def test_a_token_from_the_environment_is_not_printed_back(any_acme: Acme) -> None:
    any_acme.sign_in()
    any_acme.variables["ACME_TOKEN"] = "from-outside"
    done = any_acme.auth("token")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "ACME_TOKEN" in done.stderr
    assert "from-outside" not in done.stderr
    (line,) = documents(any_acme.auth("token", "--json").stderr)
    assert line["error"]["code"] == "TOKEN_FROM_ENV"


def test_as_json_the_token_comes_with_its_end(any_acme: Acme) -> None:
    any_acme.sign_in()
    (document,) = documents(any_acme.auth("token", "--json").stdout)
    assert document["access_token"] == any_acme.server.issued[-1]
    assert document["token_type"] == "Bearer"
    assert document["expires_at"].endswith("Z")


def test_a_spent_token_is_renewed_before_it_is_printed(acme: Acme) -> None:
    acme.sign_in(lifetime=0)
    acme.server.lifetime = 600
    first = acme.server.issued[-1]
    done = acme.auth("token")
    assert done.returncode == 0, done.stderr
    assert done.stdout == acme.server.issued[-1] != first


def test_with_nobody_signed_in_it_exits_4_and_prints_nothing(any_acme: Acme) -> None:
    done = any_acme.auth("token")
    assert (done.returncode, done.stdout) == (4, "")
    assert "      Run `acme auth login` to sign in." in done.stderr.splitlines()


def test_a_session_that_the_server_ended_exits_4(acme: Acme) -> None:
    acme.sign_in(lifetime=0)
    acme.server.families.clear()
    done = acme.auth("token", "--json")
    assert done.returncode == 4
    (line,) = documents(done.stderr)
    assert line["error"]["code"] == "SESSION_EXPIRED"


def test_an_outage_is_temporary_and_never_called_a_bad_token(acme: Acme) -> None:
    acme.sign_in(lifetime=0)
    acme.server.stop()
    done = acme.auth("token")
    assert done.returncode == 75
    assert "invalid" not in done.stderr.lower()
    assert acme.auth("status").returncode == 0


@pytest.mark.proves("K-71")
def test_a_valid_token_is_printed_without_loading_anything_heavy(acme: Acme) -> None:
    acme.sign_in()
    code = (
        "import sys, keyturn\n"
        "from keyturn.client.commands.run import Call, run_command\n"
        "from keyturn.client.commands.output import Console\n"
        f"auth = keyturn.Auth('acme', issuer={acme.server.url!r}, client_id='acme-cli')\n"
        "assert run_command('token', Call(auth, Console(), {})) == 0\n"
        "heavy = ('json', 're', 'argparse', 'dataclasses', 'typing', 'pathlib', 'logging',\n"
        "         'http', 'urllib', 'socket', 'ssl', 'subprocess', 'asyncio', 'click')\n"
        "print([name for name in heavy if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], env=acme.env, capture_output=True, text=True
    )
    assert done.stdout == acme.server.issued[-1]
    assert done.stderr == "[]\n"
