"""Signing in to a Stack-compatible project, with and without a session that has no person."""

import threading
from collections.abc import Iterator

import pytest

from keyturn.client.auth import Auth
from keyturn.client.config import StackProject
from keyturn.client.login.base import LoginEvent, Verification
from keyturn.protocol.errors import ExchangeFailed, LoginExpired, SessionExpired
from tests.client.machine_ import Machine
from tests.client.stack_api_ import StackApi
from tests.issuers_.http_ import Answer, as_json


@pytest.fixture
def api() -> Iterator[StackApi]:
    """Yield a running API."""
    with StackApi() as running:
        yield running


def auth(api: StackApi, machine: Machine) -> Auth:
    """Return acme's Auth for a project of ``api``."""
    project = StackProject(
        base_url=api.url,
        project_id="p1",
        publishable_client_key="pck_1",
        app_url="https://app.example",
    )
    return Auth("acme", stack=project, home=str(machine.home), effects=machine.effects)


def test_the_person_confirms_on_the_projects_page(api: StackApi, machine: Machine) -> None:
    events: list[LoginEvent] = []
    outcome = auth(api, machine).login(on_event=events.append)
    assert outcome.session.email == "ada@example.com"
    (link,) = [event for event in events if isinstance(event, Verification)]
    assert link.method == "cli_poll"
    code = link.url.removeprefix("https://app.example/handler/cli-auth-confirm?login_code=")
    assert link.compare_code == f"{code[:4]}-{code[4:8]}"
    assert link.url != code
    assert api.paths() == [
        "/api/v1/auth/cli",
        "/api/v1/auth/cli/poll",
        "/api/v1/auth/cli/poll",
        "/api/v1/auth/oauth/token",
    ]
    assert api.connections == 1
    assert sum(machine.slept) == pytest.approx(2.4, abs=0.1)
    assert auth(api, machine).token()


def test_the_token_request_carries_none_of_the_projects_headers(
    api: StackApi, machine: Machine
) -> None:
    auth(api, machine).login()
    *others, exchange = api.asked
    assert all(asked.headers["x-stack-project-id"] == "p1" for asked in others)
    assert not [name for name in exchange.headers if name.startswith("x-stack")]
    assert "acme keyturn/" in others[0].headers["user-agent"]


@pytest.mark.proves("K-29")
def test_a_refresh_keeps_the_refresh_token_and_asks_the_api(
    api: StackApi, machine: Machine
) -> None:
    it = auth(api, machine)
    it.login()
    (refresh_token,) = api.refresh_tokens
    machine.ahead += 3600
    assert it.token()
    assert api.paths()[-1] == "/api/v1/auth/oauth/token"
    stored = it._runtime().store.snapshot().sessions["u-ada"]
    assert stored.refresh_token == refresh_token
    assert stored.session_id == f"s-{refresh_token}"


@pytest.mark.proves("K-28")
def test_a_session_that_has_ended_at_the_api_is_over(api: StackApi, machine: Machine) -> None:
    it = auth(api, machine)
    it.login()
    api.refresh_tokens.clear()
    machine.ahead += 3600
    with pytest.raises(SessionExpired):
        it.token()
    assert not it.has_session()


@pytest.mark.proves("K-28")
def test_a_wrong_project_key_does_not_end_the_session(api: StackApi, machine: Machine) -> None:
    it = auth(api, machine)
    it.login()
    code = "INVALID_OAUTH_CLIENT_ID_OR_SECRET"
    api.routes["/api/v1/auth/oauth/token"] = lambda asked: as_json({"code": code}, 400)
    machine.ahead += 3600
    with pytest.raises(SessionExpired, match=code):
        it.token()
    assert it.has_session()


def test_declined_or_late_stores_nothing(api: StackApi, machine: Machine) -> None:
    api.routes["/api/v1/auth/cli/poll"] = lambda asked: as_json({"status": "expired"})
    with pytest.raises(LoginExpired):
        auth(api, machine).login()
    assert not machine.home.exists()


@pytest.mark.parametrize(
    ("answer", "match"),
    [
        (as_json({"code": "INVALID_OAUTH_CLIENT_ID_OR_SECRET"}, 400), "INVALID_OAUTH"),
        (Answer(503), "HTTP 503"),
    ],
)
def test_an_exchange_that_fails_stores_nothing(
    api: StackApi, machine: Machine, answer: Answer, match: str
) -> None:
    api.routes["/api/v1/auth/oauth/token"] = lambda asked: answer
    with pytest.raises(ExchangeFailed, match=match):
        auth(api, machine).login()
    assert not machine.home.exists()


def test_a_project_is_not_signed_in_to_by_loopback(api: StackApi, machine: Machine) -> None:
    with pytest.raises(ExchangeFailed, match="confirm page"):
        auth(api, machine).login(method="loopback")
    assert auth(api, machine).login(method="device").session.email == "ada@example.com"
    assert machine.opened == []


def test_who_has_no_email_in_the_token_is_asked_about(api: StackApi, machine: Machine) -> None:
    api.emails = {}
    outcome = auth(api, machine).login()
    assert outcome.session.account_id == "u-ada"
    assert api.paths()[-1] == "/api/v1/users/me"
    assert auth(api, machine).userinfo() == {
        "id": "u-me",
        "primary_email": None,
        "display_name": None,
    }


# -- A session without a person, K-48 -------------------------------------------------------------


@pytest.mark.proves("K-48")
def test_a_session_without_a_person_is_started_once(api: StackApi, machine: Machine) -> None:
    it = auth(api, machine)
    infos = [it.anonymous(), it.anonymous()]
    assert infos[0] == infos[1]
    assert infos[0].is_anonymous
    assert len(api.refresh_tokens) == 1
    assert it.token()


@pytest.mark.proves("K-48", "K-24")
def test_of_many_that_start_one_at_the_same_moment_all_get_the_same(
    api: StackApi, machine: Machine
) -> None:
    ids: list[str] = []
    threads = [
        threading.Thread(target=lambda: ids.append(auth(api, machine).anonymous().account_id))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 8
    assert len(set(ids)) == 1
    assert len(api.refresh_tokens) == 1


@pytest.mark.proves("K-48")
def test_a_login_takes_it_over_and_whoever_upgrades_keeps_the_user(
    api: StackApi, machine: Machine
) -> None:
    it = auth(api, machine)
    guest = it.anonymous()
    (refresh_token,) = api.refresh_tokens
    api.emails[guest.account_id] = "new@example.com"
    api.decisions = [guest.account_id]
    outcome = it.login()
    assert api.attached == [refresh_token]
    assert outcome.session.account_id == guest.account_id
    assert outcome.session.email == "new@example.com"
    assert not outcome.session.is_anonymous
    assert outcome.previous_account is None
    assert len(it.sessions()) == 1
    assert api.ended == []
    assert refresh_token not in (machine.home / "session.json").read_text()


@pytest.mark.proves("K-48")
def test_when_somebody_else_signs_in_the_session_without_a_person_is_cleared_and_ended(
    api: StackApi, machine: Machine
) -> None:
    it = auth(api, machine)
    it.anonymous()
    (refresh_token,) = api.refresh_tokens
    outcome = it.login()
    assert outcome.session.email == "ada@example.com"
    assert [info.email for info in it.sessions()] == ["ada@example.com"]
    assert refresh_token not in (machine.home / "session.json").read_text()
    assert len(api.ended) == 1


@pytest.mark.proves("K-48")
def test_one_from_the_environment_is_offered_and_left_alone(
    api: StackApi, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = api.session("u-guest")["refresh_token"]
    monkeypatch.setenv("ACME_ANON_REFRESH_TOKEN", given)
    auth(api, machine).login()
    assert api.attached == [given]
    assert api.ended == []
    monkeypatch.setenv("ACME_ANON_REFRESH_TOKEN", "unknown")
    with pytest.raises(ExchangeFailed, match="HTTP 400"):
        auth(api, machine).login(force=True)


@pytest.mark.proves("K-48")
def test_one_that_has_ended_does_not_keep_the_person_from_signing_in(
    api: StackApi, machine: Machine
) -> None:
    it = auth(api, machine)
    it.anonymous()
    api.refresh_tokens.clear()
    assert it.login().session.email == "ada@example.com"
    assert "could not be taken over" in machine.warnings[0]


@pytest.mark.proves("K-48", "K-47")
def test_a_login_that_fails_keeps_the_session_without_a_person(
    api: StackApi, machine: Machine
) -> None:
    it = auth(api, machine)
    guest = it.anonymous()
    api.routes["/api/v1/auth/cli/poll"] = lambda asked: as_json({"status": "expired"})
    with pytest.raises(LoginExpired):
        it.login()
    assert it.anonymous() == guest


def test_an_oauth_program_has_no_sessions_without_a_person(machine: Machine) -> None:
    it = Auth("acme", issuer="https://id.example", client_id="x", home=str(machine.home))
    with pytest.raises(ValueError, match="not to a Stack project"):
        it.anonymous()


# -- Signing in anew and out, K-47 and K-61 -------------------------------------------------------


@pytest.mark.proves("K-47")
def test_signing_in_anew_does_not_end_a_session_that_may_be_the_browsers(
    api: StackApi, machine: Machine
) -> None:
    it = auth(api, machine)
    it.login()
    api.decisions = ["u-ada"]
    it.login(force=True)
    assert api.ended == []


@pytest.mark.proves("K-47", "K-61")
def test_signing_out_ends_it_and_warns_about_the_browser(api: StackApi, machine: Machine) -> None:
    it = auth(api, machine)
    it.login()
    token = it.token()
    outcome = it.logout()
    assert (outcome.revoked, outcome.may_end_browser_session) == ("revoked", True)
    assert api.ended == [token]
    assert not it.has_session()


@pytest.mark.proves("K-61")
def test_signing_out_with_a_spent_access_token_renews_it_first(
    api: StackApi, machine: Machine
) -> None:
    it = auth(api, machine)
    it.login()
    machine.ahead += 3600
    assert it.logout().revoked == "revoked"
    assert api.paths()[-2:] == ["/api/v1/auth/oauth/token", "/api/v1/auth/sessions/current"]


@pytest.mark.proves("K-61")
def test_signing_out_of_a_session_that_is_over_says_failed_and_forgets_it(
    api: StackApi, machine: Machine
) -> None:
    it = auth(api, machine)
    it.login()
    api.refresh_tokens.clear()
    machine.ahead += 3600
    assert it.logout().revoked == "failed"
    assert not it.has_session()


def test_a_brought_token_cannot_be_ended_here(api: StackApi, machine: Machine) -> None:
    it = auth(api, machine)
    it.login_with_token("brought")
    assert it.logout().revoked == "nothing"
    assert api.ended == []
