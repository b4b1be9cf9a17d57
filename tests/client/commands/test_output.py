"""Streams as they are: closed, full, coloured or not, and in another alphabet."""

import os
import subprocess

import pytest

from tests.client.commands.acme_ import Acme

RED = "\x1b[31mfail\x1b[0m  "


def test_the_mark_is_coloured_on_a_terminal_alone(acme: Acme) -> None:
    with acme.terminal("status") as terminal:
        assert terminal.end() == 4
    assert terminal.shown.startswith(RED + "You are not signed in to ")
    assert acme.auth("status").stderr.startswith("fail  You are not signed in to ")


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_colour_where_it_is_not_wanted(acme: Acme, name: str, value: str) -> None:
    acme.variables[name] = value
    with acme.terminal("status") as terminal:
        assert terminal.end() == 4
    assert "\x1b" not in terminal.shown


def test_an_empty_no_color_is_no_wish(acme: Acme) -> None:
    acme.variables["NO_COLOR"] = ""
    with acme.terminal("status") as terminal:
        assert terminal.end() == 4
    assert RED in terminal.shown


@pytest.mark.proves("K-64")
@pytest.mark.parametrize("command", ["token", "status", "whoami"])
def test_a_reader_that_left_gets_no_traceback(any_acme: Acme, command: str) -> None:
    any_acme.sign_in()
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*any_acme.argv, "auth", command],
        env=any_acme.env,
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.proves("K-64")
def test_a_sign_in_whose_reader_left_is_still_finished(acme: Acme) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*acme.argv, "auth", "login", "--device", "--json"],
        env=acme.env,
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(write)
    assert done.stderr == ""
    assert acme.auth("whoami").returncode == 0


@pytest.mark.proves("K-64")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("command", ["status", "token", "login", "login --with-token", "logout"])
def test_closed_streams_end_in_an_exit_status_not_a_traceback(
    acme: Acme, closed: str, command: str
) -> None:
    acme.sign_in()
    line = f'exec "$0" "$@" auth {command} {closed}'
    done = subprocess.run(
        ["sh", "-c", line, *acme.argv], env=acme.env, capture_output=True, text=True, input=""
    )
    assert done.returncode in (0, 1, 2)
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.proves("K-64")
def test_closed_errors_do_not_hide_the_exit_status(acme: Acme) -> None:
    line = 'exec "$0" "$@" auth status 2>&-'
    done = subprocess.run(["sh", "-c", line, *acme.argv], env=acme.env, capture_output=True)
    assert done.returncode == 4


def test_a_full_disk_behind_stdout_is_a_failure_that_says_so(any_acme: Acme) -> None:
    any_acme.sign_in()
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*any_acme.argv, "auth", "token"],
            env=any_acme.env,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr == "fail  The answer could not be written: No space left on device.\n"


def test_a_terminal_without_the_letters_of_a_name_shows_the_rest(acme: Acme) -> None:
    acme.sign_in(email="ада@example.com")
    acme.variables["PYTHONIOENCODING"] = "ascii"
    done = acme.auth("whoami")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("\\u0430\\u0434\\u0430@example.com (")


@pytest.mark.parametrize("name", ["AI_AGENT", "AGENT"])
def test_an_agent_gets_errors_as_json_without_asking(any_acme: Acme, name: str) -> None:
    any_acme.variables[name] = "1"
    done = any_acme.auth("token")
    assert done.returncode == 4
    assert done.stderr == (
        '{"error": {"code": "SIGN_IN_REQUIRED", '
        f'"message": "{_message(done.stderr)}", '
        '"hint": "Run `acme auth login` to sign in."}}\n'
    )
    mistyped = any_acme.auth("tokens")
    assert mistyped.returncode == 2
    assert mistyped.stderr.startswith('{"error": {"code": "USAGE"')


def _message(line: str) -> str:
    return line.split('"message": "')[1].split('"')[0]
