"""Clients that somebody else wrote, at our server: they find it, register, sign in and leave.

Each is a small program beside this file, run with the library's own words only. What the library
checks of our answers (its RFCs, strictly) is as much a part of these tests as what they assert.
"""

import json
import os
import socket
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from keyturn.testing.person import Person
from tests.e2e.foreign_clients.program_ import run
from tests.installed_ import npm_locked, python_with
from tests.requirements_ import require
from tests.served_ import Served, serving

# One process for the whole file: server and installs are shared.
pytestmark = pytest.mark.xdist_group("foreign-clients")

HERE = Path(__file__).parent
SOURCES = HERE.parents[2] / "src"
SCOPE = "openid profile email"
EMAIL = "ada@example.com"
PLAIN = "profile email"


@pytest.fixture(scope="module")
def door() -> Iterator[socket.socket]:
    """Yield a listening socket on a free port of loopback, for the MCP server to come."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, door: socket.socket) -> Iterator[Served]:
    config = f"""
[[projects]]
id = "default"
display_name = "Acme"
registration = "open"

[[resources]]
uri = "{resource(door)}"
project = "default"
display_name = "Acme Notes"
scopes = {{ "notes.read" = "Read your notes" }}
"""
    folder = tmp_path_factory.mktemp("foreign")
    with serving(folder, config=config, rate_limits="off") as served:
        yield served
        assert "Traceback" not in served.log


@pytest.fixture(scope="module")
def person() -> Iterator[Person]:
    with Person(email=EMAIL) as somebody:
        yield somebody


def resource(door: socket.socket) -> str:
    return f"http://127.0.0.1:{door.getsockname()[1]}/mcp"


def environment(server: Served, **facts: Any) -> dict[str, str]:
    told = {"issuer": server.base, "scope": SCOPE, "plainScope": PLAIN, **facts}
    return {**os.environ, "FOREIGN_FLOW": json.dumps(told), "NO_PROXY": "127.0.0.1"}


@pytest.mark.proves("S-20", "S-25", "S-26", "S-23")
@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_openid_client_takes_the_id_token_with_its_signature_nonce_and_person(
    server: Served, person: Person, alg: str
) -> None:
    node, folder = require("node"), npm_locked("foreign-node", HERE / "node")
    found = run(
        [node, str(HERE / "node" / "openid_client.mjs")],
        person,
        environment=environment(server, folder=str(folder), idTokenAlg=alg),
    )
    assert found["email"] == EMAIL
    assert found["alg"] == alg


@pytest.mark.proves("S-20", "S-25", "S-26", "S-21")
def test_oauth4webapi_finds_every_answer_as_its_rfc_says(server: Served, person: Person) -> None:
    node, folder = require("node"), npm_locked("foreign-node", HERE / "node")
    found = run(
        [node, str(HERE / "node" / "oauth4webapi.mjs")],
        person,
        environment=environment(server, folder=str(folder)),
    )
    assert found["email"] == EMAIL


@pytest.mark.proves("S-20", "S-25", "S-26", "S-23")
@pytest.mark.parametrize("flow", ["authlib_flow", "requests_oauth2client_flow"])
def test_python_s_clients_sign_in_renew_and_leave(
    server: Served, person: Person, flow: str
) -> None:
    interpreter = python_with("foreign-python", HERE / "python" / "requirements.txt")
    found = run(
        [str(interpreter), str(HERE / "python" / f"{flow}.py")],
        person,
        environment=environment(server),
    )
    assert found["email"] == EMAIL


@pytest.mark.proves("S-20", "S-25", "T-12")
def test_the_mcp_sdk_gets_from_a_401_to_the_tools_behind_it_by_itself(
    server: Served, person: Person, door: socket.socket
) -> None:
    interpreter = python_with("foreign-python", HERE / "python" / "requirements.txt")
    facts = {"resource": resource(door), "listening": door.fileno()}
    found = run(
        [str(interpreter), str(HERE / "python" / "mcp_flow.py")],
        person,
        environment={**environment(server, **facts), "PYTHONPATH": str(SOURCES)},
        pass_fds=(door.fileno(),),
    )
    assert found["client_id"].startswith("reg_")
    assert set(found["scope"].split()) == {"notes.read", "offline_access"}
    body = found["access_token"].split(".")[1]
    claims = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    assert claims["aud"] == resource(door)
