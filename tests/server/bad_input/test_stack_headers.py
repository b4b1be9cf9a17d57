"""Headers, queries, paths and methods that no honest client sends to the Stack-compatible API."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from keyturn.server.stack.routes import ENDPOINTS
from tests.server.bad_input.callers_ import API, Callers, code_of

if TYPE_CHECKING:
    import httpx2

    from keyturn.server.stack.endpoint import Endpoint
    from tests.server.in_process_ import InProcess

# The whole list of S-5; whatever answers below may carry nothing else.
ALLOWED = {
    "cache-control", "connection", "date", "etag", "keep-alive", "permissions-policy",
    "referrer-policy", "retry-after", "transfer-encoding", "vary", "x-content-type-options",
    "x-frame-options",
}  # fmt: skip
EVERY = [pytest.param(e, id=f"{e.method} {e.path}") for e in ENDPOINTS]
LONG = "x" * 20_000
ODD_TEXTS = (
    "", " ", "null", "undefined", "default\x00", "default, default", "defäult", "default'--",
    "../default", "%64efault", "{}", "[]", "0", LONG, "\x7f", "a\tb",
)  # fmt: skip


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


ODD_TOKENS = (
    *ODD_TEXTS, ".", "..", "...", "a.b", "a.b.c", "a.b.c.d", "é.é.é",
    f"{part({'alg': 'none'})}.{part({'sub': 'x'})}.",
    f"{part({'alg': 'HS256', 'kid': 'x'})}.{part({'sub': 'x'})}.AAAA",
    f"{part({'alg': ['ES256'], 'kid': {}})}.{part([])}.AAAA",
    f"{part([])}.{part(None)}.{'A' * 86}",
    f"{part({'alg': 'ES256', 'kid': 'x', 'crit': ['x']})}.{part({})}.{'A' * 86}",
    f"{base64.urlsafe_b64encode(b'[' * 9000).decode().rstrip('=')}.a.a",
    f"{base64.urlsafe_b64encode(bytes(200)).decode()}.a.a",
)  # fmt: skip


def ask(server: InProcess, headers: Any, method: str = "GET", path: str = "/users/me") -> Any:
    answer = server.request(method, API + path, headers=headers)
    only_allowed_headers(answer)
    return answer


def only_allowed_headers(answer: httpx2.Response) -> None:
    beyond = {
        name
        for name in answer.headers
        if name not in ALLOWED and not name.startswith(("access-control-", "content-", "x-stack-"))
    }
    assert not beyond


@pytest.mark.proves("S-4", "S-5", "T-11")
@pytest.mark.parametrize("family", ["x-stack-", "x-hexclave-"])
def test_no_project_header_has_a_value_that_breaks_anything(callers: Callers, family: str) -> None:
    expected: dict[str, set[str | None]] = {
        "access-type": {"INVALID_ACCESS_TYPE", "ACCESS_TYPE_REQUIRED"},
        "project-id": {"INVALID_PROJECT_FOR_ACCESS_TOKEN", "ACCESS_TYPE_WITHOUT_PROJECT_ID"},
        "publishable-client-key": {"INVALID_PUBLISHABLE_CLIENT_KEY", None},
        "branch-id": {"BRANCH_DOES_NOT_EXIST", None},
        "access-token": {"UNPARSABLE_ACCESS_TOKEN", "CANNOT_GET_OWN_USER_WITHOUT_USER"},
        "refresh-token": {None},
        "allow-anonymous-user": {"ANONYMOUS_AUTHENTICATION_NOT_ALLOWED"},
        "allow-restricted-user": {None},
        "random-nonce": {None},
        "client-version": {None},
    }
    for name, codes in expected.items():
        for value in ODD_TOKENS if name.endswith("token") else ODD_TEXTS:
            good = {k.replace("x-stack-", family): v for k, v in callers.signed_in.items()}
            headers = {**good, family + name: value}
            encoded = [(k.encode(), v.encode("latin-1")) for k, v in headers.items()]
            answer = ask(callers.server, encoded)
            assert answer.status_code in (200, 400, 401), (name, value, answer.text)
            found = code_of(answer) if answer.status_code != 200 else None
            assert found in codes, (name, value[:40], found)


@pytest.mark.proves("S-4")
@pytest.mark.parametrize(
    ("access", "key", "missing", "wrong"),
    [
        ("client", "publishable-client-key", None, "INVALID_PUBLISHABLE_CLIENT_KEY"),
        ("server", "secret-server-key", "SERVER_AUTHENTICATION_REQUIRED",
         "INVALID_SECRET_SERVER_KEY"),
        ("admin", "super-secret-admin-key", "ADMIN_AUTHENTICATION_REQUIRED",
         "INVALID_SUPER_SECRET_ADMIN_KEY"),
    ],
)  # fmt: skip
def test_a_wrong_or_missing_key_is_refused_whatever_it_looks_like(
    callers: Callers, access: str, key: str, missing: str | None, wrong: str
) -> None:
    headers = {"x-stack-access-type": access, "x-stack-project-id": "default"}
    path = "/projects/current"
    bare = ask(callers.server, headers, path=path)
    assert (code_of(bare) if missing else bare.status_code) == (missing or 200)
    others = ["ssk_of_other", "SSK_OF_ACME", "ssk_of_acm", "ssk_of_acme ssk_of_acme", LONG, "\xe9"]
    others += [f"{prefix}_" for prefix in ("pck", "ssk", "sak")]
    if access != "server":
        others.append("ssk_of_acme")  # a good key, of another kind
    for given in others:
        encoded = [
            *((k.encode(), v.encode()) for k, v in headers.items()),
            (f"x-stack-{key}".encode(), given.encode("latin-1")),
        ]
        answer = ask(callers.server, encoded, path=path)
        assert (answer.status_code, code_of(answer)) == (401, wrong), given


@pytest.mark.proves("S-4")
def test_a_header_given_twice_with_two_values_means_neither(callers: Callers) -> None:
    twice = {
        "x-stack-access-type": ("client", "server", "INVALID_ACCESS_TYPE"),
        "x-stack-project-id": ("default", "other", "INVALID_PROJECT_FOR_ACCESS_TOKEN"),
        "x-stack-access-token": (callers.user["access_token"], "a.b.c", "UNPARSABLE_ACCESS_TOKEN"),
        "x-stack-branch-id": ("main", "other", "BRANCH_DOES_NOT_EXIST"),
    }
    for name, (good, bad, code) in twice.items():
        for first, second in ((good, bad), (bad, good)):
            other_family = name.replace("stack", "hexclave")
            for second_name in (name, other_family, name.upper()):
                rest = {k: v for k, v in callers.signed_in.items() if k != name}
                answer = ask(callers.server, [*rest.items(), (name, first), (second_name, second)])
                assert code_of(answer) == code
            same = [*rest.items(), (name, good), (other_family, good)]
            assert ask(callers.server, same).status_code == 200


@pytest.mark.proves("S-1", "S-4")
@pytest.mark.parametrize("endpoint", EVERY)
def test_every_endpoint_wants_the_headers_it_is_for(callers: Callers, endpoint: Endpoint) -> None:
    path = callers.path(endpoint.path).removeprefix(API)
    bare = ask(callers.server, {}, endpoint.method, path)
    if endpoint.access is None:
        assert bare.status_code in (200, 400)
        return
    assert (bare.status_code, code_of(bare)) == (400, "ACCESS_TYPE_REQUIRED")
    key_alone = ask(callers.server, {"x-stack-secret-server-key": "k"}, endpoint.method, path)
    assert code_of(key_alone) == "PROJECT_KEY_WITHOUT_ACCESS_TYPE"
    type_alone = ask(callers.server, {"x-stack-access-type": "client"}, endpoint.method, path)
    assert code_of(type_alone) == "ACCESS_TYPE_WITHOUT_PROJECT_ID"
    nowhere = {"x-stack-access-type": "client", "x-stack-project-id": "nowhere"}
    assert code_of(ask(callers.server, nowhere, endpoint.method, path)) == (
        "CURRENT_PROJECT_NOT_FOUND"
    )
    if "client" not in endpoint.access:
        refused = ask(callers.server, callers.signed_in, endpoint.method, path)
        assert (refused.status_code, code_of(refused)) == (401, "INSUFFICIENT_ACCESS_TYPE")
    foreign = {**callers.signed_in, "x-stack-project-id": "other"}
    assert code_of(ask(callers.server, foreign, endpoint.method, path)) == (
        "INVALID_PROJECT_FOR_ACCESS_TOKEN"
    )


def is_answered_by(endpoint: Endpoint, path: str) -> bool:
    """Say whether an endpoint's path has a place for every segment."""
    template = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(endpoint.path))
    return re.fullmatch(template, path) is not None


@pytest.mark.proves("S-2", "S-5")
@pytest.mark.parametrize("endpoint", EVERY)
def test_another_method_or_address_is_a_text(callers: Callers, endpoint: Endpoint) -> None:
    path = callers.path(endpoint.path).removeprefix(API)
    taken = {e.method for e in ENDPOINTS if is_answered_by(e, path)}
    for method in {"PUT", "TRACE", "PROPFIND", "HEAD", "POST", "GET", "DELETE", "PATCH", "get"}:
        if method.upper() in taken:
            continue
        answer = ask(callers.server, callers.project_server, method, path)
        assert answer.status_code in (404, 405, 501), (method, answer.status_code)
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    for beyond in ("/", "//", "/x/y/z/%00", "/%2e%2e/%2e%2e/etc", "/\u202e", "/" + "x" * 30_000):
        if is_answered_by(endpoint, path + beyond):
            continue
        answer = ask(callers.server, callers.project_admin, endpoint.method, path + beyond)
        assert answer.status_code in (400, 404, 405, 501), (beyond, answer.text)
    preflight = ask(callers.server, {}, "OPTIONS", path)
    assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (204, "*")


@pytest.mark.proves("S-2", "T-11")
@pytest.mark.parametrize("endpoint", EVERY)
def test_an_unfit_query_is_a_schema_error(callers: Callers, endpoint: Endpoint) -> None:
    path = callers.path(endpoint.path).removeprefix(API)
    queries = ["%00=1", "&".join(["a=1"] * 3000)]
    # Whatever a provider adds to its answer is let through, and not read.
    is_open = endpoint.query.model_config.get("extra") == "ignore"
    queries += [] if is_open else ["a=1", "=", "a", "%ff=1", "is_admin=true"]
    for name in endpoint.query.model_fields:
        queries += [f"{name}=a&{name}=b", f"{name}=a%00b"]
        queries += [] if is_open else [f"{name}=a&x=1", f"{name}[]=a"]
    for query in queries:
        answer = ask(callers.server, callers.project_admin, endpoint.method, f"{path}?{query}")
        assert (answer.status_code, code_of(answer)) == (400, "SCHEMA_ERROR"), query[:60]


@pytest.mark.proves("T-11")
@pytest.mark.parametrize("path", ["/users", "/teams"])
def test_lists_take_any_text_to_search_for_and_no_other_numbers(
    callers: Callers, path: str
) -> None:
    texts = ["%25", "_" * 40_000, "%5c", "%5C%25", "'%20or%201=1--", "%f0%9f%98%80", "%ff%fe", "*"]
    for name in ("query", "cursor"):
        for text in texts:
            answer = ask(callers.server, callers.project_server, path=f"{path}?{name}={text}")
            assert answer.status_code in (200, 400), (name, text[:20], answer.text)
    for limit in ("0", "-1", "1.5", "1e3", "99999", "+1", "%31%30%30%30%30", "\u0661", "", "1%0a"):
        answer = ask(callers.server, callers.project_server, path=f"{path}?limit={limit}")
        assert code_of(answer) == "SCHEMA_ERROR", limit


@pytest.mark.proves("T-11")
def test_an_address_of_nothing_is_not_found_whatever_it_looks_like(callers: Callers) -> None:
    odd = ["0", "-1", "null", "%00", "%ff", "a" * 10_000, "%f0%9f%98%80", "a'b", "%25", "..%2f.."]
    for one in odd:
        for path in (f"/users/{one}", f"/teams/{one}", f"/projects/{one}/.well-known/jwks.json"):
            answer = ask(callers.server, callers.project_server, path=path)
            assert answer.status_code in (400, 404), (path, answer.text)
            assert answer.status_code == 404 or "%00" in path, path


@pytest.mark.proves("S-3")
def test_a_client_that_wants_errors_as_200_gets_every_refusal_so(callers: Callers) -> None:
    headers = {**callers.client, "x-stack-override-error-status": "true"}
    for method, path, status in (
        ("GET", "/users/me", 400),
        ("GET", "/users", 401),
        ("GET", "/nothing", 404),
        ("PUT", "/users/me", 405),
    ):
        answer = ask(callers.server, headers, method, path)
        assert (answer.status_code, answer.headers["x-stack-actual-status"]) == (200, str(status))
    not_built = ask(callers.server, headers, "POST", "/emails/capacity-boost")
    assert (not_built.status_code, not_built.headers["x-stack-actual-status"]) == (501, "501")
