"""A program without a client id becomes a client of whatever server it meets (K-46)."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from keyturn.client.auth import Auth
from keyturn.client.login.base import LoginEvent
from keyturn.protocol.errors import (
    LoginDenied,
    PortUnavailable,
    RegistrationFailed,
    ServerUnreachable,
    SessionExpired,
    StoreReadFailed,
    UnexpectedReply,
)
from tests.client.machine_ import Machine
from tests.client.test_login import Events, get
from tests.issuers_.http_ import Answer, as_json
from tests.issuers_.openid_ import OpenIssuer

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def op() -> Iterator[OpenIssuer]:
    """Yield a running server that registers."""
    with OpenIssuer() as running:
        yield running


def program(machine: Machine, op: OpenIssuer, **options: object) -> Auth:
    return machine.auth(op, client_id=None, **options)


def browse(auth: Auth, **options: Any) -> str:
    """Sign in through the browser and return the redirect address that was named."""
    shown: list[str] = []

    def person(url: str) -> None:
        _, back = get(url)
        if not back:
            shown.append("the browser was shown an error, and nobody comes back")
        else:
            get(back)

    events = Events(person)

    def listen(event: LoginEvent) -> None:
        assert not shown, shown
        events(event)

    auth.login(method="loopback", force=True, on_event=listen, **options)
    (uri,) = parse_qs(urlsplit(events.links()[0].url).query)["redirect_uri"]
    return uri


def kept(machine: Machine) -> list[dict[str, Any]]:
    """Return the registrations as they are stored."""
    (path,) = machine.home.glob("registration-*.json")
    clients: list[dict[str, Any]] = json.loads(path.read_text())["clients"]
    return clients


@pytest.mark.proves("K-46")
def test_the_first_sign_in_registers_a_native_app_and_later_ones_go_on_as_that(
    op: OpenIssuer, machine: Machine
) -> None:
    auth = program(machine, op, scope="notes")
    first, second = browse(auth), browse(auth)
    auth.login(method="device", force=True)
    (client,) = op.clients.values()
    assert client["redirect_uris"] == ["http://127.0.0.1/callback"]
    assert client["token_endpoint_auth_method"] == "none"
    assert client["application_type"] == "native"
    assert (client["client_name"], client["scope"]) == ("acme", "notes")
    assert {urlsplit(uri).port for uri in (first, second)}.isdisjoint({None})
    assert {form["client_id"] for form in op.token_requests()} == {client["client_id"]}
    assert len(kept(machine)) == 1


@pytest.mark.proves("K-46")
def test_a_session_is_renewed_and_ended_as_the_client_it_was_granted_to(
    op: OpenIssuer, machine: Machine
) -> None:
    op.method = "client_secret_basic"
    auth = program(machine, op)
    browse(auth)
    op.extra_registration = {"client_secret_expires_at": 1}
    (path,) = machine.home.glob("registration-*.json")
    document = json.loads(path.read_text())
    document["clients"][0]["secret_expires_at"] = 1  # So the next sign-in makes a new client ...
    path.write_text(json.dumps(document))
    op.subject = "bob"
    browse(auth)
    assert len(op.clients) == 2
    assert auth.refresh(account="ada").account_id == "ada"  # ... and this is the earlier one's.
    assert auth.logout(account="ada").revoked == "revoked"


@pytest.mark.proves("K-46", "T-9")
def test_a_client_secret_is_in_one_private_file_and_nowhere_else(
    op: OpenIssuer, machine: Machine
) -> None:
    op.method = "client_secret_basic"
    auth = program(machine, op)
    browse(auth)
    auth.refresh()
    (client,) = op.clients.values()
    secret = client["client_secret"]
    holding = [f for f in machine.home.iterdir() if secret in f.read_text(errors="replace")]
    assert [f.name.split("-")[0] for f in holding] == ["registration"]
    assert holding[0].stat().st_mode & 0o777 == 0o600
    told = " ".join([*machine.traced, *machine.warnings, *machine.opened])
    assert secret not in told + repr(auth._runtime().registrations().of(client["client_id"]))
    os.chmod(holding[0], 0o644)
    with pytest.raises(StoreReadFailed):
        auth.refresh()


@pytest.mark.proves("K-46")
@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_what_the_server_says_of_proving_oneself_wins(
    op: OpenIssuer, machine: Machine, method: str
) -> None:
    op.method = method
    auth = program(machine, op)
    browse(auth)
    auth.login(method="device", force=True)
    auth.refresh()
    assert auth.logout().revoked == "revoked"


@pytest.mark.proves("K-46")
def test_a_server_that_refuses_the_port_gets_a_fixed_one_which_is_kept(
    op: OpenIssuer, machine: Machine
) -> None:
    op.any_port = False
    auth = program(machine, op)
    first = browse(auth)
    assert browse(auth) == first
    assert [c["redirect_uris"] for c in op.clients.values()][-1] == [first]
    registered = len(op.clients)
    with socket.create_server(("127.0.0.1", urlsplit(first).port or 0)):
        with pytest.raises(PortUnavailable, match="registered with") as caught:
            browse(auth)
        assert "--port" in str(caught.value.hint)
        assert len(op.clients) == registered
        with socket.create_server(("127.0.0.1", 0)) as free:
            other = free.getsockname()[1]
        assert urlsplit(browse(auth, port=other)).port == other
    assert urlsplit(browse(auth)).port == other


@pytest.mark.proves("K-46")
def test_a_server_that_registers_no_address_without_a_port_gets_one_with_it(
    op: OpenIssuer, machine: Machine
) -> None:
    op.any_port, register = False, op.routes["/oauth/register"]
    op.routes["/oauth/register"] = lambda asked: (
        register(asked)
        if urlsplit(asked.json["redirect_uris"][0]).port
        else as_json({"error": "invalid_redirect_uri"}, 400)
    )
    auth = program(machine, op)
    assert browse(auth) == browse(auth)
    assert len(op.clients) == 1


@pytest.mark.proves("K-46")
def test_a_device_sign_in_says_nothing_of_ports_so_the_first_browser_still_tries(
    op: OpenIssuer, machine: Machine
) -> None:
    op.any_port = False
    auth = program(machine, op)
    auth.login(method="device")
    assert kept(machine)[0]["port"] is None
    assert urlsplit(browse(auth)).port == kept(machine)[0]["port"]


@pytest.mark.proves("K-46")
@pytest.mark.parametrize("way", ["loopback", "device"])
def test_a_client_that_was_deleted_is_replaced_once_at_the_next_sign_in(
    op: OpenIssuer, machine: Machine, way: str
) -> None:
    auth = program(machine, op)
    browse(auth)
    op.clients.clear()
    for _ in range(2):
        if way == "loopback":
            browse(auth)
        else:
            auth.login(method="device", force=True)
    assert len(op.clients) == 1


@pytest.mark.proves("K-46", "K-28")
def test_a_refresh_registers_nothing_keeps_the_session_and_has_the_next_sign_in_do_it(
    op: OpenIssuer, machine: Machine
) -> None:
    auth = program(machine, op)
    browse(auth)
    before = dict(op.clients)
    op.clients.clear()
    with pytest.raises(SessionExpired, match="invalid_client"):
        auth.refresh()
    assert auth.session() is not None
    assert op.clients == {}
    assert kept(machine)[0]["refused"]
    op.clients |= before  # A server's bad minute: the session is as good as ever.
    assert auth.refresh()
    browse(auth)
    assert len(op.clients) == 2
    browse(auth)
    assert len(op.clients) == 2


@pytest.mark.proves("K-46")
def test_a_secret_that_has_ended_is_replaced_at_the_next_sign_in(
    op: OpenIssuer, machine: Machine
) -> None:
    op.method = "client_secret_basic"
    op.extra_registration = {"client_secret_expires_at": machine.now() + 3600}
    auth = program(machine, op)
    browse(auth)
    browse(auth)
    assert len(op.clients) == 1
    machine.ahead += 3601
    browse(auth)
    assert len(op.clients) == 2


@pytest.mark.proves("K-46")
def test_more_scope_than_was_registered_registers_both_and_then_serves_either(
    op: OpenIssuer, machine: Machine
) -> None:
    for scope in ("notes", "mail", "notes", "mail notes"):
        browse(program(machine, op, scope=scope))
    assert [client["scope"] for client in op.clients.values()] == ["notes", "notes mail"]


@pytest.mark.proves("K-46")
def test_two_programs_that_register_at_once_end_up_with_one_client(
    op: OpenIssuer, machine: Machine
) -> None:
    register = op.routes["/oauth/register"]

    def slowly(asked: Any) -> Answer:
        op.waits(0.2)  # The other one is at the lock by now.
        return register(asked)

    op.routes["/oauth/register"] = slowly
    code = (
        "import sys; from keyturn.client.auth import Auth\n"
        "sys.stdin.readline()\n"
        "auth = Auth('acme', issuer=sys.argv[1], home=sys.argv[2], storage='file')\n"
        "rt = auth._runtime()\n"
        "with rt.http() as http:\n"
        "    client = rt.registrations().for_sign_in(\n"
        "        http, rt.metadata(http), scope=None, port=None, fixed=False)\n"
        "print(client.id)\n"
    )
    command = [sys.executable, "-c", code, op.url, str(machine.home)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    racers = [subprocess.Popen(command, cwd=ROOT, **pipes) for _ in range(3)]
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("\n")
        racer.stdin.flush()
    found = {racer.communicate(timeout=30)[0].strip() for racer in racers}
    assert found == set(op.clients)
    assert len(found) == 1


@pytest.mark.proves("K-46", "K-47")
def test_a_crash_between_registering_and_storing_leaves_an_orphan_there_and_nothing_here(
    op: OpenIssuer, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.signed_in(op)
    auth = program(machine, op)
    machine.home.chmod(0o700)
    register = op.routes["/oauth/register"]

    def and_break(asked: Any) -> Answer:
        register(asked)
        return Answer(raw=b"")  # The answer is lost on the way: nobody here knows the client.

    op.routes["/oauth/register"] = and_break
    with pytest.raises(ServerUnreachable):
        browse(auth)
    assert not list(machine.home.glob("registration-*.json"))
    assert machine.runtime(op).store.index().sessions.keys() == {"ada"}
    op.routes["/oauth/register"] = register
    browse(auth)
    assert len(op.clients) == 2


@pytest.mark.proves("K-46", "K-63")
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (as_json({"error": "invalid_client_metadata"}, 400), RegistrationFailed),
        (as_json({"error": "invalid_token"}, 401), RegistrationFailed),
        (as_json({"error": "invalid_redirect_uri"}, 400), RegistrationFailed),
        (Answer(403, b"<html>"), RegistrationFailed),
        (Answer(503), ServerUnreachable),
        (Answer(201, b"<html>"), UnexpectedReply),
        (as_json({"client_id": ""}, 201), UnexpectedReply),
        (as_json({"client_id": "a\nb"}, 201), UnexpectedReply),
        (as_json({"client_id": "a", "client_secret": 7}, 201), UnexpectedReply),
        (as_json({"client_id": "a", "redirect_uris": ["https://evil"]}, 201), RegistrationFailed),
        (
            as_json({"client_id": "a", "token_endpoint_auth_method": "private_key_jwt"}, 201),
            RegistrationFailed,
        ),
    ],
    ids=str,
)
def test_a_registration_that_fails_is_said_and_nothing_is_stored(
    op: OpenIssuer, machine: Machine, answer: Answer, error: type[Exception]
) -> None:
    op.routes["/oauth/register"] = lambda asked: answer
    auth = program(machine, op)
    with pytest.raises(error) as caught:
        browse(auth)
    if error is RegistrationFailed:
        assert "client id" in str(caught.value.hint)  # type: ignore[attr-defined]
    assert not list(machine.home.glob("*.json"))


@pytest.mark.proves("K-46", "K-63")
def test_a_server_that_registers_nobody_and_one_that_wants_a_key_are_told_apart(
    op: OpenIssuer, machine: Machine
) -> None:
    op.extra_metadata = {"registration_endpoint": None}
    with pytest.raises(RegistrationFailed, match="does not register"):
        browse(program(machine, op))
    op.extra_metadata = {"token_endpoint_auth_methods_supported": ["private_key_jwt"]}
    with pytest.raises(RegistrationFailed, match="no way"):
        browse(program(machine, op))


@pytest.mark.proves("K-46")
@pytest.mark.parametrize("damage", ["{", "[]", '{"schema": 2, "clients": []}', '{"clients": [1]}'])
def test_a_damaged_registration_is_replaced_by_a_sign_in(
    op: OpenIssuer, machine: Machine, damage: str
) -> None:
    auth = program(machine, op)
    browse(auth)
    (path,) = machine.home.glob("registration-*.json")
    path.write_text(damage)
    browse(auth)
    assert len(op.clients) == 2
    assert auth.refresh()


@pytest.mark.proves("K-47")
def test_a_denied_sign_in_keeps_the_client_and_stores_no_session(
    op: OpenIssuer, machine: Machine
) -> None:
    op.decision = "deny"
    auth = program(machine, op)
    with pytest.raises(LoginDenied):
        browse(auth)
    op.decision = "approve"
    browse(auth)
    assert len(op.clients) == 1


@pytest.mark.proves("K-43", "T-5")
def test_clients_of_two_issuers_are_kept_apart_and_neither_answers_for_the_other(
    op: OpenIssuer, machine: Machine
) -> None:
    with OpenIssuer() as other:
        browse(program(machine, op))
        browse(program(machine, other))
        assert len(list(machine.home.glob("registration-*.json"))) == 2
        assert set(op.clients).isdisjoint(other.clients)
        for asked in other.token_requests():
            assert asked["client_id"] in other.clients
