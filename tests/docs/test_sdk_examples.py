"""The SDK's examples do what their pages say, against a real server."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from keyturn.sdk import MemoryTokenStore, StackClientApp
from tests.served_ import Served, serving

pytestmark = [
    pytest.mark.xdist_group("sdk-examples"),
    # Starlette's test client is built on a library that it would like to replace.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
KEY = "ssk_of_the_examples"
CONFIG = f"""
[[projects]]
id = "default"
display_name = "Examples"
client_team_creation_enabled = true
secret_server_key = "{KEY}"
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("examples"), config=CONFIG, rate_limits="off") as served:
        yield served


@pytest.fixture
def environment(server: Served, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    given = {
        "STACK_BASE_URL": server.base,
        "STACK_PROJECT_ID": "default",
        "STACK_SECRET_SERVER_KEY": KEY,
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return {**os.environ, **given}


@pytest.fixture
def person(server: Served) -> Iterator[StackClientApp]:
    """Yield the app that somebody is signed in to."""
    store = MemoryTokenStore()
    with StackClientApp(base_url=server.base, project_id="default", token_store=store) as app:
        app.sign_up_with_credential(email=f"{uuid4().hex[:8]}@example.com", password="long enough")
        yield app


def loaded(folder: str) -> ModuleType:
    """Return an example's module, imported as its server would."""
    found = importlib.util.spec_from_file_location(folder, EXAMPLES / folder / "app.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def keep_notes(client: Any, person: StackClientApp) -> None:
    """Go through an app as somebody who is signed in, and as a stranger."""
    headers = person.get_auth_headers()
    assert client.get("/notes").status_code == 401
    assert client.get("/notes", headers={"x-stack-auth": "nonsense"}).status_code == 401
    added = client.post("/notes?text=Buy+milk", headers=headers)
    assert added.status_code == 201
    kept = client.get("/notes", headers=headers)
    assert (kept.status_code, json.loads(kept.text)) == (200, ["Buy milk"])
    user = person.get_user(or_="raise", include_restricted=True)
    assert user is not None
    team = user.create_team(display_name="Compilers")
    secrets = client.get(f"/teams/{team.id}/secrets", headers=headers)
    assert (secrets.status_code, "cellar" in secrets.text) == (200, True)
    refused = client.get(f"/teams/{uuid4()}/secrets", headers=headers)
    assert refused.status_code == 403
    person.sign_out()
    assert client.get("/notes", headers=headers).status_code == 401


@pytest.mark.proves("D-10")
@pytest.mark.usefixtures("environment")
def test_the_fastapi_app_knows_who_is_calling(person: StackClientApp) -> None:
    with TestClient(loaded("sdk_fastapi").app) as client:
        keep_notes(client, person)


@pytest.mark.proves("D-10")
@pytest.mark.usefixtures("environment")
def test_the_flask_app_knows_who_is_calling(person: StackClientApp) -> None:
    module = loaded("sdk_flask")
    keep_notes(module.app.test_client(), person)
    module.stack.close()


VISIT = """
import json, sys
sys.path.insert(0, {folder!r})
import app
from django.core.wsgi import get_wsgi_application
from django.test import Client
get_wsgi_application()
client, facts = Client(), json.loads(sys.stdin.read())
def visit(method, path, signed_in=True):
    headers = facts["headers"] if signed_in else {{}}
    answer = getattr(client, method)(path, headers=headers)
    return [answer.status_code, json.loads(answer.content)]
print(json.dumps([
    visit("get", "/notes", signed_in=False)[0],
    visit("post", "/notes?text=Buy+milk"),
    visit("get", "/notes"),
    visit("get", "/teams/" + facts["team"] + "/secrets")[0],
    visit("get", "/teams/elsewhere/secrets")[0],
    visit("get", "/greeting"),
]))
"""


@pytest.mark.proves("D-10")
def test_the_django_app_knows_who_is_calling(
    environment: dict[str, str], person: StackClientApp
) -> None:
    user = person.get_user(or_="raise", include_restricted=True)
    assert user is not None
    team = user.create_team(display_name="Compilers")
    facts = {"headers": person.get_auth_headers(), "team": team.id}
    # In a process of its own: Django is configured once in each.
    run = subprocess.run(
        [sys.executable, "-c", VISIT.format(folder=str(EXAMPLES / "sdk_django"))],
        input=json.dumps(facts),
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == [
        401,
        [201, ["Buy milk"]],
        [200, ["Buy milk"]],
        200,
        403,
        [200, f"Hello, {user.primary_email}."],
    ]


@pytest.mark.proves("D-10")
def test_the_script_looks_after_the_projects_people(environment: dict[str, str]) -> None:
    def people(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(EXAMPLES / "sdk_scripts/people.py"), *arguments],
            capture_output=True,
            text=True,
            env={**environment, **changes},
            timeout=60,
            check=False,
        )

    email = f"{uuid4().hex[:8]}@example.com"
    added = people("add", email, "--name", "Ada")
    assert added.returncode == 0, added.stderr
    user_id = added.stdout.split()[-1]
    assert people("add", email).stdout == f"{email} is there already\n"
    assert people("rename", "Grace", user_id).returncode == 0
    assert f"{user_id}  {email}  Grace" in people("show").stdout
    refused = people("show", STACK_SECRET_SERVER_KEY="ssk_of_somebody_else")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "INVALID_SECRET_SERVER_KEY" in refused.stderr
