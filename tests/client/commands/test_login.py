"""``auth login`` as people and scripts meet it."""

import re
import socket
import subprocess
import urllib.request

import pytest

from tests.client.commands.acme_ import Acme, documents
from tests.client.commands.terminal_ import until
from tests.issuers_.issuer_ import USER_CODE

LEFT = re.compile(r"\(\d+:\d\d left\)")


def talk_of(text: str) -> list[str]:
    """Return the lines of a transcript with the time left made equal."""
    return LEFT.sub("(9:58 left)", text).splitlines()


@pytest.mark.proves("K-41")
def test_with_a_browser_here_the_link_is_shown_and_the_way_to_another_computer(acme: Acme) -> None:
    acme.with_browser()
    done = acme.auth("login")
    assert done.returncode == 0, done.stderr
    opening, visit, other, waiting = talk_of(done.stderr)
    assert opening == f"Opening your browser to sign in to {acme.server.host}."
    assert visit.startswith(f"If nothing opens, visit:  {acme.server.url}/oauth/authorize?")
    assert other == "Browser on another computer?  Ctrl-C, then:  acme auth login --device"
    assert waiting == "Waiting for you in the browser ... (9:58 left)"
    assert done.stdout.startswith(
        f"Signed in as ada@example.com ({acme.server.host}). Session kept"
    )
    assert acme.server.grant_types() == ["authorization_code"]


def test_with_no_browser_and_no_device_codes_the_link_is_shown_and_awaited(acme: Acme) -> None:
    acme.server.extra_metadata = {"device_authorization_endpoint": None}
    with acme.terminal("login", "--no-browser") as terminal:
        shown = terminal.expect("Waiting for you in the browser ...")
        link = re.search(r"^Visit:  (\S+)$", shown, re.MULTILINE)
        assert link
        assert "Opening" not in shown
        with urllib.request.urlopen(link[1], timeout=20) as page:  # noqa: S310
            assert page.status == 200
        assert terminal.end() == 0
    assert "Signed in as ada@example.com" in terminal.shown


def test_without_a_browser_the_code_for_another_device_is_shown(any_acme: Acme) -> None:
    any_acme.server.extra_metadata.clear()  # It holds no polls: the first comes after a pause.
    done = any_acme.auth("login")
    assert done.returncode == 0, done.stderr
    assert talk_of(done.stderr) == [
        "No browser here, so use one on any other device.",
        f"Visit   {any_acme.server.url}/device",
        f"Type    {USER_CODE}",
        "Waiting ... (9:58 left)",
    ]
    assert done.stdout == (
        f"Signed in as ada@example.com ({any_acme.server.host}). Session kept in "
        "~/.local/state/acme/session.json: no keyring was found (no D-Bus session).\n"
    )


def test_a_device_code_asked_for_does_not_claim_that_there_is_no_browser(acme: Acme) -> None:
    acme.with_browser()
    done = acme.auth("login", "--device")
    assert done.returncode == 0, done.stderr
    assert talk_of(done.stderr)[0] == "Use a browser on any device."
    assert acme.server.grant_types() == ["device_code"]


def test_json_events_are_lines_on_stdout_without_a_token(any_acme: Acme) -> None:
    done = any_acme.auth("login", "--device", "--json")
    assert done.returncode == 0, done.stderr
    verification, signed_in = documents(done.stdout)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", verification.pop("expires_at"))
    assert verification == {
        "event": "verification",
        "method": "device",
        "url": f"{any_acme.server.url}/device",
        "user_code": USER_CODE,
    }
    assert signed_in["event"] == "signed_in"
    assert signed_in["account"] == {"id": "ada", "email": "ada@example.com", "label": "Ada"}
    assert signed_in["issuer"] == any_acme.server.url
    assert signed_in["storage"] == "file"
    assert not [token for token in any_acme.server.issued if token in done.stdout]
    assert done.stderr == ""


def test_a_declined_sign_in_fails_with_its_next_step(acme: Acme) -> None:
    acme.server.decision = "deny"
    done = acme.auth("login", "--device")
    assert done.returncode == 1
    *_, failed, hint = done.stderr.splitlines()
    assert failed.startswith("fail  ")
    assert hint == "      If that was a mistake, run `acme auth login` again."
    assert done.stdout == ""


def test_a_failure_under_json_is_an_event_and_an_error_line(acme: Acme) -> None:
    acme.server.decision = "deny"
    done = acme.auth("login", "--device", "--json")
    assert done.returncode == 1
    failed = documents(done.stdout)[-1]
    assert failed["event"] == "failed"
    assert failed["error"]["code"] == "LOGIN_DENIED"
    (line,) = documents(done.stderr)
    assert line == {"error": failed["error"]}
    assert set(line["error"]) == {"code", "message", "hint"}


@pytest.mark.proves("K-60")
def test_a_live_session_is_reported_to_a_script_and_left_alone(any_acme: Acme) -> None:
    any_acme.sign_in()
    again = any_acme.auth("login")
    assert again.returncode == 0
    assert again.stdout == f"Already signed in as ada@example.com ({any_acme.server.host}).\n"
    assert "auth login --force" in again.stderr
    as_json = any_acme.auth("login", "--json")
    assert as_json.returncode == 0
    (event,) = documents(as_json.stdout)
    assert (event["event"], event["already_signed_in"]) == ("signed_in", True)
    assert len(any_acme.server.grant_types()) == 1


@pytest.mark.proves("K-60")
def test_force_signs_in_anew_and_says_who_it_was_before(acme: Acme) -> None:
    acme.sign_in()
    acme.server.email, acme.server.subject = "bob@example.com", "user-2"
    done = acme.auth("login", "--force", "--device")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Signed in as bob@example.com")
    assert "warn  Before this you were signed in as ada@example.com.\n" in done.stderr


@pytest.mark.proves("K-60")
@pytest.mark.parametrize(("reply", "grants"), [("n\n", 1), ("\n", 1), ("\x04", 1), ("y\n", 2)])
def test_on_a_terminal_a_live_session_is_kept_unless_the_person_says_yes(
    acme: Acme, reply: str, grants: int
) -> None:
    acme.sign_in()
    with acme.terminal("login", "--device") as terminal:
        terminal.expect("You are signed in as ada@example.com")
        terminal.expect("Sign in again? [y/N] ")
        terminal.type(reply)
        assert terminal.end() == 0
    assert len(acme.server.grant_types()) == grants


def test_nobody_is_asked_where_nobody_answers(acme: Acme) -> None:
    acme.sign_in()
    for name in ("CI", "AI_AGENT", "AGENT"):
        acme.variables = {name: "1"}
        with acme.terminal("login") as terminal:
            assert terminal.end() == 0
        assert "Already signed in" in terminal.shown
        assert "[y/N]" not in terminal.shown


def test_the_time_left_counts_on_a_terminal_and_nowhere_else(acme: Acme) -> None:
    acme.server.decision = "wait"
    with acme.terminal("login", "--device", stdout=subprocess.PIPE) as terminal:
        terminal.expect("Waiting ... (9:58 left)")
        acme.server.decision = "approve"
        assert terminal.end() == 0
        assert "\rWaiting ... (9:58 left)" in terminal.shown
        assert terminal.process.stdout
        assert terminal.process.stdout.read().startswith(b"Signed in as ada@example.com")


@pytest.mark.proves("K-64", "K-47")
@pytest.mark.parametrize("way", ["key", "signal"])
def test_ctrl_c_while_waiting_leaves_terminal_and_store_as_they_were(acme: Acme, way: str) -> None:
    acme.server.decision = "wait"
    with acme.terminal("login", "--device") as terminal:
        terminal.expect("Waiting ...")
        if way == "key":
            terminal.type("\x03")
        else:
            terminal.interrupt()
        assert terminal.end() == 130
        assert terminal.same_modes()
        assert terminal.shown.endswith("Stopped. Nothing was changed.\n")
        assert "Traceback" not in terminal.shown
    assert "access_token" not in acme.stored()


@pytest.mark.proves("K-64")
def test_ctrl_c_while_the_browser_is_open_gives_the_port_back(acme: Acme) -> None:
    acme.with_browser()
    acme.server.decision = "wait"
    port = _free_port()
    with acme.terminal("login", "--port", str(port)) as terminal:
        terminal.expect("Waiting for you in the browser ...")
        assert f"127.0.0.1%3A{port}" in terminal.shown
        terminal.type("\x03")
        assert terminal.end() == 130
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))


def test_an_interrupted_sign_in_under_json_ends_with_an_event(acme: Acme) -> None:
    acme.server.decision = "wait"
    with acme.terminal("login", "--device", "--json") as terminal:
        terminal.expect('"event":"verification"')
        terminal.type("\x03")
        assert terminal.end() == 130
    assert '{"event":"failed","error":{"code":"INTERRUPTED"' in terminal.shown


def test_a_token_comes_from_stdin_and_is_not_taken_from_the_command_line(acme: Acme) -> None:
    token = acme.server.new_token()
    done = acme.auth("login", "--with-token", stdin=f"  {token}\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Signed in as ada@example.com")
    assert token not in done.stdout + done.stderr
    assert acme.auth("token").stdout == token
    on_the_command_line = acme.auth("login", "--with-token", token)
    assert on_the_command_line.returncode == 2
    assert token not in on_the_command_line.stderr


def test_a_token_typed_on_a_terminal_stays_unseen(acme: Acme) -> None:
    token = acme.server.new_token()
    with acme.terminal("login", "--with-token") as terminal:
        terminal.expect("Paste the token, then press Enter: ")
        terminal.type(token + "\n")
        assert terminal.end() == 0
        assert terminal.same_modes()
    assert token not in terminal.shown
    assert "Signed in as ada@example.com" in terminal.shown


@pytest.mark.proves("K-64")
def test_ctrl_c_at_the_token_prompt_brings_the_echo_back(acme: Acme) -> None:
    with acme.terminal("login", "--with-token") as terminal:
        terminal.expect("press Enter: ")
        until(lambda: not terminal.same_modes())
        terminal.type("\x03")
        assert terminal.end() == 130
        assert terminal.same_modes()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--port", "70000"),
        ("--port", "web"),
        ("--storage", "cloud"),
        ("--with-token", "--device"),
        ("--with-token",),
    ],
)
def test_a_mistyped_login_exits_2_and_under_json_says_so_in_one_line(
    any_acme: Acme, arguments: tuple[str, ...]
) -> None:
    plain = any_acme.auth("login", *arguments)
    assert plain.returncode == 2
    assert plain.stderr
    as_json = any_acme.auth("login", *arguments, "--json")
    assert as_json.returncode == 2
    (line,) = documents(as_json.stderr)
    assert line["error"]["code"] == "USAGE"
    assert any_acme.server.paths() == []


@pytest.mark.proves("K-42")
def test_nothing_that_the_server_says_can_move_the_cursor(acme: Acme) -> None:
    acme.server.email = "ada\x1b[2J\u202e@example.com\nSigned in as root"
    done = acme.auth("login", "--device")
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    assert "\u202e" not in done.stdout
    assert done.stdout.count("\n") == 1


def test_a_server_that_is_not_there_is_a_temporary_failure(acme: Acme) -> None:
    acme.server.stop()
    done = acme.auth("login")
    assert done.returncode == 75
    assert done.stderr.startswith("fail  ")
    assert acme.server.host in done.stderr


def test_a_token_in_the_environment_is_named_because_it_still_wins(acme: Acme) -> None:
    acme.variables["ACME_TOKEN"] = "from-outside"
    done = acme.auth("login", "--device")
    assert done.returncode == 0, done.stderr
    assert "warn  ACME_TOKEN is set in the environment and is used instead.\n" in done.stderr


@pytest.mark.proves("K-66")
def test_verbose_says_which_way_was_chosen_and_why_but_no_secret(acme: Acme) -> None:
    done = acme.auth("login", "--verbose")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^Signing in by device: ", done.stderr, re.MULTILINE)
    assert [secret for secret in acme.server.secrets() if secret in done.stderr] == []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
