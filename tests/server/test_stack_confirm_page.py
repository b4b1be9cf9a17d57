"""The confirm page of the Stack-compatible CLI sign-in, pressed by a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.server.person_ import PASSWORD, Person

if TYPE_CHECKING:
    from tests.server.in_process_ import InProcess

HEADERS = {"x-stack-access-type": "client", "x-stack-project-id": "default"}


def api(server: InProcess, path: str, body: Any, **headers: str) -> Any:
    sent = {**HEADERS, **{k.replace("_", "-"): v for k, v in headers.items()}}
    return server.request("POST", f"/api/v1{path}", json=body, headers=sent)


def start(server: InProcess, **body: Any) -> dict[str, str]:
    answer = api(server, "/auth/cli", body, user_agent="acme/1.0 (Linux)")
    assert answer.status_code == 200, answer.text
    found: dict[str, str] = answer.json()
    return found


def link(code: str) -> str:
    return f"/handler/cli-auth-confirm?login_code={code}"


@pytest.fixture
def ada(server: InProcess) -> Person:
    person = Person(server)
    person.open("/sign-up")
    person.press("/sign-up", email="ada@example.com", password=PASSWORD)
    return person


@pytest.mark.proves("S-6a", "S-9a", "S-54")
def test_the_code_leaves_the_url_is_compared_and_approval_gives_the_cli_its_own_session(
    server: InProcess, ada: Person
) -> None:
    started = start(server)
    arrived = ada.open(link(started["login_code"]), follow=False)
    assert arrived.status_code == 303
    assert started["login_code"] not in arrived.headers["location"]
    ada.open(arrived.headers["location"])
    code = started["login_code"]
    assert code[:4] in ada.page.text
    assert code[4:8] in ada.page.text
    assert code not in ada.page.text
    assert "Linux" in ada.page.text
    ada.press("/cli/decide", decision="approve")
    assert "is signed in" in ada.page.text
    polled = api(server, "/auth/cli/poll", {"polling_code": started["polling_code"]})
    assert polled.status_code == 201
    assert polled.json()["refresh_token"] not in ada.cookies.values()
    ada.open("/sessions")
    ada.press("/sign-out")
    refreshed = server.request(
        "POST",
        "/api/v1/auth/sessions/current/refresh",
        headers={**HEADERS, "x-stack-refresh-token": polled.json()["refresh_token"]},
    )
    assert refreshed.status_code == 200, refreshed.text


@pytest.mark.proves("S-51")
def test_opening_the_link_decides_nothing_and_denying_ends_the_attempt(
    server: InProcess, ada: Person
) -> None:
    started = start(server)
    poll = {"polling_code": started["polling_code"]}
    ada.open(link(started["login_code"]))
    ada.open("/handler/cli-auth-confirm?decision=approve&confirmed=true")
    assert api(server, "/auth/cli/poll", poll).json()["status"] == "waiting"
    ada.press("/cli/decide", decision="deny")
    assert "Nothing was approved" in ada.page.text
    assert api(server, "/auth/cli/poll", poll).json()["status"] == "expired"


def test_a_stranger_signs_up_on_the_way_and_comes_back_to_the_question(server: InProcess) -> None:
    started = start(server)
    person = Person(server)
    person.open(link(started["login_code"]))
    assert "A terminal is waiting" in person.page.text
    person.open("/sign-up?continue=/handler/cli-auth-confirm")
    person.press("/sign-up", email="new@example.com", password=PASSWORD)
    person.press("/cli/decide", decision="approve")
    polled = api(server, "/auth/cli/poll", {"polling_code": started["polling_code"]})
    assert polled.status_code == 201


def test_another_address_adds_the_warning_and_the_box_is_required(
    server: InProcess, ada: Person
) -> None:
    answer = server.request("POST", "/api/v1/auth/cli", json={}, headers=HEADERS, ip="203.0.113.9")
    started = answer.json()
    ada.open(link(started["login_code"]))
    assert "another network" in ada.page.text
    ada.press("/cli/decide", decision="approve")
    assert ada.page.status_code == 422
    poll = {"polling_code": started["polling_code"]}
    assert api(server, "/auth/cli/poll", poll).json()["status"] == "waiting"
    ada.press("/cli/decide", decision="approve", recognised="yes")
    assert api(server, "/auth/cli/poll", poll).status_code == 201


@pytest.mark.proves("T-7", "S-9")
def test_keeping_the_guests_work_upgrades_it_in_place_and_kills_its_old_token(
    server: InProcess, ada: Person
) -> None:
    guest = api(server, "/auth/anonymous/sign-up", {}).json()
    started = start(server, anon_refresh_token=guest["refresh_token"])
    ada.open(link(started["login_code"]))
    assert "was used here as a guest" in ada.page.text
    ada.open("/sign-up?continue=/handler/cli-auth-confirm?keep%3Dguest")
    assert "Keep the guest" in ada.page.text
    ada.press("/sign-up", email="grace@example.com", password=PASSWORD)
    assert "grace@example.com" in ada.page.text
    ada.press("/cli/decide", decision="approve")
    polled = api(server, "/auth/cli/poll", {"polling_code": started["polling_code"]}).json()
    old, new = (
        server.request(
            "POST",
            "/api/v1/auth/sessions/current/refresh",
            headers={
                **HEADERS,
                "x-stack-refresh-token": token,
                "x-stack-allow-anonymous-user": "true",
            },
        )
        for token in (guest["refresh_token"], polled["refresh_token"])
    )
    assert old.status_code == 401
    assert new.status_code == 200
    me = server.request(
        "GET",
        "/api/v1/users/me",
        headers={**HEADERS, "x-stack-access-token": new.json()["access_token"]},
    ).json()
    assert me["id"] == guest["user_id"]


def test_an_attempt_decided_by_one_person_is_one_answer_to_everybody_else(
    server: InProcess, ada: Person
) -> None:
    started = start(server)
    eve = Person(server)
    eve.open("/sign-up")
    eve.press("/sign-up", email="eve@example.com", password=PASSWORD)
    for person in (ada, eve):
        person.open(link(started["login_code"]))
    ada.press("/cli/decide", decision="approve")
    eve.press("/cli/decide", decision="approve")
    assert "This code does not work" in eve.page.text
    assert "This code does not work" in eve.open("/handler/cli-auth-confirm").text
    assert "already approved" in ada.open("/handler/cli-auth-confirm").text
    assert "This code does not work" in ada.open(link("UNKNOWN0CODE")).text


@pytest.mark.proves("S-53")
def test_a_project_with_a_front_end_of_its_own_gets_the_person_there(start_server: Any) -> None:
    server = start_server(
        projects=[
            {
                "id": "internal",
                "display_name": "Internal",
                "urls": {"cli_auth_confirm": "https://app.example/cli"},
            }
        ]
    )
    headers = {"x-stack-access-type": "client", "x-stack-project-id": "internal"}
    code = server.request("POST", "/api/v1/auth/cli", json={}, headers=headers).json()["login_code"]
    answer = Person(server).open(link(code), follow=False)
    assert answer.headers["location"] == f"https://app.example/cli?login_code={code}"


@pytest.mark.proves("S-53")
def test_the_same_states_come_as_json_on_our_own_origin(server: InProcess, ada: Person) -> None:
    started = start(server)
    ada.open(link(started["login_code"]))
    headers = {"accept": "application/json", **ada.cookie_header()}
    state = server.request("GET", "/handler/cli-auth-confirm", headers=headers).json()
    assert state["state"] == "idle"
    decided = server.request(
        "POST",
        state["post_to"],
        data={"form_token": state["form_token"], "decision": "approve"},
        headers={**headers, "origin": "http://127.0.0.1:8102"},
    )
    assert decided.json() == {"state": "success", "approved": True}
    again = server.request("GET", "/handler/cli-auth-confirm", headers=headers).json()
    assert again["state"] == "invalid"
