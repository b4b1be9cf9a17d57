"""The device grant: typed once, decided once, redeemed once."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from keyturn.server.accounts import store as accounts
from tests.server.in_process_ import BASE_URL, InProcess, SetClock
from tests.server.oauth.grants_ import (
    CLIENT,
    OWNER,
    decide_device,
    poll,
    poll_members,
    refresh,
    start_device,
)

STRANGER = b"another browser"


@pytest.mark.proves("S-23", "S-54")
def test_a_start_gives_a_short_code_to_type_and_no_code_in_the_link(server: InProcess) -> None:
    started = start_device(server)
    assert started["verification_uri"] == f"{BASE_URL}/device"
    assert "verification_uri_complete" not in started
    assert (started["expires_in"], started["interval"]) == (600, 5)
    left, right = started["user_code"].split("-")
    assert set(left + right) <= set("BCDFGHJKLMNPQRSTVWXZ")
    assert (len(left), len(right)) == (4, 4)


@pytest.mark.proves("S-7", "S-23")
def test_codes_are_stored_only_as_hashes(server: InProcess) -> None:
    started = start_device(server)
    assert len(started["device_code"].removeprefix("ktd_")) >= 27
    for file in server.settings.data.glob("keyturn.sqlite3*"):
        raw = file.read_bytes()
        for secret in (started["device_code"], started["user_code"].replace("-", "")):
            assert secret.encode() not in raw


@pytest.mark.proves("S-23", "S-50", "S-0d")
def test_an_approved_code_gives_a_shorter_session_with_what_the_program_said(
    server: InProcess,
) -> None:
    user = server.person()
    started = start_device(
        server, host_name="h" * 100, system="Linux\x1b[2J", program="app", scope="email"
    )
    assert poll(server, started["device_code"]).json()["error"] == "authorization_pending"
    assert decide_device(server, started["user_code"], user) == "approved"
    found = poll(server, started["device_code"]).json()
    session = server.run(server.services.sessions.find(found["session"]))
    assert session is not None
    assert (session.kind, session.user_id, session.scope) == ("device", user.id, "email")
    assert (session.host_name, session.system, session.program) == ("h" * 64, "Linux[2J", "app")
    assert session.absolute_expires_at == server.clock.now + 14 * 86400 * 1000
    assert refresh(server, found["refresh_token"]).status_code == 200


@pytest.mark.proves("S-23")
def test_a_denied_code_says_so(server: InProcess) -> None:
    started = start_device(server)
    assert decide_device(server, started["user_code"], server.person(), approve=False) == "denied"
    reply = poll(server, started["device_code"])
    assert (reply.status_code, reply.json()["error"]) == (400, "access_denied")


@pytest.mark.proves("S-23")
def test_a_code_expires_after_ten_minutes_decided_or_not(
    server: InProcess, clock: SetClock
) -> None:
    pending, approved = start_device(server), start_device(server)
    user = server.person()
    decide_device(server, approved["user_code"], user)
    clock.advance(600)
    for started in (pending, approved):
        assert poll(server, started["device_code"]).json()["error"] == "expired_token"
    devices = server.services.devices
    opened = devices.open_code(
        pending["user_code"], project_id="default", owner=OWNER, user_id=user.id, ip=None
    )
    assert server.run(opened) is None


@pytest.mark.proves("S-23")
def test_polling_too_fast_slows_a_program_down_for_good(server: InProcess, clock: SetClock) -> None:
    code = start_device(server)["device_code"]

    def error_after(seconds: float) -> str:
        clock.advance(seconds)
        return str(poll(server, code).json()["error"])

    assert error_after(0) == "authorization_pending"
    assert error_after(5) == "authorization_pending"
    assert error_after(4.9) == "slow_down"  # ten seconds from here on
    assert error_after(5) == "slow_down"  # fifteen
    assert error_after(14.9) == "slow_down"  # twenty
    assert error_after(20) == "authorization_pending"
    assert error_after(20) == "authorization_pending"
    assert error_after(19) == "slow_down"


@pytest.mark.proves("S-23")
def test_a_slower_pace_is_remembered_across_a_restart(server: InProcess) -> None:
    code = start_device(server)["device_code"]
    poll(server, code)
    assert poll(server, code).json()["error"] == "slow_down"
    data, clock = server.settings.data, server.clock
    again = InProcess(data, clock=clock)
    clock.advance(9)
    assert poll(again, code).json()["error"] == "slow_down"
    again.close()


def test_a_decided_code_is_given_however_fast_it_is_asked_for(server: InProcess) -> None:
    started = start_device(server)
    for _ in range(3):
        poll(server, started["device_code"])
    decide_device(server, started["user_code"], server.person())
    assert poll(server, started["device_code"]).status_code == 200


@pytest.mark.proves("S-23", "T-13")
def test_a_device_code_is_bound_to_its_client(server: InProcess) -> None:
    found = server.run(server.services.projects.client(CLIENT))
    assert found is not None
    server.run(server.services.projects.save_client(replace(found, id="other-cli")))
    started = start_device(server)
    decide_device(server, started["user_code"], server.person())
    reply = poll(server, started["device_code"], client_id="other-cli")
    assert reply.json()["error"] == "invalid_grant"
    assert poll(server, started["user_code"]).json()["error"] == "invalid_grant"
    assert poll(server, started["device_code"]).status_code == 200


@pytest.mark.proves("S-23")
def test_of_32_simultaneous_polls_exactly_one_gets_the_tokens(server: InProcess) -> None:
    started = start_device(server)
    decide_device(server, started["user_code"], server.person())

    async def race() -> Counter[tuple[int, str | None]]:
        async with server.client() as client:
            replies = await asyncio.gather(
                *(
                    client.post(
                        "/oauth/token",
                        data=poll_members(started["device_code"]),
                        headers={"Prefer": "wait=5"} if number % 2 else {},
                    )
                    for number in range(32)
                )
            )
        return Counter((reply.status_code, reply.json().get("error")) for reply in replies)

    assert server.run(race()) == {(200, None): 1, (400, "invalid_grant"): 31}


@pytest.mark.proves("S-23", "S-24")
def test_a_redemption_that_fails_does_not_use_up_the_code(server: InProcess) -> None:
    user = server.person()
    started = start_device(server)
    decide_device(server, started["user_code"], user)
    disabled = server.run(server.services.storage.write(accounts.update, user, disabled_at=1))
    assert disabled is not None
    assert poll(server, started["device_code"]).json()["error"] == "access_denied"
    server.run(server.services.storage.write(accounts.update, disabled, disabled_at=None))
    assert poll(server, started["device_code"]).status_code == 200


@pytest.mark.proves("S-24")
def test_signing_the_approving_browser_out_takes_the_approval_back(server: InProcess) -> None:
    user = server.person()
    browser = server.browser(user)[0]
    started = start_device(server)
    decide_device(server, started["user_code"], user, browser=browser)
    server.run(server.services.sessions.end(browser.id, reason="signed out"))
    assert poll(server, started["device_code"]).json()["error"] == "access_denied"


@pytest.mark.proves("S-23")
def test_the_browser_that_opens_a_code_owns_it_whoever_signs_in_there(server: InProcess) -> None:
    devices, started = server.services.devices, start_device(server)
    ada, eve = server.person(), server.person()

    def opened_by(owner: bytes, user_id: str) -> str | None:
        found = server.run(
            devices.open_code(
                started["user_code"], project_id="default", owner=owner, user_id=user_id, ip=None
            )
        )
        return found.id if found else None

    request_id = opened_by(OWNER, ada.id)
    assert request_id is not None
    assert opened_by(OWNER, eve.id) == request_id  # another account in the same browser
    assert opened_by(STRANGER, ada.id) is None
    assert server.run(devices.find(request_id, owner=OWNER)) is not None
    assert server.run(devices.find(request_id, owner=STRANGER)) is None
    stolen = devices.decide(
        request_id,
        owner=STRANGER,
        approve=True,
        browser_session=server.browser(ada)[0],
        user=ada,
    )
    assert server.run(stolen).kind == "gone"
    assert poll(server, started["device_code"]).json()["error"] == "authorization_pending"


def test_a_user_of_another_project_cannot_decide(server: InProcess) -> None:
    server.run(server.services.projects.create("Other", project_id="other"))
    stranger = server.person(project_id="other")
    started = start_device(server)
    assert decide_device(server, started["user_code"], stranger) == "gone"
    assert poll(server, started["device_code"]).json()["error"] == "authorization_pending"


@pytest.mark.proves("S-23", "S-51")
def test_of_an_approval_and_a_denial_at_once_exactly_one_counts(server: InProcess) -> None:
    devices, user = server.services.devices, server.person()
    browser = server.browser(user)[0]
    started = start_device(server)
    opened = server.run(
        devices.open_code(
            started["user_code"], project_id="default", owner=OWNER, user_id=user.id, ip=None
        )
    )
    assert opened is not None

    async def race() -> list[str]:
        outcomes = await asyncio.gather(
            *(
                devices.decide(
                    opened.id,
                    owner=OWNER,
                    approve=bool(number % 2),
                    browser_session=browser,
                    user=user,
                )
                for number in range(8)
            )
        )
        return [outcome.kind for outcome in outcomes]

    kinds = server.run(race())
    [won] = set(kinds) - {"decided"}
    assert sorted(kinds) == sorted([won] + ["decided"] * 7)
    answer = poll(server, started["device_code"]).json()
    assert answer.get("error") == ("access_denied" if won == "denied" else None)


def test_a_client_without_the_grant_cannot_start(server: InProcess) -> None:
    found = server.run(server.services.projects.client(CLIENT))
    assert found is not None
    browser_only = replace(found, id="browser-only", grants=("authorization_code",))
    server.run(server.services.projects.save_client(browser_only))
    data = {"client_id": "browser-only"}
    reply = server.post("/oauth/device_authorization", data=data)
    assert (reply.status_code, reply.json()["error"]) == (400, "unauthorized_client")


def test_a_scope_the_client_may_not_have_is_refused(server: InProcess) -> None:
    data = {"client_id": CLIENT, "scope": "admin"}
    reply = server.post("/oauth/device_authorization", data=data)
    assert (reply.status_code, reply.json()["error"]) == (400, "invalid_scope")
