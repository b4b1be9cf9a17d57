"""CLI sign-in on the wire: start, poll, and the three modes of complete."""

import re
from datetime import datetime

import pytest

from keyturn.server.cli_login.outcomes import Refused
from keyturn.server.sessions.rules import Origin
from tests.server.in_process_ import InProcess, SetClock
from tests.server.stack.api_ import Api, SignedIn, code_of

START, POLL, COMPLETE = "/auth/cli", "/auth/cli/poll", "/auth/cli/complete"
NOT_OPEN = "Invalid login code or the code has expired"
TWO_HOURS, A_DAY = 7200, 86_400


def start(api: Api, **body: object) -> dict[str, str]:
    answer = api.post(START, json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, str] = answer.json()
    return found


def poll(api: Api, codes: dict[str, str]) -> tuple[int, dict[str, str]]:
    answer = api.post(POLL, json={"polling_code": codes["polling_code"]})
    return answer.status_code, answer.json()


def complete(api: Api, codes: dict[str, str], **body: str) -> tuple[int, str]:
    answer = api.post(COMPLETE, json={"login_code": codes["login_code"], **body})
    return answer.status_code, answer.text


def check(api: Api, codes: dict[str, str]) -> tuple[int, str]:
    return complete(api, codes, mode="check")


def approve(api: Api, codes: dict[str, str], session: SignedIn) -> None:
    assert complete(api, codes, refresh_token=session.refresh_token) == (200, '{"success":true}')


WAITING = (200, {"status": "waiting"})
EXPIRED = (200, {"status": "expired"})
USED = (200, {"status": "used"})


@pytest.mark.proves("S-6")
def test_the_poll_gets_the_very_token_that_complete_was_given_once_and_as_201(api: Api) -> None:
    codes, person = start(api), api.person()
    assert poll(api, codes) == WAITING
    approve(api, codes, person)
    assert poll(api, codes) == (201, {"status": "success", "refresh_token": person.refresh_token})
    assert poll(api, codes) == USED


def test_a_start_needs_no_body_and_lasts_two_hours(api: Api, clock: SetClock) -> None:
    answer = api.post(START)
    assert answer.status_code == 200
    assert answer.json().keys() == {"polling_code", "login_code", "expires_at"}
    ends = datetime.fromisoformat(answer.json()["expires_at"])
    assert ends.timestamp() * 1000 == clock.now + TWO_HOURS * 1000
    clock.advance(TWO_HOURS - 1)
    assert poll(api, answer.json()) == WAITING
    clock.advance(1)
    assert poll(api, answer.json()) == EXPIRED


@pytest.mark.parametrize(
    "body",
    [
        {"expires_in_millis": 0},
        {"expires_in_millis": -1},
        {"expires_in_millis": A_DAY * 1000 + 1},
        {"expires_in_millis": "60000"},
        {"expires_in_millis": 1.5},
        {"expires_in_millis": True},
        {"anon_refresh_token": 5},
        {"unknown": 1},
        [],
        "text",
    ],
)
def test_a_start_with_wrong_members_is_a_schema_error(api: Api, body: object) -> None:
    answer = api.post(START, json=body)
    assert (answer.status_code, code_of(answer)) == (400, "SCHEMA_ERROR")
    message = answer.json()["details"]["message"]
    assert message.startswith("Request validation failed on POST /api/v1/auth/cli:\n  - body")


def test_a_start_may_last_from_a_millisecond_to_a_day(api: Api, clock: SetClock) -> None:
    short, long = start(api, expires_in_millis=1), start(api, expires_in_millis=A_DAY * 1000)
    clock.advance(0.001)
    assert poll(api, short) == EXPIRED
    clock.advance(A_DAY - 0.002)
    assert poll(api, long) == WAITING


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (POLL, {}),
        (POLL, {"polling_code": None}),
        (POLL, {"polling_code": "x", "more": 1}),
        (COMPLETE, {}),
        (COMPLETE, {"login_code": "x", "mode": "steal"}),
        (COMPLETE, {"login_code": ["x"]}),
    ],
)
def test_missing_and_unknown_members_are_schema_errors(
    api: Api, path: str, body: dict[str, object]
) -> None:
    assert code_of(api.post(path, json=body)) == "SCHEMA_ERROR"


def test_an_unknown_polling_code_and_another_projects_are_the_same_error(
    api: Api, server: InProcess
) -> None:
    codes, other = start(api), Api.create(server)
    for answer in (
        api.post(POLL, json={"polling_code": "ktp_unknown"}),
        other.post(POLL, json={"polling_code": codes["polling_code"]}),
        api.post(POLL, json={"polling_code": codes["login_code"]}),
    ):
        assert (answer.status_code, code_of(answer)) == (400, "INVALID_POLLING_CODE")


def test_expired_is_said_before_used(api: Api, clock: SetClock) -> None:
    codes = start(api)
    approve(api, codes, api.person())
    assert poll(api, codes)[0] == 201
    assert poll(api, codes) == USED
    clock.advance(TWO_HOURS)
    assert poll(api, codes) == EXPIRED


def test_an_approval_that_nobody_fetched_in_time_is_expired(api: Api, clock: SetClock) -> None:
    codes = start(api)
    approve(api, codes, api.person())
    clock.advance(TWO_HOURS)
    assert poll(api, codes) == EXPIRED


def test_denied_is_told_as_expired(api: Api, server: InProcess) -> None:
    codes = start(api)
    attempt = server.run(server.services.cli_login.attempt_by_login_code(codes["login_code"]))
    assert attempt is not None
    assert server.run(server.services.cli_login.deny(attempt))
    assert poll(api, codes) == EXPIRED
    assert check(api, codes) == (400, NOT_OPEN)
    assert not server.run(server.services.cli_login.deny(attempt))


@pytest.mark.parametrize("mode", ["check", "claim-anon-session", "complete"])
@pytest.mark.parametrize("why", ["unknown", "expired", "completed", "used", "other project"])
def test_one_text_for_every_code_that_is_not_open(
    api: Api, server: InProcess, clock: SetClock, mode: str, why: str
) -> None:
    guest, person, caller = api.guest(), api.person(), api
    codes = start(api, anon_refresh_token=guest.refresh_token)
    if why == "unknown":
        codes["login_code"] = codes["login_code"][:-1] + "?"
    if why == "expired":
        clock.advance(TWO_HOURS)
    if why in ("completed", "used"):
        approve(api, codes, person)
    if why == "used":
        assert poll(api, codes)[0] == 201
    if why == "other project":
        caller = Api.create(server)
    answer = complete(caller, codes, mode=mode, refresh_token=person.refresh_token)
    assert answer == (400, NOT_OPEN)


def test_a_refresh_token_that_cannot_complete_is_refused_in_words(
    api: Api, server: InProcess
) -> None:
    codes, person, foreign = start(api), api.person(), Api.create(server).person()
    assert complete(api, codes) == (400, "refresh_token is required when mode is 'complete'")
    unknown = complete(api, codes, refresh_token="kts_unknown")
    assert unknown == (400, "Invalid refresh token")
    assert complete(api, codes, refresh_token=foreign.refresh_token) == (
        400,
        "Refresh token does not belong to this project",
    )
    server.run(server.services.sessions.end(_session_id(api, person), reason="test"))
    ended = complete(api, codes, refresh_token=person.refresh_token)
    assert ended == (400, "Invalid refresh token")
    assert poll(api, codes) == WAITING


def test_an_anonymous_token_that_cannot_be_attached_is_refused_in_words(
    api: Api, server: InProcess, clock: SetClock
) -> None:
    def refusal(token: str) -> tuple[int, str]:
        answer = api.post(START, json={"anon_refresh_token": token})
        return answer.status_code, answer.text

    assert refusal("kts_unknown") == (400, "Invalid anon refresh token")
    assert refusal(Api.create(server).guest().refresh_token) == (
        400,
        "Anon refresh token does not belong to this project",
    )
    assert refusal(api.person().refresh_token) == (
        400,
        "The provided refresh token does not belong to an anonymous user",
    )
    guest = api.guest()
    clock.advance(366 * A_DAY)
    assert refusal(guest.refresh_token) == (400, "The provided anon refresh token has expired")
    gone = api.guest()
    api.disable(gone.user_id)
    assert refusal(gone.refresh_token) == (400, "User not found for provided refresh token")


def test_an_attached_session_is_claimed_once_and_complete_stays_possible(api: Api) -> None:
    guest, person = api.guest(), api.person()
    codes = start(api, anon_refresh_token=guest.refresh_token)
    assert check(api, codes) == (200, '{"cli_session_state":"anonymous"}')
    claimed = api.post(COMPLETE, json={**_login(codes), "mode": "claim-anon-session"})
    assert claimed.json().keys() == {"access_token", "refresh_token"}
    assert claimed.json()["refresh_token"] == guest.refresh_token
    me = api.get("/users/me", api.with_token(claimed.json()["access_token"])).json()
    assert me["id"] == guest.user_id
    again = complete(api, codes, mode="claim-anon-session")
    assert again == (400, "No anonymous session associated with this code")
    assert check(api, codes) == (200, '{"cli_session_state":"none"}')
    approve(api, codes, person)
    assert poll(api, codes)[1]["refresh_token"] == person.refresh_token


def test_without_an_attached_session_there_is_nothing_to_claim(api: Api) -> None:
    codes = start(api)
    assert check(api, codes) == (200, '{"cli_session_state":"none"}')
    answer = complete(api, codes, mode="claim-anon-session")
    assert answer == (400, "No anonymous session associated with this code")


def test_an_attached_session_that_has_ended_cannot_be_claimed(api: Api) -> None:
    guest = api.guest()
    codes = start(api, anon_refresh_token=guest.refresh_token)
    api.send("DELETE", "/auth/sessions/current", guest.headers, json={})
    answer = complete(api, codes, mode="claim-anon-session")
    assert answer == (400, "Anonymous session is no longer valid")


@pytest.mark.proves("S-9")
def test_the_anonymous_user_is_left_alone_when_somebody_else_completes(api: Api) -> None:
    guest, person = api.guest(), api.person()
    api.send("PATCH", "/users/me", guest.headers, json={"client_metadata": {"cart": 3}})
    before = api.get("/users/me", guest.headers).json()
    codes = start(api, anon_refresh_token=guest.refresh_token)
    approve(api, codes, person)
    assert poll(api, codes)[1]["refresh_token"] == person.refresh_token
    assert api.get("/users/me", guest.headers).json() == before
    assert api.get("/users/me", person.headers).json()["client_metadata"] is None


@pytest.mark.proves("S-24")
def test_a_session_that_ended_after_the_approval_is_not_handed_out(
    api: Api, server: InProcess
) -> None:
    codes, person = start(api), api.person()
    approve(api, codes, person)
    server.run(server.services.sessions.end(_session_id(api, person), reason="revoked"))
    assert poll(api, codes) == EXPIRED
    other, disabled = start(api), api.person()
    approve(api, other, disabled)
    api.disable(disabled.user_id)
    assert poll(api, other) == EXPIRED


@pytest.mark.proves("S-6a", "S-52")
def test_a_person_who_approves_on_our_page_gives_the_cli_a_session_of_its_own(
    api: Api, server: InProcess
) -> None:
    cli = {**api.client, "user-agent": "acme/1.2 (Linux; laptop)"}
    codes = api.post(START, cli).json()
    user = server.person(project_id=api.project.id)
    browser, _ = server.browser(user)
    cli_login = server.services.cli_login
    attempt = server.run(cli_login.attempt_by_login_code(codes["login_code"]))
    assert attempt is not None
    assert attempt.user_agent == "acme/1.2 (Linux; laptop)"
    origin = Origin(ip="192.0.2.1", user_agent="Mozilla/5.0")
    session = server.run(cli_login.approve_on_page(attempt, user, browser, origin))
    status, answer = poll(api, codes)
    assert status == 201
    assert (session.kind, session.approved_by) == ("cli", browser.id)
    assert session.user_agent == "acme/1.2 (Linux; laptop)"
    me = api.get("/users/me", api.with_token(renewed(api, answer["refresh_token"])))
    assert me.json()["id"] == user.id
    server.run(server.services.sessions.end(session.id, reason="revoked"))
    kept = server.run(server.services.sessions.find(browser.id))
    assert kept is not None
    assert kept.ended_at is None


@pytest.mark.proves("S-6")
def test_the_page_decides_once_and_a_lost_decision_begins_no_session(
    api: Api, server: InProcess
) -> None:
    codes, cli_login = start(api), server.services.cli_login
    user = server.person(project_id=api.project.id)
    browser, _ = server.browser(user)
    attempt = server.run(cli_login.attempt_by_login_code(codes["login_code"]))
    assert attempt is not None
    server.run(cli_login.approve_on_page(attempt, user, browser, Origin()))
    with pytest.raises(Refused):
        server.run(cli_login.approve_on_page(attempt, user, browser, Origin()))
    assert not server.run(cli_login.deny(attempt))
    live = server.run(server.services.sessions.live_of_user(user.id))
    assert sorted(session.kind for session in live) == ["browser", "cli"]


@pytest.mark.proves("S-7")
def test_codes_have_at_least_160_random_bits_and_never_repeat(api: Api) -> None:
    seen = [start(api) for _ in range(20)]
    for codes in seen:
        assert re.fullmatch(r"ktp_[A-Za-z0-9_-]{43}", codes["polling_code"])
        assert re.fullmatch(r"[2-9A-HJ-NP-Z]{40}", codes["login_code"])
    assert len({code for codes in seen for code in codes.values()}) == 41  # one expires_at


def test_starting_too_often_from_one_address_is_put_off_and_can_be_allowed(
    api: Api, server: InProcess, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keyturn.server.stack.serve.MOST_PER_MINUTE", 3)
    answers = [api.post(START) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].headers["retry-after"] == "60"
    assert (
        server.request("POST", "/api/v1" + START, headers=api.client, ip="192.0.2.7").status_code
        == 200
    )
    clock.advance(60)
    assert api.post(START).status_code == 200


def renewed(api: Api, refresh_token: str) -> str:
    answer = api.post(
        "/auth/sessions/current/refresh", {**api.client, "x-stack-refresh-token": refresh_token}
    )
    assert answer.status_code == 200, answer.text
    found: str = answer.json()["access_token"]
    return found


def _login(codes: dict[str, str]) -> dict[str, str]:
    return {"login_code": codes["login_code"]}


def _session_id(api: Api, session: SignedIn) -> str:
    items = api.get("/auth/sessions?user_id=me", session.headers).json()["items"]
    found: str = next(item["id"] for item in items if item["is_current_session"])
    return found
