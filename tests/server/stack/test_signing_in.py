"""Signing up and in: anonymously, with a password, and from the one to the other."""

import pytest

from tests.server.in_process_ import BASE_URL, InProcess, SetClock
from tests.server.stack.api_ import PASSWORD, Api, SignedIn, code_of

UP, IN, ANONYMOUS = "/auth/password/sign-up", "/auth/password/sign-in", "/auth/anonymous/sign-up"
KEYS = {"access_token", "refresh_token", "user_id"}


def renews(api: Api, refresh_token: str) -> bool:
    headers = {**api.client, "x-stack-refresh-token": refresh_token}
    return api.post("/auth/sessions/current/refresh", headers).status_code == 200


def upgrade(api: Api, guest: SignedIn, email: str = "ada@example.com") -> SignedIn:
    answer = api.post(UP, guest.headers, json={"email": email, "password": PASSWORD})
    return api.signed_in(answer)


def test_each_way_in_answers_with_both_tokens_and_the_user(api: Api) -> None:
    body = {"email": "ada@example.com", "password": PASSWORD}
    answers = [api.post(ANONYMOUS), api.post(UP, json=body), api.post(IN, json=body)]
    for answer in answers:
        assert answer.status_code == 200
        assert answer.json().keys() == KEYS
        assert (
            api.signed_in(answer).user_id
            == api.get("/users/me", api.with_token(answer.json()["access_token"])).json()["id"]
        )
    assert answers[1].json()["user_id"] == answers[2].json()["user_id"]


def test_anonymous_sign_up_needs_no_body_and_works_with_sign_up_disabled(
    server: InProcess,
) -> None:
    closed = Api.create(server, sign_up_enabled=False)
    assert closed.guest().user_id
    refused = closed.post(UP, json={"email": "ada@example.com", "password": PASSWORD})
    assert (refused.status_code, code_of(refused)) == (400, "SIGN_UP_NOT_ENABLED")


@pytest.mark.parametrize("path", [UP, IN])
def test_without_passwords_a_project_says_so(server: InProcess, path: str) -> None:
    project = Api.create(server, credential_enabled=False)
    answer = project.post(path, json={"email": "ada@example.com", "password": PASSWORD})
    assert (answer.status_code, code_of(answer)) == (400, "PASSWORD_AUTHENTICATION_NOT_ENABLED")


@pytest.mark.proves("S-60")
@pytest.mark.parametrize(
    ("password", "code", "name", "limit"),
    [
        ("1234567", "PASSWORD_TOO_SHORT", "min_length", 8),
        ("", "PASSWORD_TOO_SHORT", "min_length", 8),
        ("x" * 71, "PASSWORD_TOO_LONG", "max_length", 70),
        ("x" * 5000, "PASSWORD_TOO_LONG", "max_length", 70),
    ],
)
def test_a_password_of_the_wrong_length_is_refused_with_the_limit(
    api: Api, password: str, code: str, name: str, limit: int
) -> None:
    answer = api.post(UP, json={"email": "ada@example.com", "password": password})
    assert (answer.status_code, code_of(answer)) == (400, code)
    assert answer.json()["details"][name] == limit


def test_the_details_of_a_long_password_have_the_spelling_that_clients_read(api: Api) -> None:
    answer = api.post(UP, json={"email": "ada@example.com", "password": "x" * 71})
    assert answer.json()["details"]["maxLength"] == 70


@pytest.mark.parametrize("email", ["ada@example.com", " ADA@Example.COM "])
def test_a_taken_address_is_a_409_with_the_address(api: Api, email: str) -> None:
    api.account("ada@example.com")
    answer = api.post(UP, json={"email": email, "password": PASSWORD})
    assert (answer.status_code, code_of(answer)) == (409, "USER_EMAIL_ALREADY_EXISTS")
    assert answer.json()["details"] == {"email": email.strip()}


@pytest.mark.proves("T-8")
@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("https://app.example/verify?x=1", True),
        ("https://app.example:443/verify", True),
        ("http://localhost:3000/handler", True),
        (f"{BASE_URL}/handler", True),
        ("https://app.example.evil.test/", False),
        ("https://app.example@evil.test/", False),
        ("https://evil.test/https://app.example/", False),
        ("//app.example/", False),
        ("https:\\\\app.example\\@evil.test", False),
        ("https://app.example\t.evil.test/", False),
        ("javascript:alert(1)", False),
        ("http://app.example/", False),
        ("https://app.example:8443/", False),
        ("", False),
        ("https://[::1", False),
    ],
)
def test_a_callback_address_must_be_on_a_trusted_domain(
    server: InProcess, url: str, trusted: bool
) -> None:
    project = Api.create(server, trusted_domains=("https://app.example",), sign_up_enabled=False)
    body = {"email": "ada@example.com", "password": PASSWORD, "verification_callback_url": url}
    expected = "SIGN_UP_NOT_ENABLED" if trusted else "REDIRECT_URL_NOT_WHITELISTED"
    assert code_of(project.post(UP, json=body)) == expected


def test_a_wrong_password_and_an_unknown_address_are_one_answer(api: Api) -> None:
    api.account("ada@example.com")
    answers = [
        api.post(IN, json={"email": "ada@example.com", "password": "not it at all"}),
        api.post(IN, json={"email": "eve@example.com", "password": PASSWORD}),
    ]
    for answer in answers:
        assert (answer.status_code, code_of(answer)) == (400, "EMAIL_PASSWORD_MISMATCH")
    assert answers[0].text == answers[1].text


@pytest.mark.proves("T-10")
def test_guessing_a_password_is_put_off_after_ten_tries(api: Api, clock: SetClock) -> None:
    api.account("ada@example.com")
    wrong = {"email": "ada@example.com", "password": "not it at all"}
    statuses = [api.post(IN, json=wrong).status_code for _ in range(11)]
    assert statuses == [400] * 10 + [429]
    right = {**wrong, "password": PASSWORD}
    assert api.post(IN, json=right).status_code == 429
    clock.advance(600)
    assert api.post(IN, json=right).status_code == 200


@pytest.mark.proves("S-9", "T-7")
def test_an_upgrade_keeps_id_and_metadata_and_ends_every_older_token(
    api: Api, clock: SetClock
) -> None:
    guest = api.guest()
    planted = api.session_of(guest.user_id)
    changes = {"client_metadata": {"cart": 3}, "display_name": "Ada"}
    api.send("PATCH", "/users/me", guest.headers, json=changes)
    clock.advance(60)
    account = upgrade(api, guest)
    assert account.user_id == guest.user_id
    me = api.get("/users/me", account.headers).json()
    assert (me["client_metadata"], me["display_name"]) == ({"cart": 3}, "Ada")
    assert (me["is_anonymous"], me["is_restricted"], me["has_password"]) == (False, False, True)
    assert me["signed_up_at_millis"] == clock.now
    for old in (guest, planted):
        assert not renews(api, old.refresh_token)
        assert code_of(api.get("/users/me", old.headers)) == "ACCESS_TOKEN_EXPIRED"
    assert renews(api, account.refresh_token)


@pytest.mark.proves("S-9")
def test_a_server_that_upgrades_a_guest_ends_its_older_tokens_too(api: Api) -> None:
    guest = api.guest()
    changes = {"is_anonymous": False, "primary_email": "ada@example.com", "password": PASSWORD}
    answer = api.send("PATCH", f"/users/{guest.user_id}", api.secret, json=changes)
    assert answer.json()["is_anonymous"] is False
    assert not renews(api, guest.refresh_token)


def test_an_upgrade_to_a_taken_address_leaves_the_guest_as_it_was(api: Api) -> None:
    api.account("ada@example.com")
    guest = api.guest()
    before = api.get("/users/me", guest.headers).json()
    answer = api.post(UP, guest.headers, json={"email": "ada@example.com", "password": PASSWORD})
    assert code_of(answer) == "USER_EMAIL_ALREADY_EXISTS"
    assert api.get("/users/me", guest.headers).json() == before


@pytest.mark.proves("S-9")
def test_signing_in_never_touches_the_guest_that_asks(api: Api) -> None:
    account, guest = api.account("ada@example.com"), api.guest()
    body = {"email": "ada@example.com", "password": PASSWORD}
    signed_in = api.signed_in(api.post(IN, guest.headers, json=body))
    assert signed_in.user_id == account.user_id
    assert api.get("/users/me", guest.headers).json()["is_anonymous"] is True
    assert renews(api, guest.refresh_token)


def test_signing_up_while_signed_in_makes_another_account(api: Api) -> None:
    account = api.account()
    body = {"email": "ada@example.com", "password": PASSWORD}
    assert api.signed_in(api.post(UP, account.headers, json=body)).user_id != account.user_id
    assert renews(api, account.refresh_token)


def test_a_personal_team_comes_with_the_account_and_is_renamed_by_an_upgrade(
    server: InProcess,
) -> None:
    project = Api.create(server, create_team_on_sign_up=True)
    account = project.account("ada@example.com")
    me = project.get("/users/me", account.headers).json()
    assert me["selected_team"]["display_name"] == "ada@example.com's Team"
    assert me["selected_team_id"] == me["selected_team"]["id"]
    guest = project.guest()
    assert project.get("/teams?user_id=me", guest.headers).json()["items"] == []
    upgraded = upgrade(project, guest, "grace@example.com")
    teams = project.get("/teams?user_id=me", upgraded.headers).json()["items"]
    assert [team["display_name"] for team in teams] == ["grace@example.com's Team"]


def test_a_disabled_account_cannot_sign_in_or_renew(api: Api) -> None:
    account = api.account("ada@example.com")
    api.disable(account.user_id)
    body = {"email": "ada@example.com", "password": PASSWORD}
    assert code_of(api.post(IN, json=body)) == "EMAIL_PASSWORD_MISMATCH"
    assert not renews(api, account.refresh_token)
    assert code_of(api.get("/users/me", account.headers)) == "ACCESS_TOKEN_EXPIRED"
