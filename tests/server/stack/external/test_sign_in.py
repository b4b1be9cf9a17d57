"""Signing in at a provider: who becomes whom, and what is handed to the program.

The provider is a real server of its own; the browser is this test, and keeps its cookies.
"""

import base64
from typing import Any

import pytest

from keyturn.protocol import pkce
from tests.issuers_.openid_ import OpenIssuer
from tests.server.in_process_ import InProcess, SetClock
from tests.server.stack.api_ import Api, SignedIn, code_of
from tests.server.stack.external_ import ADA, HOME, Program, answered, me
from tests.server.stack.providers_ import account_of, api_at


def person_with(api: Api, email: str, *, verified: bool = True) -> SignedIn:
    body = {"primary_email": email, "primary_email_verified": verified}
    user = api.post("/users", api.secret, json={**body, "primary_email_auth_enabled": True})
    return api.session_of(user.json()["id"])


def providers_of(api: Api, user_id: str) -> list[dict[str, Any]]:
    found = api.get(f"/oauth-providers?user_id={user_id}", api.secret).json()
    items: list[dict[str, Any]] = found["items"]
    return items


def test_a_stranger_becomes_an_account_and_comes_back_to_it(api: Api) -> None:
    tokens = Program(api).signed_in()
    assert (tokens["token_type"], tokens["scope"], tokens["is_new_user"]) == (
        "Bearer",
        "legacy",
        True,
    )
    user = me(api, tokens)
    assert (user["primary_email"], user["primary_email_verified"]) == (ADA, True)
    assert user["oauth_providers"] == [{"id": "work", "account_id": "ada", "email": ADA}]
    assert (user["has_password"], user["is_anonymous"]) == (False, False)
    again = Program(api).signed_in()
    assert (again["is_new_user"], me(api, again)["id"]) == (False, user["id"])
    assert again["refresh_token"] != tokens["refresh_token"]


def test_name_and_picture_come_along_and_replace_nothing(api: Api, issuer: OpenIssuer) -> None:
    issuer.extra_claims |= {"name": "Ada", "picture": "https://id.example/ada.png"}
    user = me(api, Program(api).signed_in())
    assert (user["display_name"], user["profile_image_url"]) == (
        "Ada",
        "https://id.example/ada.png",
    )
    issuer.extra_claims |= {"name": "Somebody", "picture": "javascript:alert(1)"}
    assert me(api, Program(api).signed_in())["display_name"] == "Ada"


def test_an_address_that_the_provider_does_not_vouch_for_signs_nobody_in(
    api: Api, issuer: OpenIssuer
) -> None:
    issuer.extra_claims["email_verified"] = False
    user = me(api, Program(api).signed_in())
    assert (user["primary_email"], user["primary_email_verified"]) == (ADA, False)
    shown = api.get(f"/users/{user['id']}", api.secret).json()
    assert shown["primary_email_auth_enabled"] is False
    person_with(api, ADA)  # whose address it is may still sign up with it
    issuer.subject = "somebody else"
    refused = Program(api).refused()
    assert refused["errorCode"] == "CONTACT_CHANNEL_ALREADY_USED_FOR_AUTH_BY_SOMEONE_ELSE"
    assert '"would_work_if_email_was_verified": false' in refused["details"]


def test_an_address_proved_on_both_sides_joins_the_account(api: Api) -> None:
    owner = person_with(api, "Ada@Example.com")
    tokens = Program(api).signed_in()
    assert (tokens["is_new_user"], me(api, tokens)["id"]) == (False, owner.user_id)
    assert [one["account_id"] for one in providers_of(api, owner.user_id)] == ["ada"]


@pytest.mark.proves("T-4")
def test_an_address_that_was_never_proved_here_joins_nothing(api: Api) -> None:
    owner = person_with(api, ADA, verified=False)
    refused = Program(api).refused()
    assert refused["errorCode"] == "CONTACT_CHANNEL_ALREADY_USED_FOR_AUTH_BY_SOMEONE_ELSE"
    assert '"would_work_if_email_was_verified": true' in refused["details"]
    assert providers_of(api, owner.user_id) == []


def test_whoever_switched_sign_in_off_for_an_account_is_not_let_in_by_its_address(
    api: Api,
) -> None:
    owner = person_with(api, ADA)
    account_of(api, owner.user_id, allow_sign_in=False)
    refused = Program(api).refused()
    assert refused["errorCode"] == "CONTACT_CHANNEL_ALREADY_USED_FOR_AUTH_BY_SOMEONE_ELSE"


def test_a_signed_in_person_links_an_account_and_keeps_its_own(api: Api) -> None:
    owner = person_with(api, "countess@example.com")
    tokens = Program(api).signed_in(type="link", token=owner.access_token)
    user = me(api, tokens)
    assert (user["id"], user["primary_email"]) == (owner.user_id, "countess@example.com")
    assert user["oauth_providers"][0]["account_id"] == "ada"
    again = Program(api).signed_in(type="link", token=owner.access_token)
    assert me(api, again)["id"] == owner.user_id
    assert len(providers_of(api, owner.user_id)) == 1
    assert me(api, Program(api).signed_in())["id"] == owner.user_id


def test_a_second_account_that_is_linked_is_for_its_tokens_only(
    api: Api, issuer: OpenIssuer
) -> None:
    owner = person_with(api, "countess@example.com")
    Program(api).signed_in(type="link", token=owner.access_token)
    issuer.subject = "lovelace"
    Program(api).signed_in(type="link", token=owner.access_token)
    found = {one["account_id"]: one["allow_sign_in"] for one in providers_of(api, owner.user_id)}
    assert found == {"ada": True, "lovelace": False}


@pytest.mark.proves("T-4")
def test_an_account_that_signs_somebody_in_is_not_linked_to_anybody_else(api: Api) -> None:
    first = me(api, Program(api).signed_in())
    other = person_with(api, "grace@example.com")
    refused = Program(api).refused(type="link", token=other.access_token)
    assert refused["errorCode"] == "OAUTH_CONNECTION_ALREADY_CONNECTED_TO_ANOTHER_USER"
    assert (refused["from"], refused["details"]) == ("oauth", "{}")
    assert providers_of(api, other.user_id) == []
    assert len(providers_of(api, first["id"])) == 1


@pytest.mark.proves("S-9", "T-7")
def test_a_guest_becomes_the_account_and_its_older_tokens_end(api: Api) -> None:
    guest = api.guest()
    tokens = Program(api).signed_in(token=guest.access_token)
    user = me(api, tokens)
    assert (user["id"], user["is_anonymous"]) == (guest.user_id, False)
    assert (tokens["is_new_user"], user["primary_email"]) == (True, ADA)
    assert code_of(api.get("/users/me", guest.headers)) == "ACCESS_TOKEN_EXPIRED"


def test_a_guest_without_an_address_becomes_an_account_too(api: Api, issuer: OpenIssuer) -> None:
    issuer.extra_claims["email"] = "not an address"
    guest = api.guest()
    user = me(api, Program(api).signed_in(token=guest.access_token))
    assert (user["id"], user["is_anonymous"], user["primary_email"]) == (
        guest.user_id,
        False,
        None,
    )


def test_a_guest_that_signs_in_to_an_account_stays_what_it_is(api: Api) -> None:
    known = me(api, Program(api).signed_in())
    guest = api.guest()
    assert me(api, Program(api).signed_in(token=guest.access_token))["id"] == known["id"]
    assert api.get("/users/me", guest.headers).json()["is_anonymous"] is True


def test_where_sign_up_is_off_only_those_come_in_who_have_an_account(
    server: InProcess, issuer: OpenIssuer
) -> None:
    closed = api_at(issuer, server, sign_up_enabled=False)
    assert Program(closed).refused()["errorCode"] == "SIGN_UP_NOT_ENABLED"
    owner = person_with(closed, ADA)
    assert me(closed, Program(closed).signed_in())["id"] == owner.user_id


def test_a_new_account_has_a_team_called_after_its_person(
    server: InProcess, issuer: OpenIssuer
) -> None:
    issuer.extra_claims["name"] = "Ada Lovelace"
    api = api_at(issuer, server, create_team_on_sign_up=True)
    user = me(api, Program(api).signed_in())
    assert user["selected_team"]["display_name"] == "Ada Lovelace's Team"


def test_a_disabled_account_comes_in_by_no_provider(api: Api) -> None:
    user = me(api, Program(api).signed_in())
    waiting = Program(api)
    code = waiting.code()
    api.disable(user["id"])
    assert waiting.redeem(code).status_code == 403  # policy is looked at again
    assert Program(api).there_and_back().status_code == 403


def test_a_second_factor_is_asked_for_before_there_are_tokens(api: Api) -> None:
    user = me(api, Program(api).signed_in())
    secret = {"totp_secret_base64": base64.b64encode(bytes(20)).decode()}
    patched = api.send("PATCH", f"/users/{user['id']}", api.secret, json=secret)
    assert patched.status_code == 200, patched.text
    program = Program(api)
    answer = program.redeem(program.code())
    assert (answer.status_code, code_of(answer)) == (400, "MULTI_FACTOR_AUTHENTICATION_REQUIRED")
    assert answer.json()["details"]["attempt_code"]


def test_the_program_gets_the_providers_tokens_for_what_it_asked(
    api: Api, issuer: OpenIssuer, clock: SetClock
) -> None:
    tokens = Program(api).signed_in(provider_scope="calendar files")
    asked = next(one for one in issuer.asked if one.path == "/oauth/authorize").query
    assert asked["scope"].split() == ["openid", "email", "profile", "calendar", "files"]
    path = "/connected-accounts/me/work/access-token"
    headers = api.with_token(tokens["access_token"])
    first = api.post(path, headers, json={"scope": "calendar"}).json()["access_token"]
    assert first == issuer.issued[-1]
    clock.advance(400)
    renewed = api.post(path, headers, json={"scope": "calendar"}).json()["access_token"]
    assert renewed == issuer.issued[-1] != first


def test_what_goes_to_the_provider_proves_who_asks_and_reveals_nothing(
    api: Api, issuer: OpenIssuer
) -> None:
    program = Program(api)
    departed = program.depart()
    sent = answered(departed.headers["location"])
    assert sent["code_challenge_method"] == "S256"
    assert sent["redirect_uri"].endswith("/api/v1/auth/oauth/callback/work")
    assert sent["code_challenge"] != program.challenge
    assert program.state not in departed.headers["location"]
    program.come_back(program.visit_provider(departed.headers["location"]))
    form = issuer.token_requests()[0]
    assert pkce.matches(form["code_verifier"], sent["code_challenge"])
    assert "client_secret" not in form  # by HTTP Basic, as its metadata allows


def test_where_to_go_afterwards_is_handed_back_with_the_tokens(api: Api) -> None:
    tokens = Program(api).signed_in(after_callback_redirect_url="/settings?tab=1")
    assert tokens["after_callback_redirect_url"] == "/settings?tab=1"


def test_a_redirect_keeps_the_programs_query_and_replaces_its_own_members(api: Api) -> None:
    back = Program(api).there_and_back(redirect_uri=f"{HOME}?keep=1&code=old&state=old#there")
    told = answered(back.headers["location"])
    assert told["keep"] == "1"
    assert "old" not in told.values()
    assert "#" not in back.headers["location"]


def test_a_script_is_told_where_to_send_the_browser(api: Api) -> None:
    program = Program(api)
    for name in ("stack_response_mode", "hexclave_response_mode"):
        answer = program.depart(**{name: "json"})
        assert (answer.status_code, answer.headers.get_list("set-cookie")) == (200, [])
        location = answer.json()["location"]
    assert "response_mode" not in location
    departed = program.come_back(location)
    assert departed.status_code == 302
    back = program.come_back(program.visit_provider(departed.headers["location"]))
    assert program.redeem(answered(back.headers["location"])["code"]).status_code == 200
