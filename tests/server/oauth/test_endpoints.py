"""How the endpoints refuse, authenticate and let other origins ask."""

import json
import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote_plus

import pytest

from keyturn.server.declarations import ClientDeclaration
from tests.server.in_process_ import InProcess
from tests.server.oauth.grants_ import CLIENT, DEVICE_GRANT, redeem, refresh, signed_in

POSTED = ("/oauth/token", "/oauth/device_authorization", "/oauth/revoke", "/oauth/introspect")
DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+")
SECRET = "s:e c%r+é/t"


def basic(name: str, secret: str) -> dict[str, str]:
    joined = f"{quote_plus(name)}:{quote_plus(secret)}"
    return {"Authorization": "Basic " + b64encode(joined.encode()).decode()}


@pytest.fixture
def confidential(server: InProcess) -> str:
    """Declare a client with a secret, and return its id."""
    declared = ClientDeclaration.model_validate(
        {"id": "web app", "project": "default", "secret": SECRET}
    )
    server.run(server.services.projects.save_client(declared.client(server.services.secret)))
    return declared.id


FORM = "application/x-www-form-urlencoded"
MALFORMED: list[tuple[str | None, bytes, int]] = [
    ("application/json", b'{"grant_type": "refresh_token"}', 400),
    ("multipart/form-data; boundary=x", b"--x--", 400),
    ("text/plain", b"client_id=keyturn-cli", 400),
    (None, b"client_id=keyturn-cli", 400),
    (FORM, b"client_id=keyturn-cli&client_id=keyturn-cli", 400),
    (FORM, b"client_id=keyturn-cli&token=%00", 400),
    (FORM, b"client_id=keyturn-cli&token=%ff%fe", 400),
    (FORM, b"client_id=keyturn-cli&token=\xff\xfe", 400),
    (FORM, b"&".join(b"a%d=1" % number for number in range(70)), 400),
    (FORM, b"client_id=keyturn-cli&token=" + b"x" * 70_000, 413),
    (FORM, b"x" * 5_000_000, 413),
]


@pytest.mark.proves("S-20", "T-11")
@pytest.mark.parametrize("path", POSTED)
@pytest.mark.parametrize(("kind", "body", "status"), MALFORMED)
def test_what_is_no_form_is_an_invalid_request(
    server: InProcess, path: str, kind: str | None, body: bytes, status: int
) -> None:
    headers = {"Content-Type": kind} if kind else {}
    reply = server.post(path, content=body, headers=headers)
    assert (reply.status_code, reply.json()["error"]) == (status, "invalid_request")
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["pragma"] == "no-cache"


@pytest.mark.proves("S-20", "T-14")
def test_nothing_that_was_sent_comes_back_in_an_error(server: InProcess) -> None:
    mark = 'zq<script>"\\\r\nX: y'
    forms = [
        {"grant_type": mark, "client_id": CLIENT},
        {"grant_type": "refresh_token", "refresh_token": mark, "client_id": CLIENT},
        {"grant_type": "refresh_token", "refresh_token": "x", "client_id": mark},
        {"grant_type": DEVICE_GRANT, "device_code": mark, "client_id": CLIENT, mark: mark},
    ]
    for form in forms:
        reply = server.post("/oauth/token", data=form)
        assert set(reply.json()) == {"error", "error_description"}
        assert DESCRIPTION.fullmatch(reply.json()["error_description"])
        assert "zq" not in reply.text
        assert reply.headers["cache-control"] == "no-store"


@pytest.mark.proves("S-20")
def test_unknown_parameters_are_ignored_and_empty_ones_are_absent(server: InProcess) -> None:
    token = signed_in(server)["refresh_token"]
    reply = refresh(server, token, scope="", client_secret="", audience="x", anything="y")
    assert reply.status_code == 200
    assert refresh(server, "").json()["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"client_id": CLIENT}, "invalid_request"),
        ({"client_id": CLIENT, "grant_type": "password"}, "unsupported_grant_type"),
        ({"client_id": CLIENT, "grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"client_id": CLIENT, "grant_type": DEVICE_GRANT}, "invalid_request"),
    ],
)
def test_a_grant_must_be_named_known_and_complete(
    server: InProcess, form: dict[str, str], error: str
) -> None:
    reply = server.post("/oauth/token", data=form)
    assert (reply.status_code, reply.json()["error"]) == (400, error)


def test_a_grant_the_client_was_not_registered_for_is_refused(server: InProcess) -> None:
    found = server.run(server.services.projects.client(CLIENT))
    assert found is not None
    server.run(server.services.projects.save_client(replace(found, grants=(DEVICE_GRANT,))))
    assert refresh(server, "x").json()["error"] == "unauthorized_client"
    assert redeem(server, "x").json()["error"] == "unauthorized_client"


def test_a_confidential_client_proves_itself_in_either_way(
    server: InProcess, confidential: str
) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "x"}
    by_header = server.post("/oauth/token", data=form, headers=basic(confidential, SECRET))
    assert by_header.json()["error"] == "invalid_grant"
    by_form = {**form, "client_id": confidential, "client_secret": SECRET}
    assert server.post("/oauth/token", data=by_form).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("secret", ["", "wrong", SECRET + "x"])
def test_a_wrong_secret_is_challenged_where_basic_was_used(
    server: InProcess, confidential: str, secret: str
) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "x"}
    by_header = server.post("/oauth/token", data=form, headers=basic(confidential, secret))
    assert (by_header.status_code, by_header.json()["error"]) == (401, "invalid_client")
    assert by_header.headers["www-authenticate"].startswith("Basic ")
    by_form = server.post(
        "/oauth/token", data={**form, "client_id": confidential, "client_secret": secret}
    )
    assert (by_form.status_code, by_form.json()["error"]) == (401, "invalid_client")
    assert "www-authenticate" not in by_form.headers


def test_a_client_that_is_unknown_or_unreadable_is_invalid(server: InProcess) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "x"}
    for header in ("Basic", "Basic ???", "Basic " + b64encode(b"no colon").decode()):
        reply = server.post("/oauth/token", data=form, headers={"Authorization": header})
        assert (reply.status_code, reply.json()["error"]) == (401, "invalid_client")
    for name in ("nobody", "x" * 4000):
        reply = server.post("/oauth/token", data={**form, "client_id": name})
        assert (reply.status_code, reply.json()["error"]) == (401, "invalid_client")
    assert server.post("/oauth/token", data=form).json()["error"] == "invalid_client"


def test_a_public_client_may_come_by_basic_without_a_secret_but_not_with_one(
    server: InProcess,
) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "x"}
    empty = server.post("/oauth/token", data=form, headers=basic(CLIENT, ""))
    assert empty.json()["error"] == "invalid_grant"
    full = server.post("/oauth/token", data=form, headers=basic(CLIENT, "guess"))
    assert full.json()["error"] == "invalid_client"


def test_a_client_that_identifies_itself_in_two_ways_is_refused(
    server: InProcess, confidential: str
) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "x"}
    for more in ({"client_secret": SECRET}, {"client_id": CLIENT}):
        reply = server.post(
            "/oauth/token", data={**form, **more}, headers=basic(confidential, SECRET)
        )
        assert (reply.status_code, reply.json()["error"]) == (400, "invalid_request")
    twice = [("Authorization", v) for v in basic(confidential, SECRET).values()] * 2
    reply = server.post("/oauth/token", data=form, headers=twice)
    assert (reply.status_code, reply.json()["error"]) == (400, "invalid_request")


READ = (
    "/oauth/userinfo",
    "/oauth/jwks",
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-protected-resource",
)


@pytest.mark.proves("S-5")
@pytest.mark.parametrize("path", [*POSTED, *READ])
def test_any_origin_may_ask_without_credentials_of_a_browser(server: InProcess, path: str) -> None:
    preflight = server.request("OPTIONS", path, headers={"Origin": "https://app.example.com"})
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in preflight.headers
    assert "Authorization" in preflight.headers["access-control-allow-headers"]


@pytest.mark.parametrize("path", [*POSTED, *READ])
def test_another_method_is_refused_in_the_same_form(server: InProcess, path: str) -> None:
    reply = server.request("DELETE", path)
    assert (reply.status_code, reply.json()["error"]) == (405, "invalid_request")
    assert ("POST" if path in POSTED else "GET") in reply.headers["allow"]


def test_a_head_request_has_no_body(server: InProcess) -> None:
    reply = server.request("HEAD", "/oauth/jwks")
    assert reply.status_code == 200
    assert int(reply.headers["content-length"]) > 0
    assert reply.content == b""


@pytest.mark.proves("S-25", "S-26", "T-13")
def test_a_database_that_is_down_is_a_503_with_retry_after(server: InProcess) -> None:
    tokens = signed_in(server)
    server.run(server.services.storage.close())
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    replies = [
        refresh(server, tokens["refresh_token"]),
        redeem(server, "ktc_x"),
        server.post("/oauth/revoke", data={"token": "x", "client_id": "y"}),
        server.post("/oauth/revoke", data={"token": tokens["refresh_token"], "client_id": CLIENT}),
        server.post("/oauth/device_authorization", data={"client_id": CLIENT}),
        *(
            server.post("/oauth/introspect", data={"token": token, "client_id": CLIENT})
            for token in (tokens["refresh_token"], tokens["access_token"])
        ),
        server.get("/oauth/userinfo", headers=bearer),
    ]
    for reply in replies:
        assert (reply.status_code, reply.json()["error"]) == (503, "temporarily_unavailable")
        assert reply.headers["retry-after"] == "1"
        assert reply.headers["cache-control"] == "no-store"


def test_the_document_names_every_endpoint_and_its_refusals(server: InProcess) -> None:
    paths = json.loads(server.get("/openapi.json").content)["paths"]
    for path in POSTED:
        assert FORM in paths[path]["post"]["requestBody"]["content"]
        assert {"200", "400", "401", "413", "503"} <= set(paths[path]["post"]["responses"])
    assert {"get", "post"} == set(paths["/oauth/userinfo"])


def test_what_does_not_exist_yet_is_not_found(server: InProcess) -> None:
    assert server.post("/oauth/register", json={}).status_code == 404


def test_the_address_is_taken_from_a_trusted_proxy_alone(
    start_server: Callable[..., InProcess],
) -> None:
    for trusted, seen in (("10.0.0.0/8", "203.0.113.9"), ("", "10.0.0.1")):
        server = start_server(trusted_proxies=trusted)
        tokens = signed_in(server)
        server.post(
            "/oauth/token",
            ip="10.0.0.1",
            data={
                "grant_type": "refresh_token",
                "refresh_token": tokens["refresh_token"],
                "client_id": CLIENT,
            },
            headers={"X-Forwarded-For": "192.0.2.1, 203.0.113.9"},
        )
        session = server.run(server.services.sessions.find(tokens["session"]))
        assert session is not None
        assert session.last_used_ip == seen
