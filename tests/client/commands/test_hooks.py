"""What a program's author hangs into the commands, and that an error there loses nothing."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import keyturn
from keyturn.client.commands.hooks import Bundle
from tests.client.commands.acme_ import Acme
from tests.issuers_.issuer_ import CLIENT_ID, Issuer

Run = Callable[..., int]


@pytest.fixture
def auth(server: Issuer, tmp_path: Path) -> keyturn.Auth:
    return keyturn.Auth("acme", issuer=server.url, client_id=CLIENT_ID, home=str(tmp_path))


@pytest.fixture
def signed_in(auth: keyturn.Auth, server: Issuer) -> keyturn.Auth:
    auth.login_with_token(server.new_token())
    return auth


def run(auth: keyturn.Auth, *arguments: str, **hooks: Any) -> int:
    parser = argparse.ArgumentParser(prog="acme")
    keyturn.attach_argparse(parser.add_subparsers(), auth, **hooks)
    args = parser.parse_args(["auth", *arguments])
    status: int = args.func(args)
    return status


@pytest.mark.proves("K-67")
def test_fetch_live_asks_the_programs_own_api(
    signed_in: keyturn.Auth, server: Issuer, capsys: pytest.CaptureFixture[str]
) -> None:
    given: list[Bundle] = []

    def fetch_live(bundle: Bundle) -> dict[str, Any]:
        given.append(bundle)
        return {"email": "ada@billing.example", "plan": "pro"}

    assert run(signed_in, "whoami", "--online", fetch_live=fetch_live) == 0
    assert capsys.readouterr().out == f"ada@billing.example ({server.host})\n"
    (bundle,) = given
    assert bundle.access_token == server.issued[-1]
    assert bundle.session
    assert bundle.session.email == "ada@example.com"
    assert bundle.access_token not in repr(bundle)


@pytest.mark.proves("K-67")
def test_a_program_words_status_and_whoami_itself(
    signed_in: keyturn.Auth, capsys: pytest.CaptureFixture[str]
) -> None:
    def render_text(document: dict[str, Any]) -> str:
        return f"You are {document['account']['email']}\x1b[2J.\nWelcome."

    def render_json(document: dict[str, Any]) -> dict[str, Any]:
        return {"me": document["account"]["id"]}

    for command in ("status", "whoami"):
        assert run(signed_in, command, render_text=render_text) == 0
        assert capsys.readouterr().out == "You are ada@example.com[2J.\nWelcome.\n"
        assert run(signed_in, command, "--json", render_json=render_json) == 0
        assert capsys.readouterr().out == '{"me":"ada"}\n'


@pytest.mark.proves("K-67")
def test_a_program_hears_of_nobody_signed_in_and_of_signing_out(
    auth: keyturn.Auth, server: Issuer
) -> None:
    heard: list[object] = []
    assert run(auth, "status", on_not_signed_in=lambda: heard.append("nobody")) == 4
    assert run(auth, "token", on_not_signed_in=lambda: heard.append("nobody")) == 4
    auth.login_with_token(server.new_token())
    assert run(auth, "logout", on_signed_out=lambda outcome: heard.append(outcome.account)) == 0
    assert heard == ["nobody", "nobody", "ada@example.com"]


@pytest.mark.proves("K-67")
def test_an_error_in_a_hook_loses_no_session_and_shows_no_secret(
    signed_in: keyturn.Auth, capsys: pytest.CaptureFixture[str], server: Issuer
) -> None:
    def broken(*given: Any) -> Any:
        raise RuntimeError("while working with " + signed_in.token())

    hooks = {"fetch_live": broken, "render_text": broken, "render_json": broken}
    assert run(signed_in, "status", "--online", **hooks) == 0
    assert run(signed_in, "whoami", "--json", **hooks) == 0
    shown = capsys.readouterr()
    assert "warn  broken of this program failed (RuntimeError)." in shown.err
    assert server.issued[-1] not in shown.out + shown.err
    assert "Signed in as ada@example.com" in shown.out
    assert signed_in.has_session()
    assert run(signed_in, "logout", on_signed_out=broken) == 0
    assert not signed_in.has_session()


@pytest.mark.proves("K-67", "K-61")
def test_a_program_ends_what_the_session_began_at_its_own_api_before_the_server_is_told(
    signed_in: keyturn.Auth, server: Issuer, capsys: pytest.CaptureFixture[str]
) -> None:
    given: list[tuple[str, str, bool]] = []

    def revoke(bundle: Bundle) -> bool:
        assert bundle.session
        given.append((bundle.access_token, bundle.session.account_id, signed_in.has_session()))
        return True

    assert run(signed_in, "logout", revoke=revoke) == 0
    assert given == [(server.issued[-1], "ada", True)]
    assert not signed_in.has_session()
    # A token brought along is nothing that the sign-in server would end; the hook's word counts.
    said = f"Signed out ada@example.com. The session was revoked at {server.host}.\n"
    assert capsys.readouterr() == (said, "")


@pytest.mark.proves("K-67", "K-61")
@pytest.mark.parametrize("answer", [None, False, RuntimeError("canary"), 7], ids=repr)
def test_whatever_becomes_of_that_the_server_is_told_and_the_session_forgotten(
    acme: Acme, capsys: pytest.CaptureFixture[str], answer: object
) -> None:
    acme.sign_in()
    auth = keyturn.Auth("acme", issuer=acme.server.url, client_id=CLIENT_ID, home=str(acme.state))

    def end_session(bundle: Bundle) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert run(auth, "logout", revoke=end_session) == 0
    assert acme.server.revoked()
    assert acme.stored_secrets() == []
    shown = capsys.readouterr()
    assert shown.out.endswith(f"The session was revoked at {acme.server.host}.\n")
    failure = "end_session of this program failed (RuntimeError)."
    refusal = "end_session of this program could not end the session of ada@example.com."
    said = failure if isinstance(answer, Exception) else refusal if answer is False else None
    assert shown.err == (f"warn  {said}\n" if said else "")


@pytest.mark.proves("K-67")
def test_under_all_each_account_is_ended_and_one_failure_stops_none(
    auth: keyturn.Auth, server: Issuer, capsys: pytest.CaptureFixture[str]
) -> None:
    for subject in ("ada", "bob", "eve"):
        server.subject = subject
        auth.login_with_token(server.new_token())
    heard: list[str] = []

    def revoke(bundle: Bundle) -> None:
        assert bundle.session
        heard.append(bundle.session.account_id)
        if bundle.session.account_id == "bob":
            raise RuntimeError

    assert run(auth, "logout", "--all", revoke=revoke) == 0
    assert sorted(heard) == ["ada", "bob", "eve"]
    assert not auth.has_session()
    assert run(auth, "logout", "--all", revoke=revoke) == 0
    assert len(heard) == 3
    assert capsys.readouterr().out.endswith("Nobody was signed in.\n")


@pytest.mark.proves("K-67", "K-27")
def test_ctrl_c_in_that_leaves_the_person_signed_out(signed_in: keyturn.Auth) -> None:
    def stopped(bundle: Bundle) -> bool:
        raise KeyboardInterrupt

    assert run(signed_in, "logout", revoke=stopped) == 130
    assert not signed_in.has_session()


@pytest.mark.proves("K-67")
@pytest.mark.parametrize("made", ["text", 7, {"a": {1, 2}}, [1], b"bytes"], ids=repr)
def test_a_hook_that_returns_nonsense_is_said_so_and_the_answer_is_given_without_it(
    signed_in: keyturn.Auth, capsys: pytest.CaptureFixture[str], made: object
) -> None:
    def odd(given: Any) -> Any:
        return made

    assert run(signed_in, "whoami", "--online", fetch_live=odd) == 0
    assert run(signed_in, "status", "--online", "--json", fetch_live=odd, render_json=odd) == 0
    shown = capsys.readouterr()
    assert shown.err.count("warn  odd of this program returned no JSON document.") == 3
    assert shown.out.startswith("ada@example.com (")
    assert '"signed_in":true' in shown.out
    if not isinstance(made, str):
        assert run(signed_in, "status", render_text=odd) == 0
        assert capsys.readouterr().out.startswith("Signed in as ada@example.com")
    assert signed_in.has_session()


@pytest.mark.proves("K-67")
def test_an_error_in_what_hears_of_nobody_signed_in_leaves_the_exit_status(
    auth: keyturn.Auth, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise KeyError("canary")

    for command in ("status", "token", "refresh", "whoami"):
        assert run(auth, command, on_not_signed_in=broken) == 4
    shown = capsys.readouterr().err
    assert shown.count("warn  broken of this program failed (KeyError).") == 4
    assert "canary" not in shown


def test_the_commands_may_hang_under_another_name(
    auth: keyturn.Auth, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser(prog="acme")
    keyturn.attach_argparse(parser.add_subparsers(), auth, name="account", dest="handler")
    args = parser.parse_args(["account", "status"])
    assert args.handler(args) == 4
    assert "Run `acme account login` to sign in." in capsys.readouterr().err


def test_a_programs_own_options_keep_their_values(auth: keyturn.Auth) -> None:
    parser = argparse.ArgumentParser(prog="acme")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--account", default="production")
    keyturn.attach_argparse(parser.add_subparsers(), auth)
    args = parser.parse_args(["--json", "auth", "status", "--account", "ada"])
    assert (args.json, args.account) == (True, "production")


def test_help_lists_the_commands_and_then_their_options(
    auth: keyturn.Auth, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="0"):
        run(auth, "--help")
    overview = capsys.readouterr().out
    assert "Print an access token that is valid now." in overview
    with pytest.raises(SystemExit, match="0"):
        run(auth, "login", "--help")
    assert "--with-token" in capsys.readouterr().out


def test_attaching_loads_no_command(auth: keyturn.Auth) -> None:
    import subprocess

    code = (
        "import argparse, sys, keyturn\n"
        "auth = keyturn.Auth('acme', issuer='https://id.example', client_id='acme-cli')\n"
        "parser = argparse.ArgumentParser()\n"
        "keyturn.attach_argparse(parser.add_subparsers(), auth)\n"
        "loaded = {n.rpartition('.')[2] for n in sys.modules if n.startswith('keyturn.client')}\n"
        "print(sorted(loaded & {'login', 'status', 'token', 'logout', 'whoami', 'hooks'}))\n"
        "print(sorted({'json', 'dataclasses', 'typing', 'urllib.request'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True)
    assert done.stdout == "[]\n[]\n", done.stderr
