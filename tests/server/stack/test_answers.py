"""What leaves the server: which headers, which status, on every path under /api."""

import re

import httpx2
import pytest

from keyturn.server.stack.endpoint import Wire
from keyturn.server.stack.not_built import OPERATIONS
from keyturn.server.stack.routes import ALIAS, ENDPOINTS, GREETING, VERSION
from tests.server.in_process_ import InProcess
from tests.server.stack.api_ import Api, code_of

VERSIONS = (VERSION, ALIAS)
ALLOWED = re.compile(
    r"access-control-.*|cache-control|connection|content-.*|date|etag|keep-alive"
    r"|permissions-policy|referrer-policy|transfer-encoding|vary"
    r"|x-content-type-options|x-frame-options|x-stack-.*"
)
PLAIN_TEXT = "text/plain; charset=utf-8"


def fill(path: str) -> str:
    """Put something where a path has a name or a star."""
    return re.sub(r"\{\w+\}|\*", "anything", path)


@pytest.mark.proves("S-5")
def test_no_answer_under_api_has_a_header_beyond_the_list(api: Api) -> None:
    answers = [
        api.server.request(endpoint.method, version + fill(endpoint.path), headers=headers)
        for version in VERSIONS
        for endpoint in ENDPOINTS
        for headers in (api.client, api.secret, {}, {"x-stack-override-error-status": "true"})
    ]
    answers += [api.server.get(path) for path in (*VERSIONS, f"{ALIAS}/nothing/here")]
    for answer in answers:
        beyond = [name for name in answer.headers if not ALLOWED.fullmatch(name)]
        assert not beyond, (answer.request.url, beyond)
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "x-stack-known-error" in answer.headers["access-control-expose-headers"]
        assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-stack-request-id"])
        fine = answer.headers["x-stack-actual-status"] == "200"
        public = fine and "jwks.json" in answer.request.url.path
        cache = "public, max-age=3600" if public else "no-store, max-age=0"
        assert answer.headers["cache-control"] == cache


@pytest.mark.proves("S-5")
@pytest.mark.parametrize("path", ["/api/v1/auth/cli", "/api/latest/users/me", "/api/what/ever"])
def test_options_is_answered_on_every_api_path(server: InProcess, path: str) -> None:
    asked = {
        "origin": "https://app.example",
        "access-control-request-method": "PATCH",
        "access-control-request-headers": "x-hexclave-access-token, content-type",
    }
    answer = server.request("OPTIONS", path, headers=asked)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "PATCH" in answer.headers["access-control-allow-methods"]
    allowed = answer.headers["access-control-allow-headers"].split(", ")
    assert {"x-hexclave-access-token", "x-stack-project-id", "content-type"} <= set(allowed)
    assert not [name for name in answer.headers if not ALLOWED.fullmatch(name)]


@pytest.mark.proves("S-3")
@pytest.mark.parametrize(
    "name", ["x-stack-override-error-status", "x-hexclave-override-error-status"]
)
def test_an_overridden_error_travels_as_200_with_its_real_status_beside_it(
    api: Api, name: str
) -> None:
    headers = {**api.client, name: "true"}
    body = {"polling_code": "ktp_unknown"}
    answer = api.post("/auth/cli/poll", headers, json=body)
    assert (answer.status_code, answer.headers["x-stack-actual-status"]) == (200, "400")
    assert code_of(answer) == "INVALID_POLLING_CODE"
    text = api.get("/nothing/here", headers)
    assert (text.status_code, text.headers["x-stack-actual-status"]) == (200, "404")
    fine = api.get("/projects/current", headers)
    assert (fine.status_code, fine.headers["x-stack-actual-status"]) == (200, "200")


@pytest.mark.proves("S-3")
def test_a_5xx_is_never_overridden(api: Api) -> None:
    headers = {**api.client, "x-stack-override-error-status": "true"}
    answer = api.post("/analytics/events/batch", headers, json={})
    assert (answer.status_code, answer.text) == (501, "Not implemented by this server")


@pytest.mark.proves("S-2")
def test_a_known_error_is_json_with_its_code_in_a_header(api: Api) -> None:
    answer = api.get("/users/me")
    assert answer.status_code == 400
    assert answer.headers["x-stack-known-error"] == "CANNOT_GET_OWN_USER_WITHOUT_USER"
    assert answer.json().keys() == {"code", "error"}
    assert answer.headers["content-type"].startswith("application/json")


@pytest.mark.proves("S-2")
def test_a_status_error_is_plain_text_without_that_header(api: Api) -> None:
    body = {"login_code": "unknown"}
    answer = api.post("/auth/cli/complete", json=body)
    assert answer.status_code == 400
    assert answer.text == "Invalid login code or the code has expired"
    assert answer.headers["content-type"] == PLAIN_TEXT
    assert "x-stack-known-error" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/nothing"), ("POST", "/auth"), ("GET", "/users/me/nothing"), ("PUT", "/")],
)
def test_an_unknown_operation_is_a_text_404(api: Api, method: str, path: str) -> None:
    answer = api.send(method, path, {})
    assert (answer.status_code, answer.headers["content-type"]) == (404, PLAIN_TEXT)
    assert "x-stack-known-error" not in answer.headers


def test_a_known_path_asked_with_another_method_says_so(api: Api) -> None:
    answer = api.get("/auth/cli")
    assert (answer.status_code, answer.headers["content-type"]) == (405, PLAIN_TEXT)


def test_what_clients_know_and_we_lack_says_501_and_is_not_documented(server: InProcess) -> None:
    documented = {
        (method, re.sub(r"\{\w+\}", "*", path.removeprefix(VERSION)))
        for path, methods in server.get("/openapi.json").json()["paths"].items()
        for method in methods
    }
    for operation in OPERATIONS.split("\n")[1:-1]:
        method, path = operation.split(" ")
        answer = server.request(method, VERSION + fill(path))
        assert (answer.status_code, answer.text) == (501, "Not implemented by this server")
        assert answer.headers["content-type"] == PLAIN_TEXT
        assert server.request(method, ALIAS + fill(path)).status_code == 501
        assert (method.lower(), path) not in documented


def test_the_greeting_and_the_health_check_need_no_headers(server: InProcess) -> None:
    for version in VERSIONS:
        answer = server.get(version)
        assert (answer.status_code, answer.text) == (200, GREETING)
    assert server.get("/health").status_code == 200


def test_both_versions_are_one(api: Api) -> None:
    latest = Api(server=api.server, project=api.project, keys=api.keys, prefix="/api/latest")
    account = latest.guest()
    assert (
        api.get("/users/me", account.headers).json()
        == latest.get("/users/me", account.headers).json()
    )


def test_a_database_that_is_away_is_a_503_with_retry_after(api: Api, server: InProcess) -> None:
    guest = api.guest()
    server.run(server.services.storage.close())
    for answer in (
        api.get("/users/me", guest.headers),
        api.post("/auth/anonymous/sign-up"),
        api.post("/auth/cli", json={}),
        server.get("/ready"),
    ):
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"
        assert isinstance(answer, httpx2.Response)


def test_a_surprise_is_a_500_that_tells_and_logs_no_secret(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError("canary-in-a-message")

    monkeypatch.setattr(type(api.server.services.cli_login), "poll", fail)
    answer = api.post("/auth/cli/poll", json={"polling_code": "canary-in-a-body"})
    assert (answer.status_code, answer.text) == (500, "Internal server error")
    assert "RuntimeError" in caplog.text
    assert "canary" not in caplog.text


@pytest.mark.proves("T-9")
def test_no_body_and_no_answer_shows_what_it_holds() -> None:
    class Told(Wire):
        password: str

    told = Told(password="correct horse")
    assert "horse" not in f"{told} {told!r} {[told]}"
