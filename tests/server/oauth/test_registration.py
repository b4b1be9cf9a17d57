"""Programs register themselves where a project lets them, and get no more than they may have."""

from collections.abc import Callable
from typing import Any

import pytest

from keyturn.server.cleanup.sweeper import Sweeper
from keyturn.server.oauth import registration
from tests.server.in_process_ import InProcess
from tests.server.oauth.grants_ import approve, redeem, refresh
from tests.server.oauth.registering_ import (
    INITIAL,
    NATIVE,
    bearer,
    declared,
    manage,
    post,
    registered,
)
from tests.server.person_ import PASSWORD, Person, authorize_path

WELL_KNOWN = "/.well-known/oauth-authorization-server"
HOUR = 3600


@pytest.fixture
def server(start_server: Callable[..., InProcess]) -> InProcess:
    return start_server(**declared("open"))


@pytest.mark.proves("S-20", "T-11")
def test_where_nothing_is_said_nobody_registers_and_no_endpoint_is_named(
    start_server: Callable[..., InProcess],
) -> None:
    server = start_server()
    assert "registration_endpoint" not in server.get(WELL_KNOWN).json()
    refused = post(server)
    assert (refused.status_code, refused.json()["error"]) == (404, "invalid_request")


def test_an_open_project_takes_anybody_and_is_found_by_its_metadata(server: InProcess) -> None:
    told = server.get(WELL_KNOWN).json()
    assert told["registration_endpoint"] == f"{told['issuer']}/oauth/register"
    made = registered(server)
    for name, value in NATIVE.items():
        assert made[name] == value
    assert made["client_id_issued_at"] == server.clock.now // 1000
    assert made["registration_client_uri"].endswith(f"/oauth/register/{made['client_id']}")
    assert "client_secret" not in made


def test_with_an_initial_access_token_only_its_holders_register(
    start_server: Callable[..., InProcess],
) -> None:
    server = start_server(**declared("token"))
    assert "registration_endpoint" in server.get(WELL_KNOWN).json()
    for wrong in (None, "another token altogether"):
        refused = post(server, token=wrong)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith("Bearer ")
    assert registered(server, token=INITIAL)["client_name"] == NATIVE["client_name"]


def test_a_project_key_is_no_initial_access_token_and_the_reverse(
    start_server: Callable[..., InProcess],
) -> None:
    settings = declared("token")
    settings["projects"][0]["secret_server_key"] = "ssk of acme, which is long"
    server = start_server(**settings)
    assert post(server, token="ssk of acme, which is long").status_code == 401
    headers = {
        "x-stack-access-type": "server",
        "x-stack-project-id": "default",
        "x-stack-secret-server-key": INITIAL,
    }
    assert server.get("/api/v1/users", headers=headers).status_code == 401


def test_a_token_that_is_declared_no_more_is_worth_nothing(
    start_server: Callable[..., InProcess],
) -> None:
    first = start_server(**declared("token"))
    registered(first, token=INITIAL)
    first.run(first.services.projects.declare((), ()))
    other = declared("token")
    other["projects"][0]["initial_access_token"] = "one that has come after"
    data = first.settings.data
    second = start_server(data=data, **other)
    assert post(second, token=INITIAL).status_code == 401
    registered(second, token="one that has come after")


@pytest.mark.proves("T-14", "S-51")
def test_a_registered_program_signs_in_under_a_name_that_the_page_calls_its_own_choice(
    server: InProcess,
) -> None:
    name = "Keyturn \x1b[2J\u202e<b>CLI</b>"
    made = registered(server, client_name=name)
    assert made["client_name"] == "Keyturn [2J<b>CLI</b>"
    person = Person(server)
    person.open("/sign-up")
    person.press("/sign-up", email="ada@example.com", password=PASSWORD)
    page = person.open(authorize_path(client_id=made["client_id"])).text
    assert "the program chose it itself" in page
    assert "Keyturn [2J&lt;b&gt;CLI&lt;/b&gt;" in page
    plain = person.open(authorize_path()).text
    assert "the program chose it itself" not in plain


@pytest.mark.proves("T-14")
def test_so_does_the_page_of_a_device_code(server: InProcess) -> None:
    device = "urn:ietf:params:oauth:grant-type:device_code"
    made = registered(server, grant_types=[device], redirect_uris=None, response_types=None)
    assert made["response_types"] == []
    started = server.post(
        "/oauth/device_authorization", data={"client_id": made["client_id"]}
    ).json()
    person = Person(server)
    person.open("/sign-up")
    person.press("/sign-up", email="ada@example.com", password=PASSWORD)
    person.open("/device")
    page = person.press("/device", user_code=started["user_code"]).text
    assert "the program chose it itself" in page


@pytest.mark.proves("S-27")
def test_what_it_registered_for_is_what_it_gets(server: InProcess) -> None:
    made, user = registered(server), server.person()
    code = approve(server, user, client_id=made["client_id"])
    tokens = redeem(server, code, client_id=made["client_id"]).json()
    assert refresh(server, tokens["refresh_token"], client_id=made["client_id"]).is_success
    started = server.post("/oauth/device_authorization", data={"client_id": made["client_id"]})
    assert started.json()["error"] == "unauthorized_client"


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", None])
def test_a_secret_is_shown_once_and_then_needed(server: InProcess, method: str | None) -> None:
    made = registered(server, token_endpoint_auth_method=method)
    assert made["token_endpoint_auth_method"] == (method or "client_secret_basic")
    assert made["client_secret_expires_at"] == 0
    code = approve(server, server.person(), client_id=made["client_id"])
    bare = redeem(server, code, client_id=made["client_id"])
    assert (bare.status_code, bare.json()["error"]) == (401, "invalid_client")
    proven = {"client_id": made["client_id"], "client_secret": made["client_secret"]}
    assert redeem(server, code, **proven).is_success
    assert "client_secret" not in manage(server, "GET", made).json()


@pytest.mark.proves("T-9")
def test_neither_secret_nor_token_lies_in_the_database(server: InProcess) -> None:
    made = registered(server, token_endpoint_auth_method="client_secret_basic")
    server.close = lambda: None  # type: ignore[method-assign]
    InProcess.close(server)
    stored = b"".join(file.read_bytes() for file in server.settings.data.iterdir())
    assert made["client_id"].encode() in stored
    for name in ("client_secret", "registration_access_token"):
        assert made[name].encode() not in stored


@pytest.mark.proves("S-26")
def test_a_program_with_a_secret_of_its_own_making_learns_nothing_of_other_programs(
    server: InProcess,
) -> None:
    made = registered(server, token_endpoint_auth_method="client_secret_post")
    own = {"client_id": made["client_id"], "client_secret": made["client_secret"]}
    user = server.person()
    foreign = redeem(server, approve(server, user)).json()
    answer = server.post("/oauth/introspect", data={**own, "token": foreign["access_token"]})
    assert answer.json() == {"active": False}
    mine = redeem(server, approve(server, user, client_id=own["client_id"]), **own).json()
    answer = server.post("/oauth/introspect", data={**own, "token": mine["access_token"]})
    assert answer.json()["active"] is True


def test_scopes_are_those_of_the_project_and_its_apis(
    start_server: Callable[..., InProcess],
) -> None:
    api = {"uri": "https://notes.example.com", "project": "default", "scopes": {"notes": "Read"}}
    server = start_server(**declared("open", resources=[api]))
    assert "notes" in registered(server)["scope"].split()
    assert registered(server, scope="notes admin openid")["scope"] == "openid notes"
    refused = post(server, scope="admin")
    assert refused.json()["error"] == "invalid_client_metadata"


@pytest.mark.proves("T-11")
def test_one_address_registers_twenty_programs_an_hour_whatever_it_writes_in_its_headers(
    server: InProcess,
) -> None:
    for _ in range(registration.MOST_PER_HOUR):
        registered(server)
    refused = server.post(
        "/oauth/register", json=NATIVE, ip="5.9.1.7", headers={"x-forwarded-for": "5.9.1.99"}
    )
    assert (refused.status_code, refused.headers["retry-after"]) == (429, str(HOUR))
    registered(server, ip="5.9.1.8")
    server.clock.advance(HOUR + 1)
    registered(server)


@pytest.mark.proves("T-11")
def test_past_the_cap_the_oldest_that_nobody_used_makes_room_once_it_had_its_hour(
    start_server: Callable[..., InProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registration, "MOST_UNUSED", 3)
    server = start_server(**declared("open", rate_limits="off"))
    used = registered(server)
    code = approve(server, server.person(), client_id=used["client_id"])
    assert redeem(server, code, client_id=used["client_id"]).is_success
    oldest, second, third = (_a_second_later(server) for _ in range(3))
    full = post(server)
    assert full.status_code == 503
    assert "retry-after" in full.headers
    server.clock.advance(HOUR)
    newest = registered(server)
    there = {client["client_id"]: manage(server, "GET", client).status_code for client in
             (used, oldest, second, third, newest)}  # fmt: skip
    assert list(there.values()) == [200, 401, 200, 200, 200]


def _a_second_later(server: InProcess) -> dict[str, Any]:
    server.clock.advance(1)
    return registered(server)


@pytest.mark.proves("T-11")
def test_a_client_that_nobody_signed_in_with_is_gone_after_a_day_and_a_used_one_stays(
    server: InProcess,
) -> None:
    unused, used = registered(server), registered(server)
    code = approve(server, server.person(), client_id=used["client_id"])
    assert redeem(server, code, client_id=used["client_id"]).is_success
    sweeper = Sweeper(server.services.storage, server.services.clock)
    server.clock.advance(23 * HOUR)
    server.run(sweeper.sweep())
    assert manage(server, "GET", unused).status_code == 200
    server.clock.advance(2 * HOUR)
    server.run(sweeper.sweep())
    assert manage(server, "GET", unused).status_code == 401
    assert manage(server, "GET", used).status_code == 200
    server.clock.advance(400 * 24 * HOUR)
    server.run(sweeper.sweep())
    assert manage(server, "GET", used).status_code == 200
    declared_client = server.run(server.services.projects.client("keyturn-cli"))
    assert declared_client is not None


def test_a_browser_on_any_page_may_register_but_with_nobody_s_cookies(server: InProcess) -> None:
    asked = {"origin": "https://app.example", "access-control-request-method": "POST"}
    preflight = server.request("OPTIONS", "/oauth/register", headers=asked)
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in preflight.headers
    managed = server.request("OPTIONS", "/oauth/register/x", headers=asked)
    assert "PUT" in managed.headers["access-control-allow-methods"]


def test_every_answer_forbids_to_be_kept(server: InProcess) -> None:
    made = registered(server)
    answers = [
        post(server),
        post(server, redirect_uris=["ftp://x"]),
        manage(server, "GET", made),
        manage(server, "GET", made, token="wrong"),
        manage(server, "DELETE", made),
        server.post("/oauth/register", content=b"{", headers=bearer("x")),
    ]
    assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}
