"""Authorization codes: once, soon, and only for what they were bound to."""

import asyncio
from dataclasses import replace

import pytest

from keyturn.server.accounts import store as accounts
from keyturn.server.events import store as events
from tests.server.in_process_ import InProcess, SetClock
from tests.server.oauth.grants_ import CLIENT, REDIRECT, VERIFIER, approve, redeem, refresh

OTHER_VERIFIER = "w" * 43


def is_alive(server: InProcess, session_id: str) -> bool:
    session = server.run(server.services.sessions.find(session_id))
    assert session is not None
    return session.is_alive(now=server.clock.now)


@pytest.fixture
def other_client(server: InProcess) -> str:
    found = server.run(server.services.projects.client(CLIENT))
    assert found is not None
    server.run(server.services.projects.save_client(replace(found, id="other-cli")))
    return "other-cli"


@pytest.mark.proves("S-27", "S-34", "S-0d")
def test_a_code_gives_tokens_with_session_and_generation(server: InProcess) -> None:
    user = server.person()
    reply = redeem(
        server,
        approve(server, user, None, scope="email openid", host_name="box", program="app"),
    )
    found = reply.json()
    assert reply.headers["cache-control"] == "no-store"
    assert found["token_type"] == "Bearer"
    assert found["expires_in"] == 600
    assert found["scope"] == "openid email"
    assert found["generation"] == 0
    assert found["refresh_token"].startswith("ktr_")
    session = server.run(server.services.sessions.find(found["session"]))
    assert session is not None
    assert (session.kind, session.user_id, session.client_id) == ("cli", user.id, CLIENT)
    assert (session.host_name, session.program) == ("box", "app")
    assert session.idle_seconds == 30 * 86400
    assert session.absolute_expires_at == server.clock.now + 365 * 86400 * 1000


@pytest.mark.proves("S-21")
@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": OTHER_VERIFIER},
        {"code_verifier": "v" * 42},
        {"code_verifier": "v" * 42 + "é"},
        {"redirect_uri": "http://127.0.0.1:49153/callback"},
        {"redirect_uri": "http://127.0.0.1/callback"},
        {"client_id": "other-cli"},
    ],
)
@pytest.mark.usefixtures("other_client")
def test_a_code_is_bound_and_a_wrong_try_does_not_use_it_up(
    server: InProcess, changes: dict[str, str | None]
) -> None:
    code = approve(server, server.person())
    wrong = redeem(server, code, **changes)
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_grant")
    assert redeem(server, code).status_code == 200


@pytest.mark.proves("S-21")
@pytest.mark.parametrize("name", ["code", "redirect_uri", "code_verifier"])
def test_nothing_a_code_is_bound_to_may_be_left_out(server: InProcess, name: str) -> None:
    code = approve(server, server.person())
    reply = redeem(server, code, **{name: None})
    assert (reply.status_code, reply.json()["error"]) == (400, "invalid_request")
    assert redeem(server, code).status_code == 200


@pytest.mark.proves("S-21")
def test_a_code_lives_for_sixty_seconds(server: InProcess, clock: SetClock) -> None:
    in_time, too_late = approve(server, server.person()), approve(server, server.person())
    clock.advance(59.9)
    assert redeem(server, in_time).status_code == 200
    clock.advance(0.1)
    assert redeem(server, too_late).json()["error"] == "invalid_grant"


REPLAYS: list[tuple[dict[str, str | None], bool]] = [
    ({}, True),
    ({"code_verifier": OTHER_VERIFIER}, False),
    ({"code_verifier": ""}, False),
    ({"redirect_uri": "http://127.0.0.1:1/callback"}, False),
    ({"client_id": "other-cli"}, False),
]


@pytest.mark.proves("S-21")
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(("changes", "ends_it"), REPLAYS)
@pytest.mark.usefixtures("other_client")
def test_a_replay_ends_what_the_code_gave_only_for_its_rightful_holder(
    server: InProcess,
    clock: SetClock,
    changes: dict[str, str | None],
    *,
    ends_it: bool,
    late: bool,
) -> None:
    code = approve(server, server.person())
    first = redeem(server, code).json()
    clock.advance(120 if late else 1)
    assert redeem(server, code, **changes).status_code == 400
    assert is_alive(server, first["session"]) is not ends_it
    assert (refresh(server, first["refresh_token"]).status_code == 400) is ends_it


def test_a_replay_is_written_to_the_audit_log(server: InProcess) -> None:
    user = server.person()
    code = approve(server, user)
    redeem(server, code)
    redeem(server, code)
    log = server.run(server.services.storage.read(events.of_user, user.id))
    assert "code.replayed" in [row["kind"] for row in log]


@pytest.mark.proves("S-21")
def test_of_simultaneous_redemptions_one_wins_and_the_others_end_it(server: InProcess) -> None:
    code = approve(server, server.person())
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "client_id": CLIENT,
        "code_verifier": VERIFIER,
    }

    async def race() -> list[int]:
        async with server.client() as client:
            replies = await asyncio.gather(
                *(client.post("/oauth/token", data=form) for _ in range(16))
            )
        return [reply.status_code for reply in replies]

    assert sorted(server.run(race())) == [200] + [400] * 15


@pytest.mark.proves("S-24", "T-13")
def test_a_disabled_account_gets_nothing_for_its_code_until_it_is_enabled(
    server: InProcess,
) -> None:
    user = server.person()
    code = approve(server, user)
    disabled = server.run(server.services.storage.write(accounts.update, user, disabled_at=1))
    assert disabled is not None
    assert redeem(server, code).json()["error"] == "invalid_grant"
    server.run(server.services.storage.write(accounts.update, disabled, disabled_at=None))
    assert redeem(server, code).status_code == 200


@pytest.mark.proves("S-24", "T-13")
def test_a_deleted_account_gets_nothing_for_its_code(server: InProcess) -> None:
    user = server.person()
    code = approve(server, user)
    server.run(server.services.storage.write(accounts.delete, user.project_id, user.id))
    assert redeem(server, code).json()["error"] == "invalid_grant"


@pytest.mark.proves("S-24", "T-13")
def test_a_password_change_elsewhere_makes_a_code_worthless(server: InProcess) -> None:
    user = server.person()
    code = approve(server, user)
    assert server.run(
        server.services.accounts.change_password(
            server.project, user, current=None, new="a new password", keep_session="another"
        )
    )
    assert redeem(server, code).json()["error"] == "invalid_grant"


@pytest.mark.proves("S-24")
def test_a_code_dies_with_the_browser_session_that_approved_it(server: InProcess) -> None:
    user = server.person()
    browser = server.browser(user)[0]
    code = approve(server, user, browser)
    server.run(server.services.sessions.end(browser.id, reason="signed out"))
    assert redeem(server, code).json()["error"] == "invalid_grant"


@pytest.mark.proves("S-52")
def test_the_session_of_a_program_outlives_the_browsers_and_the_reverse(server: InProcess) -> None:
    user = server.person()
    browser = server.browser(user)[0]
    one = redeem(server, approve(server, user, browser)).json()
    other = redeem(server, approve(server, user, browser)).json()
    server.run(server.services.sessions.end(other["session"], reason="revoked"))
    assert is_alive(server, browser.id)
    assert is_alive(server, one["session"])
    server.run(server.services.sessions.end(browser.id, reason="signed out"))
    assert is_alive(server, one["session"])


def test_a_client_that_may_not_refresh_gets_a_session_as_long_as_its_token(
    server: InProcess,
) -> None:
    found = server.run(server.services.projects.client(CLIENT))
    assert found is not None
    once = replace(found, id="once", grants=("authorization_code",))
    server.run(server.services.projects.save_client(once))
    code = approve(server, server.person(), None, client_id="once")
    reply = redeem(server, code, client_id="once").json()
    assert "refresh_token" not in reply
    server.clock.advance(600)
    assert not is_alive(server, reply["session"])


@pytest.mark.proves("T-13")
def test_no_kind_of_code_or_token_is_taken_for_another(server: InProcess) -> None:
    user = server.person()
    browser, cookie = server.browser(user)
    tokens = redeem(server, approve(server, user, browser)).json()
    for wrong in (tokens["refresh_token"], tokens["access_token"], cookie, "ktd_x", "x"):
        assert redeem(server, wrong).json()["error"] == "invalid_grant"
    code = approve(server, user, browser)
    for wrong in (code, tokens["access_token"], cookie, "ktd_x", "ktr_x", "x"):
        assert refresh(server, wrong).json()["error"] == "invalid_grant"
    assert redeem(server, code).status_code == 200
