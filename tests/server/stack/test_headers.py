"""Who is calling: the header checks, their order, and the two spellings of every header."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.server.in_process_ import InProcess, SetClock
from tests.server.stack.api_ import Api, code_of

Headers = dict[str, str]


def without(headers: Headers, *names: str) -> Headers:
    return {name: value for name, value in headers.items() if name not in names}


@pytest.mark.proves("S-1", "S-4")
@pytest.mark.parametrize(
    ("change", "status", "code", "details"),
    [
        pytest.param(
            lambda api: without(api.client, "x-stack-access-type"),
            400, "PROJECT_KEY_WITHOUT_ACCESS_TYPE", None, id="key-without-type",
        ),
        pytest.param(
            lambda api: {**api.client, "x-stack-access-type": "root"},
            400, "INVALID_ACCESS_TYPE", {"accessType": "root"}, id="wrong-type",
        ),
        pytest.param(
            lambda api: without(api.client, "x-stack-project-id"),
            400, "ACCESS_TYPE_WITHOUT_PROJECT_ID", {"request_type": "client"}, id="no-project",
        ),
        pytest.param(
            lambda api: {**api.client, "x-stack-access-token": "no.such.token"},
            401, "UNPARSABLE_ACCESS_TOKEN", None, id="garbage-token",
        ),
        pytest.param(
            lambda api: {**api.client, "x-stack-project-id": "nowhere"},
            400, "CURRENT_PROJECT_NOT_FOUND", {"project_id": "nowhere"}, id="unknown-project",
        ),
        pytest.param(
            lambda api: {**api.client, "x-stack-publishable-client-key": "pck_no"},
            401, "INVALID_PUBLISHABLE_CLIENT_KEY", "project", id="wrong-client-key",
        ),
        pytest.param(
            lambda api: {
                **api.client, "x-stack-publishable-client-key": api.keys.secret_server_key,
            },
            401, "INVALID_PUBLISHABLE_CLIENT_KEY", "project", id="key-of-another-kind",
        ),
        pytest.param(
            lambda api: without(api.secret, "x-stack-secret-server-key"),
            401, "SERVER_AUTHENTICATION_REQUIRED", "project", id="no-server-key",
        ),
        pytest.param(
            lambda api: {**api.secret, "x-stack-secret-server-key": "ssk_no"},
            401, "INVALID_SECRET_SERVER_KEY", "project", id="wrong-server-key",
        ),
        pytest.param(
            lambda api: without(api.admin, "x-stack-super-secret-admin-key"),
            401, "ADMIN_AUTHENTICATION_REQUIRED", "project", id="no-admin-key",
        ),
        pytest.param(
            lambda api: {**api.admin, "x-stack-super-secret-admin-key": "sak_no"},
            401, "INVALID_SUPER_SECRET_ADMIN_KEY", "project", id="wrong-admin-key",
        ),
        pytest.param(
            lambda api: {**api.client, "x-stack-branch-id": "dev"},
            400, "BRANCH_DOES_NOT_EXIST", {"branch_id": "dev"}, id="other-branch",
        ),
        pytest.param(lambda _: {}, 400, "ACCESS_TYPE_REQUIRED", None, id="no-headers"),
        pytest.param(
            lambda api: api.client,
            401, "INSUFFICIENT_ACCESS_TYPE",
            {"actual_access_type": "client", "allowed_access_types": ["server", "admin"]},
            id="not-enough-access",
        ),
    ],
)  # fmt: skip
def test_each_header_error_has_its_status_code_and_details(
    api: Api, change: Callable[[Api], Headers], status: int, code: str, details: Any
) -> None:
    answer = api.get("/users", change(api))
    expected = {"project_id": api.project.id} if details == "project" else details
    assert (answer.status_code, code_of(answer)) == (status, code)
    assert answer.json().get("details") == expected
    assert answer.json()["error"]


@pytest.mark.proves("S-4")
def test_of_several_mistakes_the_first_in_order_is_reported(api: Api, server: InProcess) -> None:
    other = Api.create(server, publishable_client_key_required=True)
    stale = api.guest().access_token
    headers = {
        "x-stack-publishable-client-key": "pck_no",
        "x-stack-access-token": stale,
        "x-stack-branch-id": "dev",
    }
    steps = [
        ({}, "PROJECT_KEY_WITHOUT_ACCESS_TYPE"),
        ({"x-stack-access-type": "root"}, "INVALID_ACCESS_TYPE"),
        ({"x-stack-access-type": "client"}, "ACCESS_TYPE_WITHOUT_PROJECT_ID"),
        ({"x-stack-project-id": "nowhere"}, "INVALID_PROJECT_FOR_ACCESS_TOKEN"),
        ({"x-stack-access-token": ""}, "CURRENT_PROJECT_NOT_FOUND"),
        ({"x-stack-project-id": other.project.id}, "INVALID_PUBLISHABLE_CLIENT_KEY"),
        (
            {"x-stack-publishable-client-key": ""},
            "PUBLISHABLE_CLIENT_KEY_REQUIRED_FOR_PROJECT",
        ),
        (
            {"x-stack-publishable-client-key": other.keys.publishable_client_key},
            "BRANCH_DOES_NOT_EXIST",
        ),
        ({"x-stack-branch-id": "main"}, "INSUFFICIENT_ACCESS_TYPE"),
        (
            {
                "x-stack-access-type": "server",
                "x-stack-secret-server-key": other.keys.secret_server_key,
            },
            "SCHEMA_ERROR",
        ),
    ]
    for more, code in steps:
        headers |= more
        answer = api.post("/users?nonsense=1", headers, content=b"{")
        assert code_of(answer) == code, code
    answer = api.post("/users", headers | {"content-type": "application/json"}, content=b"{")
    assert code_of(answer) == "BODY_PARSING_ERROR"


@pytest.mark.proves("S-4")
def test_access_token_errors_come_in_their_order(
    api: Api, server: InProcess, clock: SetClock
) -> None:
    guest, other = api.guest(), Api.create(server)
    quiet = without(guest.headers, "x-stack-allow-anonymous-user")
    assert code_of(api.get("/users/me", quiet)) == "ANONYMOUS_AUTHENTICATION_NOT_ALLOWED"
    foreign = {**quiet, **other.client, "x-stack-access-token": guest.access_token}
    wrong = api.get("/users/me", foreign)
    assert (wrong.status_code, code_of(wrong)) == (401, "INVALID_PROJECT_FOR_ACCESS_TOKEN")
    assert wrong.json()["details"] == {
        "expected_project_id": other.project.id,
        "actual_project_id": api.project.id,
    }
    issued = clock.now
    clock.advance(600)
    late = api.get("/users/me", foreign)
    assert (late.status_code, code_of(late)) == (401, "ACCESS_TOKEN_EXPIRED")
    assert late.json()["details"] == {"expired_at_millis": issued + 600_000}


@pytest.mark.proves("S-4")
def test_a_restricted_user_is_refused_unless_the_caller_expects_one(api: Api) -> None:
    person = api.person()
    restricted = {"restricted_by_admin": True, "restricted_by_admin_reason": "Under review"}
    api.send("PATCH", f"/users/{person.user_id}", api.secret, json=restricted)
    strict = without(person.headers, "x-stack-allow-anonymous-user")
    answer = api.get("/users/me", strict)
    assert (answer.status_code, code_of(answer)) == (403, "RESTRICTED_USER_NOT_ALLOWED")
    reason = {"type": "restricted_by_administrator"}
    assert answer.json()["details"] == {"restricted_reason": reason}
    for switch in ("x-stack-allow-restricted-user", "x-stack-allow-anonymous-user"):
        seen = api.get("/users/me", {**strict, switch: "true"})
        assert seen.status_code == 200
        assert seen.json()["restricted_reason"] == reason


@pytest.mark.proves("S-1")
def test_both_header_families_mean_the_same(api: Api) -> None:
    account = api.guest()
    stack = account.headers
    hexclave = {name.replace("x-stack-", "x-hexclave-"): value for name, value in stack.items()}
    mixed = {**stack, **{k: v for k, v in hexclave.items() if "project" in k}}
    for headers in (stack, hexclave, mixed):
        assert api.get("/users/me", headers).json()["id"] == account.user_id


@pytest.mark.proves("S-1")
def test_headers_that_contradict_one_another_win_nothing(api: Api, server: InProcess) -> None:
    other = Api.create(server)
    headers = {**api.client, "x-hexclave-project-id": other.project.id}
    assert code_of(api.get("/projects/current", headers)) == "CURRENT_PROJECT_NOT_FOUND"
    headers = {**api.client, "x-hexclave-access-type": "server"}
    assert code_of(api.get("/projects/current", headers)) == "INVALID_ACCESS_TYPE"


@pytest.mark.proves("S-4")
def test_a_publishable_key_may_be_left_out_where_the_project_does_not_require_it(
    api: Api, server: InProcess
) -> None:
    keyless = without(api.client, "x-stack-publishable-client-key")
    assert api.get("/projects/current", keyless).status_code == 200
    strict = Api.create(server, publishable_client_key_required=True)
    answer = strict.get(
        "/projects/current", without(strict.client, "x-stack-publishable-client-key")
    )
    assert answer.status_code == 401
    assert code_of(answer) == "PUBLISHABLE_CLIENT_KEY_REQUIRED_FOR_PROJECT"


def test_keys_that_were_rotated_are_refused_at_once(api: Api, server: InProcess) -> None:
    server.run(server.services.projects.rotate_keys(api.project.id))
    assert code_of(api.get("/users", api.secret)) == "INVALID_SECRET_SERVER_KEY"
