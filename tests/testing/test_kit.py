"""The kit's own parts, and an author's project whose tests use nothing else."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import keyturn
from keyturn.net.page import NotOnThePage
from keyturn.testing import MemoryStore, Person, Program, SignInServer
from keyturn.testing.plugin import effects_for

PROJECT = Path(__file__).resolve().parents[2] / "examples" / "tested_cli"


@pytest.fixture(scope="module")
def server() -> Iterator[SignInServer]:
    with SignInServer() as running:
        yield running


@pytest.fixture
def person(server: SignInServer) -> Iterator[Person]:
    with server.person() as somebody:
        yield somebody


@pytest.fixture
def auth(server: SignInServer, person: Person, tmp_path: Path) -> keyturn.Auth:
    return keyturn.Auth(
        "acme",
        issuer=server.issuer,
        client_id=server.client_id,
        home=str(tmp_path),
        storage="file",
        effects=effects_for(person, server),
    )


@pytest.mark.proves("K-82")
def test_an_authors_tests_pass_with_the_public_kit_alone(tmp_path: Path) -> None:
    for file in PROJECT.glob("*.py"):
        (tmp_path / file.name).write_text(file.read_text())
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "pytest", "-q", "--strict-markers", "-rA"],
        cwd=tmp_path,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout


@pytest.mark.proves("K-82")
def test_a_session_ends_renews_and_is_revoked_at_the_real_server(
    auth: keyturn.Auth, server: SignInServer, person: Person
) -> None:
    session = auth.login(method="loopback").session
    assert session.email == person.email
    assert person.pages[-2:] == ["Let Keyturn CLI sign in?", "Go back to your terminal"]
    first = auth.token()
    server.clock.advance(601)
    assert auth.token() != first
    assert auth.logout().revoked == "revoked"


@pytest.mark.proves("K-82")
def test_a_person_types_the_code_of_a_device_sign_in(auth: keyturn.Auth, person: Person) -> None:
    outcome = auth.login(method="device", on_event=person.on_event)
    assert outcome.session.email == person.email


@pytest.mark.proves("K-82")
def test_a_person_may_decline(auth: keyturn.Auth, person: Person) -> None:
    person.answer = "deny"
    with pytest.raises(keyturn.LoginDenied):
        auth.login(method="loopback")
    assert not auth.has_session()


def test_a_person_may_do_nothing(person: Person) -> None:
    person.answer = "nothing"
    assert person.open_url("http://127.0.0.1:9/")
    assert person.opened == ["http://127.0.0.1:9/"]
    assert person.pages == []


@pytest.mark.proves("K-82")
def test_a_stack_project_is_signed_in_to_as_well(
    server: SignInServer, person: Person, tmp_path: Path
) -> None:
    project = keyturn.StackProject(
        base_url=server.issuer,
        project_id=server.project_id,
        publishable_client_key=server.publishable_client_key,
        app_url=server.issuer,
    )
    auth = keyturn.Auth(
        "acme",
        stack=project,
        home=str(tmp_path),
        store=MemoryStore(),
        effects=effects_for(person, server),
    )
    assert auth.login(on_event=person.on_event).session.email == person.email


def test_what_goes_wrong_in_the_browser_is_raised_when_the_person_leaves(
    server: SignInServer,
) -> None:
    person = server.person()
    person.open_url(f"{server.issuer}/no-such-page")
    with pytest.raises(NotOnThePage):
        person.close()


def test_a_server_that_cannot_start_says_so_and_leaves_no_port_open(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    broken = SignInServer(data=tmp_path / "file")
    with pytest.raises(Exception, match=r"file|director"), broken:
        pass  # pragma: no cover
    assert broken.issuer == ""


def test_a_program_that_runs_here_sees_a_machine_of_its_own_and_leaves_ours_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_TOKEN", "the developer's own")
    monkeypatch.setenv("CI", "1")

    def main() -> None:
        print(sys.argv, os.environ.get("ACME_TOKEN"), os.environ.get("CI"), os.environ["ACME_HOME"])
        print(sys.stdin.read(), file=sys.stderr)
        raise SystemExit("it ended")

    program = Program(main, name="acme", home=tmp_path / "home", environ={})
    ran = program("a", "b", stdin="typed")
    assert ran.status == 1
    assert ran.out == f"['acme', 'a', 'b'] None None {tmp_path / 'home'}\n"
    assert ran.err == "typed\nit ended\n"


@pytest.mark.parametrize(("ended", "status"), [(None, 0), (0, 0), (4, 4), (True, 1)])
def test_the_exit_status_is_what_the_interpreter_would_make_of_it(
    ended: object, status: int, tmp_path: Path
) -> None:
    def main() -> object:
        if isinstance(ended, bool):
            sys.exit(1)
        return ended

    assert Program(main, name="acme", home=tmp_path, environ={})().status == status


def test_nobody_waits_at_the_door_of_a_person_who_has_left(server: SignInServer) -> None:
    person = server.person()
    port = int(person.environment["BROWSER"].split()[-1])
    person.close()
    with pytest.raises(OSError, match="refused"), socket.create_connection(("127.0.0.1", port)):
        pass  # pragma: no cover
