"""Every prompt and every wait, on a real terminal: interrupted, ended, hung up, unattended."""

import os
import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.client.commands.acme_ import Acme
from tests.client.commands.terminal_ import until
from tests.client.machine_ import Machine
from tests.issuers_.http_ import Answer, Asked

PASTE = "Paste the token, then press Enter: "
AGAIN = "Sign in again? [y/N] "
FIX = "Sign in now? [y/N] "
PROMPTS = {
    "login": (("login",), AGAIN),
    "login --with-token": (("login", "--with-token"), PASTE),
    "doctor --fix": (("doctor", "--fix"), FIX),
}


def signed_in(acme: Acme) -> None:
    """Store a session of ada that is not due."""
    Machine(acme.state).signed_in(acme.server)


def contents(folder: Path) -> dict[str, bytes]:
    """Return what is in every file below a folder."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def prepare(acme: Acme, prompt: str) -> None:
    """Bring acme into the state in which a prompt is shown."""
    signed_in(acme)
    if prompt == FIX:
        acme.server.owners.clear()  # The server no longer takes the token: a new sign-in helps.


@pytest.mark.proves("K-64", "K-47")
@pytest.mark.parametrize(("typed", "prompt"), PROMPTS.values(), ids=PROMPTS.keys())
@pytest.mark.parametrize("ending", ["ctrl-c", "ctrl-d", "hang-up"])
def test_a_prompt_that_is_not_answered_changes_nothing(
    acme: Acme, typed: Sequence[str], prompt: str, ending: str
) -> None:
    prepare(acme, prompt)
    before = contents(acme.state)
    with acme.terminal(*typed) as terminal:
        terminal.expect(prompt)
        if prompt == PASTE:
            until(lambda: not terminal.same_modes())  # the echo is hidden by now
        if ending == "hang-up":
            terminal.process.send_signal(signal.SIGHUP)
        else:
            terminal.type("\x03" if ending == "ctrl-c" else "\x04")
        status = terminal.end()
        assert terminal.same_modes() or ending == "hang-up"  # then there is no terminal any more
    assert "Traceback" not in terminal.shown
    expected = {"ctrl-c": 130, "hang-up": -signal.SIGHUP, "ctrl-d": _WITHOUT_AN_ANSWER[prompt]}
    assert status == expected[ending]
    assert contents(acme.state) == before


# No answer is a no: the session stays. There is no token to store; the problem is still there.
_WITHOUT_AN_ANSWER = {AGAIN: 0, PASTE: 2, FIX: 1}


@pytest.mark.proves("K-64")
def test_a_program_told_to_end_at_the_token_prompt_brings_the_echo_back(acme: Acme) -> None:
    with acme.terminal("login", "--with-token") as terminal:
        terminal.expect(PASTE)
        until(lambda: not terminal.same_modes())
        terminal.process.terminate()
        assert terminal.end() == 128 + signal.SIGTERM
        assert terminal.same_modes()
    assert "Traceback" not in terminal.shown


@pytest.mark.proves("K-64", "K-60")
@pytest.mark.parametrize(("typed", "prompt"), PROMPTS.values(), ids=PROMPTS.keys())
def test_without_a_terminal_nobody_is_asked(acme: Acme, typed: Sequence[str], prompt: str) -> None:
    prepare(acme, prompt)
    before = contents(acme.state)
    done = subprocess.run(
        [*acme.argv, "auth", *typed],
        env=acme.env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        start_new_session=True,  # no controlling terminal either, as under cron
    )
    assert prompt.strip() not in done.stdout + done.stderr
    assert done.returncode == _WITHOUT_AN_ANSWER[prompt]
    assert "Traceback" not in done.stderr
    assert contents(acme.state) == before


@pytest.mark.proves("K-64")
def test_a_question_whose_screen_has_gone_is_answered_no(acme: Acme) -> None:
    signed_in(acme)
    read, write = os.pipe()
    os.close(read)
    before = contents(acme.state)
    with acme.terminal("login", stdout=write) as terminal:
        terminal.expect(AGAIN)
        terminal.type("n\n")
        assert terminal.end() == 0
    os.close(write)
    assert "Traceback" not in terminal.shown
    assert contents(acme.state) == before


@pytest.mark.proves("K-64", "K-47")
@pytest.mark.parametrize("way", ["browser", "device"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminated"])
def test_stopping_while_the_person_is_in_the_browser_leaves_everything_as_it_was(
    acme: Acme, way: str, number: signal.Signals
) -> None:
    signed_in(acme)
    before = contents(acme.state)
    acme.server.decision = "wait"
    port = free_port()
    typed = ["--device"] if way == "device" else ["--port", str(port)]
    if way == "browser":
        acme.with_browser()
    with acme.terminal("login", "--force", *typed) as terminal:
        terminal.expect("Type " if way == "device" else "Waiting")
        if number == signal.SIGINT:
            terminal.type("\x03")
        else:
            terminal.process.send_signal(number)
        assert terminal.end() == (130 if number == signal.SIGINT else -signal.SIGTERM)
        assert terminal.same_modes()
    assert "Traceback" not in terminal.shown
    assert contents(acme.state) == before
    assert acme.server.revoked() == []
    bind(port)


@pytest.mark.proves("K-64", "K-47")
def test_ctrl_c_while_the_tokens_are_fetched_stores_nothing(acme: Acme) -> None:
    signed_in(acme)
    before = contents(acme.state)
    acme.with_browser()
    redeem = acme.server.routes["/oauth/token"]

    def slowly(asked: Asked) -> Answer:
        acme.server.waits(0.5)
        return redeem(asked)

    acme.server.routes["/oauth/token"] = slowly
    with acme.terminal("login", "--force") as terminal:
        until(lambda: "/oauth/token" in acme.server.paths())
        terminal.type("\x03")
        assert terminal.end() == 130
    assert contents(acme.state) == before


@pytest.mark.proves("K-47", "K-64")
def test_ctrl_c_while_the_earlier_session_is_being_ended_does_not_undo_the_sign_in(
    acme: Acme,
) -> None:
    signed_in(acme)
    acme.with_browser()
    revoke = acme.server.routes["/oauth/revoke"]

    def never(asked: Asked) -> Answer:
        acme.server.waits(30)
        return revoke(asked)

    acme.server.routes["/oauth/revoke"] = never
    with acme.terminal("login", "--force") as terminal:
        until(lambda: "/oauth/revoke" in acme.server.paths())
        terminal.type("\x03")
        assert terminal.end() == 0
    assert "Signed in as ada@example.com" in terminal.shown
    assert acme.auth("token").stdout == acme.server.issued[-1]


@pytest.mark.proves("K-47", "T-4", "K-60")
def test_a_person_may_sign_in_as_somebody_else_and_is_told(acme: Acme) -> None:
    Machine(acme.state).signed_in(acme.server, due=True, session_ends_at=5.0)
    acme.server.subject = "bob"
    acme.with_browser()
    unattended = acme.auth("login")
    assert unattended.returncode == 1
    assert "Run `acme auth login --force` to change the account." in unattended.stderr
    with acme.terminal("login") as terminal:
        assert terminal.end() == 0
    assert "Before this you were signed in as ada@example.com." in terminal.shown
    assert acme.auth("whoami").stdout.startswith("bob@example.com")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


def bind(port: int) -> None:
    """Listen on a port, which raises when somebody else still does."""
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))
        again.listen()
