"""The OpenAPI document tells the truth about this API."""

import re
from typing import Any

import pytest

from keyturn.server.stack.endpoint import Nothing
from keyturn.server.stack.routes import ENDPOINTS, VERSION
from tests.server.in_process_ import InProcess


@pytest.fixture(scope="module")
def document(shared_server: InProcess) -> dict[str, Any]:
    found: dict[str, Any] = shared_server.get("/openapi.json").json()
    return found


def test_every_endpoint_is_documented_once_with_its_answers(document: dict[str, Any]) -> None:
    paths = {p: m for p, m in document["paths"].items() if p.startswith("/api")}
    documented = {(m.upper(), p) for p, methods in paths.items() for m in methods}
    declared = {(e.method, VERSION + e.path) for e in ENDPOINTS}
    assert documented == declared | {("GET", VERSION)}
    for endpoint in ENDPOINTS:
        operation = paths[VERSION + endpoint.path][endpoint.method.lower()]
        statuses = {str(status) for status in endpoint.answers}
        statuses |= {str(endpoint.redirects)} if endpoint.redirects else set()
        assert operation["responses"].keys() == statuses | {"4XX", "5XX"}
        assert operation["summary"]
        headers = {p["name"] for p in operation.get("parameters", []) if p["in"] == "header"}
        assert ("x-stack-access-type" in headers) == (endpoint.access is not None)
        assert ("requestBody" in operation) == (endpoint.body is not Nothing)
        names = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
        assert names == set(re.findall(r"\{(\w+)\}", endpoint.path))


def test_bodies_are_closed_and_say_what_they_need(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for endpoint in ENDPOINTS:
        if endpoint.body is not Nothing:
            schema = schemas[endpoint.body.__name__]
            assert schema["additionalProperties"] is False
            required = {n for n, m in endpoint.body.model_fields.items() if m.is_required()}
            assert set(schema.get("required", [])) == required


def test_the_refresh_grant_may_be_sent_as_a_form(document: dict[str, Any]) -> None:
    body = document["paths"]["/api/v1/auth/oauth/token"]["post"]["requestBody"]
    assert body["content"].keys() == {"application/json", "application/x-www-form-urlencoded"}


def test_members_that_are_not_built_are_not_documented(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for name in ("UserServerUpdate", "UserCreate"):
        assert "password_hash" not in schemas[name]["properties"]
    assert "oauth_providers" not in schemas["UserCreate"]["properties"]


def test_the_validation_error_of_the_framework_is_nowhere(document: dict[str, Any]) -> None:
    stack = {p: m for p, m in document["paths"].items() if p.startswith("/api")}
    assert not any("422" in op["responses"] for m in stack.values() for op in m.values())
