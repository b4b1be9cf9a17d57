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


QUICK = """
import sys, keyturn
auth = keyturn.Auth("acme", issuer=sys.argv[1], client_id=sys.argv[2])
print(keyturn.print_token_if_asked(auth, sys.argv[3:]), *sorted(sys.modules))
"""


def quick(acme: Acme, *typed: str) -> tuple[str, list[str]]:
    """Return what is printed before any parser is built, and what was loaded for it."""
    arguments = [acme.env["ACME_ISSUER"], acme.env["ACME_CLIENT_ID"], *typed]
    command = [sys.executable, "-c", QUICK, *arguments]
    done = subprocess.run(command, env=acme.env, capture_output=True, text=True, check=True)
    printed, *modules = done.stdout.split()
    return printed, modules


@pytest.mark.proves("K-60", "K-70")
def test_the_plainest_way_to_ask_for_a_token_is_answered_without_any_parser(acme: Acme) -> None:
    acme.sign_in()
    printed, modules = quick(acme, "auth", "token")
    assert printed == acme.server.issued[-1] + "True"
    assert not {"argparse", "click", "json", "keyturn.client.runtime"} & set(modules)


@pytest.mark.proves("K-60")
@pytest.mark.parametrize(
    "typed",
    [
        (),
        ("auth",),
        ("token",),
        ("auth", "token", "--json"),
        ("-v", "auth", "token"),
        ("x", "token"),
    ],
)
def test_whatever_else_is_typed_is_left_to_the_parser(acme: Acme, typed: tuple[str, ...]) -> None:
    acme.sign_in()
    assert quick(acme, *typed)[0] == "False"


@pytest.mark.proves("K-60")
def test_what_is_out_of_the_ordinary_is_left_to_the_parser_and_its_messages(acme: Acme) -> None:
    assert quick(acme, "auth", "token")[0] == "False"  # nobody is signed in
    acme.sign_in()
    acme.variables["ACME_TOKEN"] = "from-outside"
    assert quick(acme, "auth", "token")[0] == "False"
