"""A registered program reads, changes and removes what it registered, and nobody else does."""

from collections.abc import Callable

import pytest

from tests.server.in_process_ import InProcess
from tests.server.oauth.grants_ import answer, approve, redeem, refresh
from tests.server.oauth.registering_ import NATIVE, declared, manage, registered
from tests.server.person_ import PASSWORD, Person, authorize_path


@pytest.fixture
def server(start_server: Callable[..., InProcess]) -> InProcess:
    return start_server(**declared("open"))


def test_reading_tells_what_registering_told_and_the_token_goes_on_working(
    server: InProcess,
) -> None:
    made = registered(server, contacts=["ops@acme.dev"], software_id="notes", logo_uri="")
    again = manage(server, "GET", made)
    assert again.status_code == 200
    assert again.json() == made
    assert made["contacts"] == ["ops@acme.dev"]
    assert "logo_uri" not in made


@pytest.mark.proves("T-13")
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_another_client_s_token_and_a_client_that_is_not_there_get_one_answer(
    server: InProcess, method: str
) -> None:
    mine, theirs = registered(server), registered(server)
    body = {**NATIVE, "client_id": mine["client_id"]} if method == "PUT" else None
    answers = [
        manage(server, method, mine, body, token=theirs["registration_access_token"]),
        manage(server, method, mine, body, client_id="reg_nobody"),
        manage(server, method, mine, body, client_id="keyturn-cli"),
        manage(server, method, mine, body, token="x" * 5000),
        server.request(method, f"/oauth/register/{mine['client_id']}", json=body),
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {
        (401, answers[0].text),
    }
    assert answers[0].json()["error"] == "invalid_token"
    assert manage(server, "GET", mine).json() == mine


def test_an_update_replaces_everything_and_counts_at_once(server: InProcess) -> None:
    made = registered(server, client_uri="https://acme.dev")
    elsewhere = "https://app.acme.dev/callback"
    body = {
        "client_id": made["client_id"],
        "redirect_uris": [elsewhere],
        "token_endpoint_auth_method": "none",
    }
    user = server.person()
    approve(server, user, client_id=made["client_id"])
    changed = manage(server, "PUT", made, body).json()
    assert changed["redirect_uris"] == [elsewhere]
    assert changed["grant_types"] == ["authorization_code"]
    assert "client_uri" not in changed
    assert changed["client_id_issued_at"] == made["client_id_issued_at"]
    code = approve(server, user, client_id=made["client_id"], redirect_uri=elsewhere)
    tokens = redeem(server, code, client_id=made["client_id"], redirect_uri=elsewhere).json()
    assert "refresh_token" not in tokens


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "keyturn-cli"},
        {"client_id": None},
        {"registration_access_token": "chosen by myself"},
        {"client_secret_expires_at": 0},
        {"client_secret": "not the one"},
        {"redirect_uris": ["http://evil.example/callback"]},
        {"software_statement": "e30."},
    ],
)
def test_an_update_that_is_not_acceptable_changes_nothing(
    server: InProcess, wrong: dict[str, object]
) -> None:
    made = registered(server, token_endpoint_auth_method="client_secret_basic")
    refused = manage(server, "PUT", made, {**NATIVE, "client_id": made["client_id"], **wrong})
    assert refused.status_code == 400
    assert refused.json()["error"] != "invalid_request"
    again = manage(server, "GET", made).json()
    secret = {"client_secret", "client_secret_expires_at"}
    assert again == {name: value for name, value in made.items() if name not in secret}


def test_a_program_that_begins_to_keep_a_secret_gets_one_and_goes_on_with_it(
    server: InProcess,
) -> None:
    made = registered(server)
    body = {**NATIVE, "client_id": made["client_id"], "token_endpoint_auth_method": None}
    begun = manage(server, "PUT", made, body).json()
    assert begun["client_secret"]
    kept = manage(server, "PUT", made, {**body, "client_secret": begun["client_secret"]}).json()
    assert "client_secret" not in kept
    own = {"client_id": made["client_id"], "client_secret": begun["client_secret"]}
    assert redeem(server, approve(server, server.person(), client_id=made["client_id"]), **own)
    ended = manage(server, "PUT", made, {**NATIVE, "client_id": made["client_id"]}).json()
    assert ended["token_endpoint_auth_method"] == "none"
    code = approve(server, server.person(), client_id=made["client_id"])
    assert redeem(server, code, client_id=made["client_id"]).is_success


@pytest.mark.proves("S-26")
def test_a_removed_client_s_sessions_end_and_nobody_else_s(server: InProcess) -> None:
    made, other, user = registered(server), registered(server), server.person()
    mine, theirs = (
        redeem(server, approve(server, user, client_id=c["client_id"]), client_id=c["client_id"])
        for c in (made, other)
    )
    assert manage(server, "DELETE", made).status_code == 204
    access = {"authorization": f"Bearer {mine.json()['access_token']}"}
    assert server.get("/oauth/userinfo", headers=access).status_code == 401
    gone = refresh(server, mine.json()["refresh_token"], client_id=made["client_id"])
    assert (gone.status_code, gone.json()["error"]) == (401, "invalid_client")
    assert manage(server, "GET", made).status_code == 401
    kept = refresh(server, theirs.json()["refresh_token"], client_id=other["client_id"])
    assert kept.is_success


def test_turning_registration_off_leaves_those_that_are_there(
    start_server: Callable[..., InProcess], server: InProcess
) -> None:
    made = registered(server)
    later = start_server(data=server.settings.data, **declared("off"))
    assert manage(later, "GET", made).json() == made
    assert manage(later, "DELETE", made).status_code == 204


@pytest.mark.proves("S-51")
def test_an_update_takes_back_what_people_had_approved_for_good(server: InProcess) -> None:
    made = registered(server, token_endpoint_auth_method="client_secret_basic")
    person = Person(server)
    person.open("/sign-up")
    person.press("/sign-up", email="ada@example.com", password=PASSWORD)
    asked = authorize_path(client_id=made["client_id"])
    silently = asked + "&prompt=none"
    person.open(asked)
    person.press("/cli/decide", decision="approve", follow=False)
    assert "code" in answer(person.open(silently, follow=False).headers["location"])
    secret = {"client_id": made["client_id"], "token_endpoint_auth_method": None}
    changed = manage(server, "PUT", made, {**NATIVE, **secret, "client_name": "Keyturn CLI"})
    assert changed.status_code == 200
    refused = answer(person.open(silently, follow=False).headers["location"])
    assert refused["error"] == "consent_required"
