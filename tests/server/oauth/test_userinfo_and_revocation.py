"""What a live session's program learns, and how a session ends for good."""

from dataclasses import replace

import httpx2
import pytest

from keyturn.server.accounts import store as accounts
from tests.server.in_process_ import BASE_URL, InProcess
from tests.server.oauth.grants_ import CLIENT, refresh, signed_in


def userinfo(server: InProcess, token: str, method: str = "GET") -> httpx2.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return server.request(method, "/oauth/userinfo", headers=headers)


def revoke(server: InProcess, token: str, **members: str) -> httpx2.Response:
    return server.post("/oauth/revoke", data={"token": token, "client_id": CLIENT, **members})


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_program_learns_who_signed_in(server: InProcess, method: str) -> None:
    user = server.person("ada@example.com")
    reply = userinfo(server, signed_in(server, user)["access_token"], method)
    assert reply.json() == {
        "sub": user.id,
        "email": "ada@example.com",
        "email_verified": True,
        "name": "Ada Lovelace",
    }
    assert reply.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("scope", "members"),
    [
        ("openid", {"sub"}),
        ("openid email", {"sub", "email", "email_verified"}),
        ("openid profile", {"sub", "name"}),
    ],
)
def test_a_program_learns_no_more_than_its_scope(
    server: InProcess, scope: str, members: set[str]
) -> None:
    token = signed_in(server, None, scope=scope)["access_token"]
    assert set(userinfo(server, token).json()) == members


def test_without_a_token_the_challenge_names_no_error(server: InProcess) -> None:
    reply = server.get("/oauth/userinfo")
    assert reply.status_code == 401
    where = f"{BASE_URL}/.well-known/oauth-protected-resource"
    assert reply.headers["www-authenticate"] == f'Bearer resource_metadata="{where}"'


def test_with_a_bad_token_the_challenge_says_invalid_token(server: InProcess) -> None:
    reply = userinfo(server, "x")
    assert (reply.status_code, reply.json()["error"]) == (401, "invalid_token")
    assert 'error="invalid_token"' in reply.headers["www-authenticate"]


@pytest.mark.proves("S-26", "S-0b")
@pytest.mark.parametrize("which", ["refresh_token", "access_token"])
@pytest.mark.parametrize("hint", ["", "refresh_token", "access_token", "nonsense"])
def test_revoking_any_token_ends_the_whole_family(server: InProcess, which: str, hint: str) -> None:
    tokens = signed_in(server)
    reply = revoke(server, tokens[which], token_type_hint=hint)
    assert (reply.status_code, reply.content) == (200, b"")
    assert refresh(server, tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert userinfo(server, tokens["access_token"]).status_code == 401


@pytest.mark.proves("S-26")
def test_a_token_of_an_earlier_generation_still_signs_out(server: InProcess) -> None:
    first = signed_in(server)
    second = refresh(server, first["refresh_token"]).json()
    assert revoke(server, first["refresh_token"]).status_code == 200
    assert refresh(server, second["refresh_token"]).json()["error"] == "invalid_grant"
    assert userinfo(server, second["access_token"]).status_code == 401


@pytest.mark.proves("S-26")
def test_an_unknown_token_is_as_good_as_a_revoked_one(server: InProcess) -> None:
    token = signed_in(server)["refresh_token"]
    for unknown in ("x", "ktr_" + "A" * 64, token[:-1]):
        assert revoke(server, unknown).status_code == 200
    assert revoke(server, token).status_code == 200
    assert revoke(server, token).status_code == 200


def test_a_token_must_be_named(server: InProcess) -> None:
    reply = server.post("/oauth/revoke", data={"client_id": CLIENT})
    assert (reply.status_code, reply.json()["error"]) == (400, "invalid_request")


@pytest.mark.proves("S-26")
def test_another_clients_token_is_left_alone(server: InProcess) -> None:
    found = server.run(server.services.projects.client(CLIENT))
    assert found is not None
    server.run(server.services.projects.save_client(replace(found, id="other-cli")))
    token = signed_in(server)["refresh_token"]
    assert revoke(server, token, client_id="other-cli").status_code == 400
    assert refresh(server, token).status_code == 200


@pytest.mark.proves("S-26")
def test_revoking_one_program_leaves_the_others(server: InProcess) -> None:
    user = server.person()
    one, other = signed_in(server, user), signed_in(server, user)
    revoke(server, one["refresh_token"])
    assert refresh(server, other["refresh_token"]).status_code == 200


def test_a_disabled_account_is_nobody(server: InProcess) -> None:
    user = server.person()
    token = signed_in(server, user)["access_token"]
    server.run(server.services.storage.write(accounts.update, user, disabled_at=1))
    assert userinfo(server, token).status_code == 401
