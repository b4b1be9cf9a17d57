"""Good requests get the answers that the document shows: every operation succeeds here once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from schemathesis.core.failures import Failure, FailureGroup

from keyturn.server.app import create_app
from keyturn.server.settings import Settings
from tests.server.bad_input.callers_ import API, Callers
from tests.server.bad_input.good_administration_ import of_administration
from tests.server.bad_input.good_external_ import of_external
from tests.server.bad_input.good_goods_ import NEED_A_PAYMENT_PROVIDER, of_goods
from tests.server.bad_input.good_ways_in_ import of_ways_in
from tests.server.documented_ import assert_documented, document
from tests.server.oauth.grants_ import (
    approve,
    decide_device,
    poll,
    redeem,
    refresh,
    start_device,
)
from tests.server.oauth.registering_ import NATIVE, bearer

if TYPE_CHECKING:
    from tests.server.in_process_ import InProcess


class Checked:
    """Sends requests, compares each answer with the document, and notes what succeeded."""

    def __init__(self, callers: Callers) -> None:
        self.callers, self.succeeded = callers, set[str]()

    def note(self, answer: httpx2.Response, template: str) -> Any:
        """Compare an answer with what the document says of an operation."""
        method = answer.request.method
        assert answer.is_success, (method, template, answer.text)
        self.documented(template, method).validate_response(answer)
        self.succeeded.add(f"{method} {template}")
        is_json = answer.headers.get("content-type", "").startswith("application/json")
        return answer.json() if is_json else None

    def documented(self, template: str, method: str) -> Any:
        """Return what the document says of an operation."""
        return document()[template][method]

    def api(
        self, method: str, template: str, who: dict[str, str], body: Any = None, **ids: str
    ) -> Any:
        """Call an operation of the Stack-compatible API."""
        path = template.partition("?")[0]
        answer = self.callers.server.request(
            method, API + template.format_map(ids), headers=who, json=body
        )
        return self.note(answer, API + path)


def of_accounts(checked: Checked) -> None:
    callers, body = checked.callers, {"email": "new@example.com", "password": "correct horse"}
    client, backend = callers.client, callers.project_server
    checked.api("POST", "/auth/anonymous/sign-up", client)
    user = checked.api("POST", "/auth/password/sign-up", client, body)
    again = checked.api("POST", "/auth/password/sign-in", client, body)
    own = {**client, "x-stack-access-token": again["access_token"]}
    checked.api("GET", "/users/me", own)
    checked.api("PATCH", "/users/me", own, {"display_name": "Ada", "client_metadata": {"a": [1]}})
    checked.api("GET", "/users?limit=1&desc=true", backend)
    made = checked.api("POST", "/users", backend, {"primary_email": "made@example.com"})
    checked.api("GET", "/users/{user_id}", backend, user_id=made["id"])
    checked.api("PATCH", "/users/{user_id}", backend, {"display_name": "M"}, user_id=made["id"])
    checked.api("DELETE", "/users/{user_id}", backend, user_id=made["id"])
    of_sessions(checked, own, again, user["user_id"])
    checked.api("DELETE", "/users/me", {**backend, "x-stack-access-token": user["access_token"]})


def of_sessions(
    checked: Checked, own: dict[str, str], tokens: dict[str, str], user_id: str
) -> None:
    backend = checked.callers.project_server
    with_token = {**own, "x-stack-refresh-token": tokens["refresh_token"]}
    checked.api("POST", "/auth/sessions/current/refresh", with_token)
    checked.api(
        "POST",
        "/auth/oauth/token",
        {},
        {
            "grant_type": "refresh_token",
            "client_id": "default",
            "refresh_token": tokens["refresh_token"],
        },
    )
    checked.api("POST", "/auth/sessions", backend, {"user_id": user_id, "is_impersonation": True})
    listed = checked.api("GET", "/auth/sessions", own)["items"]
    other = next(item["id"] for item in listed if item["is_impersonation"])
    checked.api("DELETE", "/auth/sessions/{session_id}", own, session_id=other)
    checked.api("DELETE", "/auth/sessions/current", own)


def of_teams(checked: Checked) -> None:
    backend, me = checked.callers.project_server, checked.callers.user["user_id"]
    own = checked.callers.signed_in
    made = checked.api("POST", "/teams", backend, {"display_name": "Turners"})
    ids = {"team_id": made["id"], "user_id": me}
    checked.api("POST", "/team-memberships/{team_id}/{user_id}", backend, **ids)
    checked.api("GET", "/teams?user_id=me", own)
    checked.api("GET", "/teams/{team_id}", own, **ids)
    checked.api("PATCH", "/teams/{team_id}", backend, {"display_name": "T"}, **ids)
    checked.api("GET", "/team-member-profiles?team_id=" + made["id"], backend)
    checked.api("GET", "/team-member-profiles/{team_id}/{user_id}", own, **ids)
    profile = {"display_name": "Ada of the Turners"}
    checked.api("PATCH", "/team-member-profiles/{team_id}/{user_id}", own, profile, **ids)
    checked.api("DELETE", "/team-memberships/{team_id}/{user_id}", own, **ids)
    checked.api("DELETE", "/teams/{team_id}", backend, **ids)


def of_projects(checked: Checked) -> None:
    callers = checked.callers
    checked.api("GET", "/projects/current", callers.client)
    checked.api("GET", "/projects/current", callers.project_admin)
    checked.api("GET", "/internal/projects/current", callers.project_admin)
    checked.api("GET", "/projects/{project_id}/.well-known/jwks.json", {}, project_id="default")
    checked.note(callers.server.get(API), API)
    for probe in ("/health", "/ready"):
        checked.note(callers.server.get(probe), probe)


def of_cli_sign_in(checked: Checked) -> None:
    client, user = checked.callers.client, checked.callers.user
    guest = {"anon_refresh_token": user["refresh_token"]}
    started = checked.api("POST", "/auth/cli", client, guest)
    code = {"login_code": started["login_code"]}
    poll_body = {"polling_code": started["polling_code"]}
    checked.api("POST", "/auth/cli/poll", client, poll_body)
    checked.api("POST", "/auth/cli/complete", client, {**code, "mode": "check"})
    claimed = checked.api(
        "POST", "/auth/cli/complete", client, {**code, "mode": "claim-anon-session"}
    )
    done = {**code, "refresh_token": claimed["refresh_token"]}
    checked.api("POST", "/auth/cli/complete", client, done)
    checked.api("POST", "/auth/cli/poll", client, poll_body)


def of_oauth(checked: Checked, server: InProcess) -> None:
    person = server.person()
    tokens = checked.note(redeem(server, approve(server, person)), "/oauth/token")
    tokens = checked.note(refresh(server, tokens["refresh_token"]), "/oauth/token")
    started = start_device(server, host_name="quartz")
    form = {"client_id": "keyturn-cli"}
    checked.note(
        server.post("/oauth/device_authorization", data=form), "/oauth/device_authorization"
    )
    decide_device(server, started["user_code"], person)
    checked.note(poll(server, started["device_code"]), "/oauth/token")
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    for method in ("GET", "POST"):
        answer = server.request(method, "/oauth/userinfo", headers=bearer)
        checked.note(answer, "/oauth/userinfo")
    checked.note(server.post("/oauth/ack", headers=bearer), "/oauth/ack")
    asked = server.post("/oauth/introspect", data={**form, "token": tokens["refresh_token"]})
    checked.note(asked, "/oauth/introspect")
    names = ("oauth-authorization-server", "openid-configuration", "oauth-protected-resource")
    for path in ("/oauth/jwks", *(f"/.well-known/{name}" for name in names)):
        checked.note(server.get(path), path)
    checked.note(
        server.post("/oauth/revoke", data={**form, "token": tokens["refresh_token"]}),
        "/oauth/revoke",
    )


def of_registration(checked: Checked, server: InProcess) -> None:
    whole = "/oauth/register/{client_id}"
    made = checked.note(server.post("/oauth/register", json=NATIVE), "/oauth/register")
    path, headers = whole.format_map(made), bearer(made["registration_access_token"])
    checked.note(server.get(path, headers=headers), whole)
    body = {**NATIVE, "client_id": made["client_id"]}
    checked.note(server.request("PUT", path, headers=headers, json=body), whole)
    checked.note(server.request("DELETE", path, headers=headers), whole)


@pytest.mark.proves("S-2", "S-20", "S-25")
def test_every_operation_succeeds_as_documented(
    shared: InProcess, callers: Callers, server: InProcess
) -> None:
    checked = Checked(callers)
    for part in (of_projects, of_accounts, of_teams, of_cli_sign_in):
        part(checked)
    of_oauth(checked, shared)
    of_registration(checked, shared)
    of_external(checked, server)
    of_ways_in(checked, server)
    of_administration(checked, server)
    of_goods(checked, server)
    documented = {
        f"{method.upper()} {path}"
        for path, methods in create_app(Settings()).openapi()["paths"].items()
        for method in methods
    }
    # A new operation needs a good request above.
    assert sorted(documented - checked.succeeded) == sorted(NEED_A_PAYMENT_PROVIDER)


@pytest.mark.parametrize("operation", ["GET /contact-channels", "POST /team-invitations/accept"])
def test_an_answer_that_the_document_does_not_promise_is_objected_to(operation: str) -> None:
    method, _, path = operation.partition(" ")
    request = httpx2.Request(method, f"http://id.example{API}{path}")
    answer = httpx2.Response(200, json={"surprise": 1}, request=request)
    answer.elapsed = timedelta()
    with pytest.raises((Failure, FailureGroup)):
        assert_documented(answer)
