"""examples/minimal_cli, the program that the README shows: its own command, with sign-in."""

from tests.client.commands.acme_ import Acme, documents


def test_hello_greets_whoever_is_signed_in(acme: Acme) -> None:
    acme.sign_in()
    done = acme.run("hello")
    assert (done.returncode, done.stdout, done.stderr) == (0, "Hello, Ada.\n", "")


def test_hello_renews_the_session_silently_when_it_is_due(acme: Acme) -> None:
    acme.sign_in(lifetime=0)
    acme.server.lifetime = 600
    assert acme.run("hello").stdout == "Hello, Ada.\n"
    assert acme.run("hello").stdout == "Hello, Ada.\n"
    assert acme.server.grant_types() == ["authorization_code", "refresh_token"]


def test_hello_before_signing_in_says_how_and_exits_4(acme: Acme) -> None:
    done = acme.run("hello")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.splitlines()[1] == "      Run `acme auth login` to sign in."
    acme.variables["AI_AGENT"] = "1"
    (line,) = documents(acme.run("hello").stderr)
    assert line["error"]["code"] == "SIGN_IN_REQUIRED"


def test_hello_without_the_server_is_one_line_not_a_traceback(acme: Acme) -> None:
    acme.sign_in()
    acme.server.stop()
    done = acme.run("hello")
    assert done.returncode == 1
    assert done.stderr.startswith("acme: ")
    assert done.stderr.count("\n") == 1
