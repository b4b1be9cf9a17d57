"""The server against its own document: invented requests to every operation, by every caller.

Whatever is asked, the answer has a documented status, content type and shape, and only what is
known but not built answers 501. The requests are the same in every run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks

from keyturn.server.app import create_app
from keyturn.server.settings import Settings
from tests.requirements_ import rounds
from tests.served_ import Served, serving

if TYPE_CHECKING:
    from schemathesis import Case
    from schemathesis.core.transport import Response

Check = Callable[..., bool | None]
SAME: list[Check] = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
KEYS = {
    "publishable_client_key": "pck_of_acme",
    "secret_server_key": "ssk_of_acme",
    "super_secret_admin_key": "sak_of_acme",
}
# Declared, so that no invented request deletes the project that all of them are about.
CONFIG = f"""
[[projects]]
id = "default"
display_name = "Acme"
publishable_client_key = "{KEYS["publishable_client_key"]}"
secret_server_key = "{KEYS["secret_server_key"]}"
super_secret_admin_key = "{KEYS["super_secret_admin_key"]}"
data_vault_stores = ["tokens"]

[projects.payments.items.credits]
display_name = "Credits"
customer_type = "user"

[projects.payments.products.pro]
display_name = "Pro"
customer_type = "user"
prices.monthly = {{ USD = "10", interval = [1, "month"] }}
included_items.credits = {{ quantity = 5 }}

[[clients]]
id = "keyturn-cli"
project = "default"
"""
WHO = ("nobody", "client", "signed-in", "server", "admin")
REQUESTS_PER_OPERATION = rounds(bounded=15, ci=25, full=100)
_QUIETLY = settings(
    max_examples=REQUESTS_PER_OPERATION,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@cache
def document() -> schemathesis.schemas.BaseSchema:
    """Return the document of a server that need not run."""
    config = SchemathesisConfig.from_dict({"cache": {"enabled": False}})
    return schemathesis.openapi.from_dict(
        create_app(Settings.model_validate({})).openapi(), config=config
    )


def operations() -> list[Any]:
    return [
        pytest.param(result.ok(), id=result.ok().label)
        for result in document().get_all_operations()
        if isinstance(result, Ok)
    ]


@dataclass
class Caller:
    """Sends the invented requests, with somebody's credentials and things that exist."""

    served: Served
    session: requests.Session
    keys: dict[str, str]
    user: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    def project_headers(self, who: str) -> dict[str, str]:
        """Return the headers of one kind of access."""
        access = {"signed-in": "client"}.get(who, who)
        found = {"x-stack-access-type": access, "x-stack-project-id": "default"}
        if who == "server":
            found["x-stack-secret-server-key"] = self.keys["secret_server_key"]
        elif who == "admin":
            found["x-stack-super-secret-admin-key"] = self.keys["super_secret_admin_key"]
        elif who == "signed-in":
            found["x-stack-access-token"] = self.user["access_token"]
            found["x-stack-refresh-token"] = self.user["refresh_token"]
        return found

    def prepare(self) -> None:
        """Make a user and a team, since an earlier request may have deleted the last ones."""
        self.user = self._made("client", "/api/v1/auth/anonymous/sign-up", {})
        team = {"display_name": "Turners", "creator_user_id": self.user["user_id"]}
        self.ids = {
            "user_id": self.user["user_id"],
            "team_id": self._made("server", "/api/v1/teams", team)["id"],
            "project_id": "default",
            "customer_type": "user",
            "customer_id": self.user["user_id"],
            "item_id": "credits",
            "product_id": "pro",
            "store_id": "tokens",
        }

    def _made(self, who: str, path: str, body: dict[str, str]) -> dict[str, str]:
        answer = self.session.post(
            self.served.base + path, json=body, headers=self.project_headers(who), timeout=10
        )
        assert answer.ok, answer.text
        made: dict[str, str] = answer.json()
        return made

    def call(self, case: Case[Any], who: str, *, about_what_exists: bool) -> Response:
        """Send a request; a status that travels as 200 becomes what it was (server promise S-3)."""
        self._dress(case, who, about_what_exists)
        answer = case.call(base_url=self.served.base, session=self.session, timeout=10)
        actual = answer.headers.get("x-stack-actual-status")
        if actual is not None:
            answer.status_code = int(actual[0])
        return answer

    def _dress(self, case: Case[Any], who: str, about_what_exists: bool) -> None:
        if who != "nobody":
            for name in [n for n in case.headers if n.lower().startswith("x-stack-")]:
                del case.headers[name]
            case.headers.update(self.project_headers(who))
            if isinstance(case.body, dict) and case.operation.path.startswith("/oauth/"):
                case.body["client_id"] = "keyturn-cli"
                case.body.pop("client_secret", None)
        if about_what_exists:
            known = {n: v for n, v in self.ids.items() if n in case.path_parameters}
            case.path_parameters.update(known)


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    folder = tmp_path_factory.mktemp("openapi")
    settings = {"config": CONFIG, "rate_limits": "off"}
    with serving(folder, **settings) as served, requests.Session() as session:
        yield Caller(served, session, KEYS)
        assert "Traceback" not in served.log
        assert " ERROR " not in served.log


def requests_of(operation: Any) -> st.SearchStrategy[Case[Any]]:
    """Return valid requests, and where there is something to spoil, spoiled ones too."""
    modes = [GenerationMode.POSITIVE]
    if operation.body or operation.query:
        modes.append(GenerationMode.NEGATIVE)
    return st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in modes))


def spoiled(case: Case[Any]) -> bool:
    """Say whether body or query contradicts the document; headers are replaced by good ones."""
    parts = case.meta.components if case.meta else {}
    return any(
        parts[where].mode.is_negative
        for where in (ParameterLocation.BODY, ParameterLocation.QUERY)
        if where in parts
    )


@pytest.mark.proves("S-2", "S-3", "T-11")
@pytest.mark.parametrize("operation", operations())
def test_every_answer_is_one_that_the_document_promises(operation: Any, caller: Caller) -> None:
    caller.prepare()

    @_QUIETLY
    @given(case=requests_of(operation), who=st.sampled_from(WHO), existing=st.booleans())
    def ask(case: Case[Any], who: str, existing: bool) -> None:
        answer = caller.call(case, who, about_what_exists=existing)
        assert answer.status_code < 500 or answer.status_code == 501, case.as_curl_command()
        accepted = answer.status_code < 400 and spoiled(case)
        strict: list[Check] = [checks.negative_data_rejection] if accepted else []
        case.validate_response(answer, checks=SAME + strict)

    ask()
