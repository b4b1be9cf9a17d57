"""What may have happened between an approval and its collection: each is looked at again (S-24).

Every way to become barred, at every door that trades a code for a session. Beside each refusal
stands its opposite: with nothing changed, the same steps give a session.
"""

from collections.abc import Callable
from dataclasses import dataclass

import httpx2
import pytest

from keyturn.server.accounts import store as accounts
from keyturn.server.accounts.rules import User
from keyturn.server.sessions.rules import Session
from tests.server.in_process_ import InProcess
from tests.server.oauth.grants_ import (
    BROWSER_ORIGIN,
    approve,
    decide_device,
    poll,
    redeem,
    start_device,
)

STACK = {"x-stack-access-type": "client", "x-stack-project-id": "default"}


@dataclass(frozen=True)
class Approved:
    """Something that was approved, and has not been collected."""

    user: User
    by: Session  # the session that approved
    collect: Callable[[], httpx2.Response]


def by_code(server: InProcess) -> Approved:
    user = server.person()
    browser = server.browser(user)[0]
    code = approve(server, user, browser)
    return Approved(user, browser, lambda: redeem(server, code))


def by_device_code(server: InProcess) -> Approved:
    user = server.person()
    browser = server.browser(user)[0]
    started = start_device(server)
    assert decide_device(server, started["user_code"], user, browser=browser) == "approved"
    return Approved(user, browser, lambda: poll(server, started["device_code"]))


def by_confirm_page(server: InProcess) -> Approved:
    user = server.person()
    browser = server.browser(user)[0]
    codes = server.post("/api/v1/auth/cli", headers=STACK).json()
    attempt = server.run(server.services.cli_login.attempt_by_login_code(codes["login_code"]))
    assert attempt is not None
    server.run(server.services.cli_login.approve_on_page(attempt, user, browser, BROWSER_ORIGIN))
    return Approved(user, browser, lambda: polled(server, codes["polling_code"]))


def by_complete(server: InProcess) -> Approved:
    user = server.person()
    tokens = server.run(
        server.services.stack_tokens.begin(server.project, user, origin=BROWSER_ORIGIN)
    )
    session = server.run(server.services.sessions.of_stack_token(tokens.refresh_token))
    assert session is not None
    codes = server.post("/api/v1/auth/cli", headers=STACK).json()
    body = {"login_code": codes["login_code"], "refresh_token": tokens.refresh_token}
    server.post("/api/v1/auth/cli/complete", headers=STACK, json=body)
    return Approved(user, session, lambda: polled(server, codes["polling_code"]))


def polled(server: InProcess, code: str) -> httpx2.Response:
    return server.post("/api/v1/auth/cli/poll", headers=STACK, json={"polling_code": code})


DOORS = [by_code, by_device_code, by_confirm_page, by_complete]


def disabled(server: InProcess, approved: Approved) -> None:
    server.run(server.services.storage.write(accounts.update, approved.user, disabled_at=1))


def deleted(server: InProcess, approved: Approved) -> None:
    user = approved.user
    server.run(server.services.storage.write(accounts.delete, user.project_id, user.id))


def password_changed_elsewhere(server: InProcess, approved: Approved) -> None:
    change_password(server, approved.user, keep_session="another browser's")


def password_changed_right_here(server: InProcess, approved: Approved) -> None:
    change_password(server, approved.user, keep_session=approved.by.id)


def password_set_by_the_operator(server: InProcess, approved: Approved) -> None:
    key = {**STACK, "x-stack-access-type": "server", "x-stack-secret-server-key": "ssk"}
    path = f"/api/v1/users/{approved.user.id}"
    reply = server.request("PATCH", path, headers=key, json={"password": "a new password"})
    assert reply.status_code == 200, reply.text


def signed_out(server: InProcess, approved: Approved) -> None:
    server.run(server.services.sessions.end(approved.by.id, reason="signed out"))


def every_program_signed_out(server: InProcess, approved: Approved) -> None:
    server.run(server.services.sessions.end_programs(approved.user.id))


def change_password(server: InProcess, user: User, *, keep_session: str) -> None:
    assert server.run(
        server.services.accounts.change_password(
            server.project, user, current=None, new="a new password", keep_session=keep_session
        )
    )


CHANGES = [
    disabled,
    deleted,
    password_changed_elsewhere,
    password_changed_right_here,
    password_set_by_the_operator,
    signed_out,
    every_program_signed_out,
]

Door = Callable[[InProcess], Approved]
Change = Callable[[InProcess, Approved], None]


@pytest.fixture
def server(start_server: Callable[..., InProcess]) -> InProcess:
    return start_server(
        projects=[{"id": "default", "display_name": "Acme", "secret_server_key": "ssk"}],
        clients=[{"id": "keyturn-cli", "project": "default"}],
    )


def gave_a_session(reply: httpx2.Response) -> bool:
    """Say whether a refresh token came; a refusal is what its door says of a code that is over."""
    found = reply.json()
    if reply.status_code in (200, 201) and "refresh_token" in found:
        return True
    assert found in ({"status": "expired"}, {"status": "used"}) or (
        reply.status_code == 400 and found["error"] in ("invalid_grant", "access_denied")
    ), (reply.status_code, found)
    return False


@pytest.mark.proves("S-24", "T-13")
@pytest.mark.parametrize("door", DOORS)
def test_where_nothing_has_changed_the_approval_is_worth_a_session(
    server: InProcess, door: Door
) -> None:
    assert gave_a_session(door(server).collect())


@pytest.mark.proves("S-24", "T-13")
@pytest.mark.parametrize(
    ("door", "change"),
    [
        (door, change)
        for door in DOORS
        for change in CHANGES
        # That door hands out the very session that stays: it shares by its nature (S-52).
        if (door, change) != (by_complete, password_changed_right_here)
    ],
)
def test_whoever_is_barred_before_collecting_gets_nothing_and_leaves_no_session(
    server: InProcess, door: Door, change: Change
) -> None:
    approved = door(server)
    change(server, approved)
    assert not gave_a_session(approved.collect())
    assert not gave_a_session(approved.collect())
    live = server.run(server.services.sessions.live_of_user(approved.user.id))
    assert {session.id for session in live} <= {approved.by.id}
