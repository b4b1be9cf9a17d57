"""Our SDK and the published JavaScript package: the same server, the same methods, one result."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

from keyturn.sdk import (
    MemoryTokenStore,
    Page,
    StackApiError,
    StackClientApp,
    StackServerApp,
    TokenPair,
)
from tests.e2e.agreeing_ import INLINE, Case
from tests.e2e.agreeing_features_ import CASES
from tests.e2e.published_ import FLOWS, PROJECT, install
from tests.requirements_ import require
from tests.served_ import Served, serving

pytestmark = pytest.mark.xdist_group("published-clients")

VERSION = "2.8.108"
PASSWORD = "correct horse battery"
CONFIG = f"""
[[projects]]
display_name = "Two SDKs"
client_team_creation_enabled = true
client_user_deletion_enabled = true
allow_user_api_keys = true
allow_team_api_keys = true
data_vault_stores = ["tokens"]
{chr(10).join(f'{name} = "{value}"' for name, value in PROJECT.items())}

[[projects.oauth_providers]]
id = "work"
type = "openid"
client_id = "keyturn"
issuer = "https://id.example.com"

[projects.payments.items.credits]
display_name = "Credits"
customer_type = "user"

[projects.payments.products.pro]
display_name = "Pro"
customer_type = "user"
prices = {{ monthly = {{ USD = "20.00", interval = [1, "month"] }} }}
included_items = {{ credits = {{ quantity = 10 }} }}
"""


OURS = "written in Python"
_STORE = "(await server.getDataVaultStore('tokens'))"
VAULT = (
    f"{_STORE}.getValue('from here', {{ secret: 'shared' }})",
    f"{_STORE}.setValue('from there', 'written in JavaScript', {{ secret: 'shared' }})",
)


class Side:
    """One SDK's own user, made like the other's."""

    def __init__(self, server: Served, name: str) -> None:
        common: dict[str, Any] = {"base_url": server.base, "project_id": PROJECT["id"]}
        key = PROJECT["publishable_client_key"]
        self.server = StackServerApp(
            **common, secret_server_key=PROJECT["secret_server_key"], publishable_client_key=key
        )
        self.email = f"{name}@example.com"
        self.user = self.server.create_user(
            primary_email=self.email,
            primary_email_verified=True,
            primary_email_auth_enabled=True,
            password=PASSWORD,
        )
        self.tokens: TokenPair = self.user.create_session().get_tokens()
        store = MemoryTokenStore(self.tokens)
        self.app = StackClientApp(**common, publishable_client_key=key, token_store=store)

    @property
    def facts(self) -> dict[str, Any]:
        return {"me": self.user.id, "email": self.email, "password": PASSWORD, "inline": INLINE}

    def close(self) -> None:
        self.app.close()
        self.server.close()


def in_javascript(side: Side, base: str) -> list[str]:
    """Return what came of each case in the published package."""
    given = {
        "tokens": {
            "accessToken": side.tokens.access_token,
            "refreshToken": side.tokens.refresh_token,
        },
        "facts": side.facts,
        "cases": [
            *({"js": each.js, "fields": _names(each, theirs=True)} for each in CASES),
            *({"js": each, "fields": []} for each in VAULT),
        ],
    }
    folder = {"folder": str(install(VERSION)), "baseUrl": base, "project": PROJECT}
    run = subprocess.run(
        [require("node"), str(FLOWS / "agree.mjs")],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "KEYTURN_FLOW": json.dumps(folder)},
        check=False,
    )
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    return [_text(each, {**told["ids"], "<email>": side.email}) for each in told["results"]]


def in_python(side: Side) -> list[str]:
    """Return what came of each case in our SDK."""
    facts = {**side.facts, "far_away": datetime(2100, 1, 1, tzinfo=UTC)}
    user = side.app.get_user(or_="raise")
    w = SimpleNamespace(user=user, there=side.server.get_user(side.user.id))
    results = [_outcome(each, side, w, facts) for each in CASES]
    ids = {"<me>": side.user.id, "<team>": w.team.id, "<elsewhere>": w.elsewhere.id}
    return [_text(each, {**ids, "<email>": side.email}) for each in results]


def _outcome(case: Case, side: Side, w: SimpleNamespace, facts: dict[str, Any]) -> dict[str, Any]:
    try:
        value = case.py(side.app, side.server, w, facts)
    except StackApiError as error:
        return {"error": error.code}
    return {"value": _picked(value, _names(case, theirs=False))}


def _picked(value: Any, names: list[str]) -> Any:
    if isinstance(value, Page | list | tuple):
        return [_picked(each, names) for each in value]
    if value is None or not names:
        return value
    return [_plain(_part(value, name)) for name in names]


def _part(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = getattr(value, name)
    return value


def _plain(value: Any) -> Any:
    return round(value.timestamp() * 1000) if isinstance(value, datetime) else value


def _names(case: Case, *, theirs: bool) -> list[str]:
    pairs = [each.partition("=") for each in case.fields.split()]
    if theirs:
        return [name for name, _, _ in pairs]
    return [ours or re.sub(r"[A-Z]", lambda m: "_" + m[0].lower(), name) for name, _, ours in pairs]


def _text(result: Any, ids: dict[str, str | None]) -> str:
    text = json.dumps(result, sort_keys=True)
    for name, value in ids.items():
        text = text.replace(value, name) if value else text
    return text


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("agree"), config=CONFIG, rate_limits="off") as served:
        answer = httpx2.post(
            f"{served.base}/api/v1/project-permission-definitions",
            json={"id": "billing"},
            headers={
                "x-stack-project-id": PROJECT["id"],
                "x-stack-access-type": "admin",
                "x-stack-super-secret-admin-key": PROJECT["super_secret_admin_key"],
            },
        )
        assert answer.status_code == 201, answer.text
        yield served


@pytest.fixture(scope="module")
def results(server: Served) -> Iterator[dict[str, tuple[str, str]]]:
    """Yield each case with what came of it here and there."""
    here, there = Side(server, "python"), Side(server, "javascript")
    here.server.get_data_vault_store("tokens").set("from here", OURS, secret="shared")
    *theirs, read, _ = in_javascript(there, server.base)
    pairs = zip(in_python(here), theirs, strict=True)
    found = dict(zip([case.name for case in CASES], pairs, strict=True))
    yield {**found, "a value of ours": (json.dumps(OURS), read)}
    here.close()
    there.close()


@pytest.mark.proves("D-9")
@pytest.mark.parametrize("name", [case.name for case in CASES])
def test_both_sdks_say_the_same(name: str, results: dict[str, tuple[str, str]]) -> None:
    ours, theirs = results[name]
    assert ours == theirs


@pytest.mark.proves("D-9")
def test_either_reads_what_the_other_locked_away(
    results: dict[str, tuple[str, str]], server: Served
) -> None:
    assert results["a value of ours"] == (json.dumps(OURS), json.dumps({"value": OURS}))
    side = Side(server, "reader")
    vault = side.server.get_data_vault_store("tokens")
    assert vault.get("from there", secret="shared") == "written in JavaScript"
    side.close()
