"""The app around the server knows the people: its sign-in page, its ids, its word for who asks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.requests import Request

from keyturn.server import close_account, reopen_account
from keyturn.server.accounts import store as accounts
from keyturn.server.app import create_app
from keyturn.server.mounting.rules import (
    HostUser,
    host_user,
    settings_for_host_users,
    sign_in_address,
)
from keyturn.server.settings import Settings, SettingsProblem
from tests.server.in_process_ import BASE_URL, InProcess
from tests.server.person_ import VERIFIER, Person, authorize_path

ADA = HostUser(id="ada", email="ada@example.com", email_verified=True, name="Ada Lovelace")
KNOWN = {"ada": ADA, "bob": "bob", "seven": 7, "nobody": None, "wrong": {"id": "x"}}

pytestmark = pytest.mark.proves("S-63")


def identify(request: Request) -> Any:
    """Return who asks, as a host does that keeps its users in a cookie of its own."""
    return KNOWN[request.cookies.get("host_user", "nobody")]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[InProcess]:
    started = InProcess(
        tmp_path,
        host={"identify": identify, "sign_in_url": "/login", "sign_out_url": "/bye"},
        site_name="Acme",
    )
    yield started
    started.close()


def at_host(server: InProcess, name: str | None) -> Person:
    person = Person(server)
    if name is not None:
        person.cookies["host_user"] = name
    return person


def redeem(server: InProcess, location: str) -> dict[str, Any]:
    code = parse_qs(urlsplit(location).query)["code"][0]
    asked = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": "http://127.0.0.1:49152/callback",
        "client_id": "keyturn-cli",
        "code_verifier": VERIFIER,
    }
    answer = server.post("/oauth/token", data=asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def userinfo(server: InProcess, tokens: dict[str, Any]) -> dict[str, Any]:
    headers = {"authorization": f"Bearer {tokens['access_token']}"}
    found: dict[str, Any] = server.get("/oauth/userinfo", headers=headers).json()
    return found


def test_a_stranger_is_sent_to_the_hosts_sign_in_page_and_comes_back_to_the_same_request(
    server: InProcess,
) -> None:
    person = at_host(server, None)
    asked = authorize_path()

    answer = person.open(asked, follow=False)

    assert answer.status_code == 303
    target = urlsplit(answer.headers["location"])
    assert target.path == "/login"
    assert parse_qs(target.query)["next"] == [asked]


def test_the_hosts_user_approves_and_the_program_gets_a_token_with_the_hosts_own_id(
    server: InProcess,
) -> None:
    person = at_host(server, "ada")
    page = person.open(authorize_path())
    assert "Ada Lovelace" in page.text or "ada@example.com" in page.text

    answer = person.press("/cli/decide", decision="approve", follow=False)

    told = userinfo(server, redeem(server, answer.headers["location"]))
    assert told["sub"] == "ada"
    assert told["email"] == "ada@example.com"
    assert told["name"] == "Ada Lovelace"


def test_an_id_alone_is_enough_even_a_number(server: InProcess) -> None:
    person = at_host(server, "seven")
    person.open(authorize_path())

    answer = person.press("/cli/decide", decision="approve", follow=False)

    assert userinfo(server, redeem(server, answer.headers["location"]))["sub"] == "7"


def test_opening_a_page_approves_nothing_although_the_host_knows_who_asks(
    server: InProcess,
) -> None:
    answer = at_host(server, "ada").open(authorize_path(), follow=False)

    assert answer.status_code == 200
    assert "location" not in answer.headers


def test_somebody_else_in_the_same_browser_cannot_use_the_form_made_for_the_first(
    server: InProcess,
) -> None:
    person = at_host(server, "ada")
    person.open(authorize_path())
    person.cookies["host_user"] = "bob"

    answer = person.press("/cli/decide", decision="approve", follow=False)

    assert "code=" not in answer.headers.get("location", "")
    assert person.open(authorize_path()).status_code == 200


def test_signing_out_at_the_host_ends_the_browsers_session_here_and_leaves_the_programs(
    server: InProcess,
) -> None:
    person = at_host(server, "ada")
    person.open(authorize_path())
    answer = person.press("/cli/decide", decision="approve", follow=False)
    tokens = redeem(server, answer.headers["location"])
    del person.cookies["host_user"]

    left = person.open("/sessions", follow=False)

    assert urlsplit(left.headers["location"]).path == "/login"
    kinds = [s.kind for s in server.run(server.services.sessions.live_of_user("ada"))]
    assert "browser" not in kinds
    assert userinfo(server, tokens)["sub"] == "ada"


def test_the_same_browser_keeps_one_session_however_many_pages_it_opens(
    server: InProcess,
) -> None:
    person = at_host(server, "ada")
    for _ in range(3):
        person.open("/sessions")

    assert len(server.run(server.services.sessions.live_of_user("ada"))) == 1


def test_what_the_host_tells_anew_is_shown_anew(
    server: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = at_host(server, "ada")
    person.open("/sessions")
    monkeypatch.setitem(KNOWN, "ada", HostUser(id="ada", email="countess@example.com"))

    assert "countess@example.com" in person.open("/sessions").text


@pytest.mark.parametrize("path", ["/sign-in", "/sign-up", "/password", "/sign-in/link/open"])
def test_pages_for_accounts_of_our_own_lead_to_the_host(server: InProcess, path: str) -> None:
    stranger = at_host(server, None).open(path, follow=False)
    assert urlsplit(stranger.headers["location"]).path == "/login"

    known = at_host(server, "ada").open(path, follow=False)
    assert known.headers["location"] == "/sessions"


def test_signing_out_and_not_you_lead_to_where_the_host_signs_out(server: InProcess) -> None:
    person = at_host(server, "ada")
    person.open("/sessions")
    assert person.press("/sign-out", follow=False).headers["location"] == "/bye"

    person.open(authorize_path())
    assert person.press("/switch-account", follow=False).headers["location"] == "/bye"


def test_an_account_that_was_closed_is_told_so_in_no_circle_and_its_programs_stop(
    server: InProcess,
) -> None:
    person = at_host(server, "ada")
    person.open(authorize_path())
    answer = person.press("/cli/decide", decision="approve", follow=False)
    tokens = redeem(server, answer.headers["location"])

    server.run(close_account(server.app, "ada"))

    page = person.open("/sessions", follow=False)
    assert page.status_code == 403
    assert "location" not in page.headers
    refused = server.post(
        "/oauth/token",
        data={
            "grant_type": "refresh_token",
            "client_id": "keyturn-cli",
            "refresh_token": tokens["refresh_token"],
        },
    )
    assert refused.json()["error"] == "invalid_grant"


def test_a_code_approved_before_the_account_was_closed_is_worth_nothing(server: InProcess) -> None:
    person = at_host(server, "ada")
    person.open(authorize_path())
    answer = person.press("/cli/decide", decision="approve", follow=False)
    server.run(close_account(server.app, "ada"))

    with pytest.raises(AssertionError, match="invalid_grant"):
        redeem(server, answer.headers["location"])


def test_an_account_can_be_closed_before_its_first_visit_and_opened_again(
    server: InProcess,
) -> None:
    server.run(close_account(server.app, "bob"))
    assert at_host(server, "bob").open("/sessions", follow=False).status_code == 403

    server.run(reopen_account(server.app, "bob"))
    assert at_host(server, "bob").open("/sessions", follow=False).status_code == 200


def test_a_host_that_answers_nonsense_signs_nobody_in_and_its_answer_is_not_shown(
    server: InProcess, caplog: pytest.LogCaptureFixture
) -> None:
    answer = at_host(server, "wrong").open("/sessions", follow=False)

    assert answer.status_code == 500
    assert "'x'" not in answer.text + caplog.text


def test_nobody_makes_an_account_beside_the_hosts_through_the_api(server: InProcess) -> None:
    headers = {
        "x-stack-project-id": "default",
        "x-stack-access-type": "client",
    }
    body = {"email": "eve@example.com", "password": "correct horse battery"}

    answer = server.post("/api/v1/auth/password/sign-up", json=body, headers=headers)

    assert answer.status_code in (400, 401, 403)
    assert server.run(server.services.accounts.by_email("default", "eve@example.com")) is None


def test_an_id_of_another_projects_user_is_refused(server: InProcess) -> None:
    server.run(server.services.projects.create("Other", project_id="other"))
    server.run(server.services.storage.write(accounts.insert, "ada", "other", now=server.clock.now))

    assert at_host(server, "ada").open("/sessions", follow=False).status_code == 500


def test_identify_and_the_sign_in_page_go_together(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, base_url=BASE_URL)
    with pytest.raises(ValueError, match="go together"):
        create_app(settings, identify=identify)
    with pytest.raises(ValueError, match="go together"):
        create_app(settings, sign_in_url="/login")
    with pytest.raises(SettingsProblem, match="base_url"):
        create_app(Settings(data=tmp_path), identify=identify, sign_in_url="/login")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/login", "/login?next=%2Fauth%2Fdevice%3Fa%3Db"),
        ("/login?theme=dark", "/login?theme=dark&next=%2Fauth%2Fdevice%3Fa%3Db"),
        ("/login/{next}", "/login/%2Fauth%2Fdevice%3Fa%3Db"),
    ],
)
def test_the_sign_in_page_is_told_where_to_come_back_to(url: str, expected: str) -> None:
    assert sign_in_address(url, "/auth/device?a=b") == expected


@pytest.mark.parametrize("user_id", ["", "a b", "ä", "x" * 129, "a\x00", "a\n"])
def test_an_id_that_could_not_stand_in_a_token_is_refused(user_id: str) -> None:
    with pytest.raises(ValueError, match="user id"):
        HostUser(id=user_id)


@pytest.mark.parametrize("answer", [True, 1.5, b"ada", ["ada"]])
def test_only_an_id_a_host_user_or_nobody_is_an_answer(answer: object) -> None:
    with pytest.raises(TypeError):
        host_user(answer)


def test_clients_that_are_declared_for_the_hosts_project_are_all_there_are(tmp_path: Path) -> None:
    declared = Settings.model_validate(
        {
            "data": tmp_path,
            "base_url": BASE_URL,
            "projects": [{"id": "default", "display_name": "Notes"}],
            "clients": [{"id": "notes-cli", "project": "default"}],
        }
    )

    found = settings_for_host_users(declared)

    assert [client.id for client in found.clients] == ["notes-cli"]
    assert [project.display_name for project in found.projects] == ["Notes"]
    assert not found.projects[0].credential_enabled
