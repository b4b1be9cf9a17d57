"""Refreshing: one winner, a complete answer, and nothing lost by asking wrongly."""

import asyncio
from dataclasses import replace

import pytest

from keyturn.server.accounts import store as accounts
from keyturn.server.events import store as events
from tests.server.in_process_ import InProcess, SetClock
from tests.server.oauth.grants_ import CLIENT, refresh, signed_in


@pytest.mark.proves("S-25")
def test_without_openid_there_is_no_id_token_at_any_time(server: InProcess) -> None:
    first = signed_in(server, scope="email offline_access")
    second = refresh(server, first["refresh_token"]).json()
    assert "id_token" not in first | second


@pytest.mark.proves("S-25")
def test_a_refresh_that_leaves_openid_out_has_no_id_token(server: InProcess) -> None:
    first = signed_in(server)
    assert "id_token" not in refresh(server, first["refresh_token"], scope="email").json()


@pytest.mark.proves("S-25", "S-30", "S-34")
def test_a_refresh_gives_the_next_generation_in_full(server: InProcess) -> None:
    first = signed_in(server)
    reply = refresh(server, first["refresh_token"])
    second = reply.json()
    assert reply.status_code == 200
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    assert isinstance(second["expires_in"], int)
    assert second["expires_in"] >= 300
    assert (second["session"], second["generation"]) == (first["session"], 1)
    assert "id_token" in second
    assert refresh(server, second["refresh_token"]).json()["generation"] == 2


@pytest.mark.proves("S-30", "S-31")
def test_concurrent_refreshes_with_one_token_make_one_step_and_all_get_it(
    server: InProcess,
) -> None:
    token = signed_in(server)["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": CLIENT}

    async def race() -> list[tuple[int, str, int]]:
        async with server.client() as client:
            replies = await asyncio.gather(
                *(client.post("/oauth/token", data=form) for _ in range(32))
            )
        return [
            (r.status_code, r.json().get("refresh_token"), r.json().get("generation"))
            for r in replies
        ]

    (status, _, generation) = answer = server.run(race())[0]
    assert (status, generation) == (200, 1)
    assert set(server.run(race())) == {answer}


@pytest.mark.proves("S-31")
def test_after_the_window_a_lost_answer_is_replaced_and_the_lost_one_is_dead(
    server: InProcess, clock: SetClock
) -> None:
    first = signed_in(server)
    lost = refresh(server, first["refresh_token"]).json()
    clock.advance(11)
    found = refresh(server, first["refresh_token"]).json()
    assert found["generation"] == lost["generation"] == 1
    assert found["refresh_token"] != lost["refresh_token"]
    assert refresh(server, found["refresh_token"]).json()["generation"] == 2


@pytest.mark.proves("S-31")
def test_an_answer_lost_ten_times_in_an_hour_is_given_again_and_then_slowed_down(
    server: InProcess, clock: SetClock
) -> None:
    first = signed_in(server)
    refresh(server, first["refresh_token"])
    for _ in range(10):
        clock.advance(11)
        assert refresh(server, first["refresh_token"]).status_code == 200
    clock.advance(11)
    slowed = refresh(server, first["refresh_token"])
    assert slowed.status_code == 429
    clock.advance(int(slowed.headers["retry-after"]))
    assert refresh(server, first["refresh_token"]).status_code == 200


@pytest.mark.proves("S-31")
def test_the_predecessors_predecessor_is_told_to_wait_within_the_window(
    server: InProcess,
) -> None:
    first = signed_in(server)
    second = refresh(server, first["refresh_token"]).json()
    third = refresh(server, second["refresh_token"]).json()
    late = refresh(server, first["refresh_token"])
    assert late.status_code == 503
    assert int(late.headers["retry-after"]) >= 1
    assert refresh(server, third["refresh_token"]).status_code == 200


@pytest.mark.proves("S-33")
def test_a_token_two_generations_old_ends_the_family_and_is_written_down(
    server: InProcess, clock: SetClock
) -> None:
    first = signed_in(server)
    second = refresh(server, first["refresh_token"]).json()
    third = refresh(server, second["refresh_token"]).json()
    clock.advance(11)
    assert refresh(server, first["refresh_token"]).json()["error"] == "invalid_grant"
    assert refresh(server, third["refresh_token"]).json()["error"] == "invalid_grant"
    written = server.run(server.services.storage.read(events.of_session, first["session"]))
    assert {"session.ended", "refresh.reuse"} <= {event["kind"] for event in written}


@pytest.mark.proves("S-32", "S-35")
def test_an_acknowledged_successor_ends_its_predecessor_at_once(server: InProcess) -> None:
    first = signed_in(server)
    second = refresh(server, first["refresh_token"]).json()
    bearer = {"authorization": f"Bearer {second['access_token']}"}
    assert server.post("/oauth/ack", headers=bearer).status_code == 204
    assert refresh(server, first["refresh_token"]).json()["error"] == "invalid_grant"
    assert refresh(server, second["refresh_token"]).json()["error"] == "invalid_grant"


@pytest.mark.proves("S-35", "S-31")
def test_an_acknowledgement_that_comes_late_says_nothing_of_a_later_answer(
    server: InProcess,
) -> None:
    first = signed_in(server)
    second = refresh(server, first["refresh_token"]).json()
    bearer = {"authorization": f"Bearer {second['access_token']}"}
    assert server.post("/oauth/ack", headers=bearer).status_code == 204
    lost = refresh(server, second["refresh_token"]).json()
    assert server.post("/oauth/ack", headers=bearer).status_code == 204
    again = refresh(server, second["refresh_token"])
    assert again.status_code == 200
    assert again.json()["refresh_token"] != lost["refresh_token"]


@pytest.mark.proves("S-32")
def test_using_the_access_token_here_ends_the_predecessor_outside_the_window(
    server: InProcess, clock: SetClock
) -> None:
    first = signed_in(server)
    second = refresh(server, first["refresh_token"]).json()
    bearer = {"authorization": f"Bearer {second['access_token']}"}
    assert server.get("/oauth/userinfo", headers=bearer).status_code == 200
    assert refresh(server, first["refresh_token"]).status_code == 200  # still in the window
    clock.advance(11)
    server.get("/oauth/userinfo", headers=bearer)
    assert refresh(server, first["refresh_token"]).json()["error"] == "invalid_grant"


@pytest.mark.proves("S-35")
def test_the_acknowledgement_is_named_in_the_metadata_and_wants_a_live_token(
    server: InProcess,
) -> None:
    document = server.get("/.well-known/oauth-authorization-server").json()
    assert document["keyturn_ack_endpoint"].endswith("/oauth/ack")
    refused = server.post("/oauth/ack", headers={"authorization": "Bearer nonsense"})
    assert refused.status_code == 401


def test_a_token_of_another_server_secret_is_worthless(server: InProcess) -> None:
    token = signed_in(server)["refresh_token"]
    for place in (5, 20, 40, len(token) - 1):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert refresh(server, changed).json()["error"] == "invalid_grant"
    assert refresh(server, token).status_code == 200


def test_another_client_cannot_refresh_and_does_no_harm(server: InProcess) -> None:
    found = server.run(server.services.projects.client(CLIENT))
    assert found is not None
    server.run(server.services.projects.save_client(replace(found, id="other-cli")))
    token = signed_in(server)["refresh_token"]
    reply = refresh(server, token, client_id="other-cli")
    assert reply.json()["error"] == "invalid_grant"
    assert refresh(server, token).json()["generation"] == 1


def test_a_refresh_may_narrow_one_access_token(server: InProcess) -> None:
    first = signed_in(server, None, scope="openid email profile")
    second = refresh(server, first["refresh_token"], scope="email").json()
    assert second["scope"] == "email"
    assert refresh(server, second["refresh_token"]).json()["scope"] == first["scope"]


def test_asking_for_a_wider_scope_is_refused_and_rotates_nothing(server: InProcess) -> None:
    first = signed_in(server, None, scope="openid")
    reply = refresh(server, first["refresh_token"], scope="openid email")
    assert (reply.status_code, reply.json()["error"]) == (400, "invalid_scope")
    assert refresh(server, first["refresh_token"]).json()["generation"] == 1


@pytest.mark.proves("S-0d")
def test_a_family_ends_when_idle_and_at_its_absolute_end(
    server: InProcess, clock: SetClock
) -> None:
    token, month = signed_in(server)["refresh_token"], 30 * 86400
    for _ in range(12):
        clock.advance(month - 1)
        token = refresh(server, token).json()["refresh_token"]
    clock.advance(6 * 86400)
    assert refresh(server, token).json()["error"] == "invalid_grant"
    idle = signed_in(server)["refresh_token"]
    clock.advance(month)
    assert refresh(server, idle).json()["error"] == "invalid_grant"


def test_an_access_token_never_outlives_its_session(server: InProcess, clock: SetClock) -> None:
    token = signed_in(server)["refresh_token"]
    for _ in range(12):
        clock.advance(30 * 86400 - 1)
        token = refresh(server, token).json()["refresh_token"]
    clock.advance(5 * 86400 + 12 - 100)
    assert refresh(server, token).json()["expires_in"] == 100


def test_a_disabled_account_cannot_refresh(server: InProcess) -> None:
    user = server.person()
    token = signed_in(server, user)["refresh_token"]
    disabled = server.run(server.services.storage.write(accounts.update, user, disabled_at=1))
    assert disabled is not None
    assert refresh(server, token).json()["error"] == "invalid_grant"
    server.run(server.services.storage.write(accounts.update, disabled, disabled_at=None))
    assert refresh(server, token).status_code == 200


@pytest.mark.proves("S-0d")
def test_a_password_change_ends_the_programs_of_an_account(server: InProcess) -> None:
    user = server.person()
    token = signed_in(server, user)["refresh_token"]
    server.run(
        server.services.accounts.change_password(
            server.project, user, current=None, new="a new password", keep_session="another"
        )
    )
    assert refresh(server, token).json()["error"] == "invalid_grant"
