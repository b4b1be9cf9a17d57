"""Passkeys: made and used with a software authenticator that keeps to the standard, or does not."""

import asyncio
from typing import Any

import httpx2
import pytest

from tests.server.authenticator_ import Authenticator
from tests.server.in_process_ import InProcess, SetClock
from tests.server.soft_authenticator_ import ORIGIN, SoftAuthenticator, b64, unb64
from tests.server.stack.api_ import Api, SignedIn, code_of

PLACEHOLDER = "THIS_VALUE_WILL_BE_REPLACED.example.com"


@pytest.fixture
def server(shared_server: InProcess) -> InProcess:
    """Return the server of this file, a day later: no limit of another test is left."""
    shared_server.clock.advance(24 * 3600)
    return shared_server


@pytest.fixture
def api(server: InProcess) -> Api:
    """Return a project with passkeys."""
    return Api.create(server, passkey_enabled=True)


@pytest.fixture
def ada(api: Api) -> SignedIn:
    return api.person()


def begin(api: Api, who: SignedIn | None = None) -> dict[str, Any]:
    """Begin to register, or (for nobody) to sign in."""
    what = "registration" if who else "authentication"
    headers = who.headers if who else api.client
    answer = api.post(f"/auth/passkey/initiate-passkey-{what}", headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert found.keys() == {"options_json", "code"}
    return found


def bring(
    api: Api, who: SignedIn, begun: dict[str, Any], credential: dict[str, Any]
) -> httpx2.Response:
    body = {"code": begun["code"], "credential": credential}
    return api.post("/auth/passkey/register", who.headers, json=body)


def register(api: Api, who: SignedIn, key: SoftAuthenticator) -> httpx2.Response:
    begun = begin(api, who)
    return bring(api, who, begun, key.makes(begun["options_json"]))


def show(api: Api, begun: dict[str, Any], response: dict[str, Any]) -> httpx2.Response:
    body = {"code": begun["code"], "authentication_response": response}
    return api.post("/auth/passkey/sign-in", json=body)


def sign_in(api: Api, key: SoftAuthenticator) -> httpx2.Response:
    begun = begin(api)
    return show(api, begun, key.signs(begun["options_json"]))


def registered(api: Api, who: SignedIn, **how: Any) -> SoftAuthenticator:
    key = SoftAuthenticator(**how)
    answer = register(api, who, key)
    assert (answer.status_code, answer.json()) == (200, {"user_handle": b64(key.credential_id)})
    return key


def enabled(api: Api, who: SignedIn) -> bool:
    found: bool = api.get("/users/me", who.headers).json()["passkey_auth_enabled"]
    return found


@pytest.mark.proves("S-2")
def test_a_passkey_is_made_and_signs_in(api: Api, ada: SignedIn) -> None:
    assert not enabled(api, ada)
    key = registered(api, ada)
    assert enabled(api, ada)
    for _ in range(2):
        answer = sign_in(api, key)
        assert answer.status_code == 200, answer.text
        assert answer.json().keys() == {"access_token", "refresh_token", "is_new_user", "user_id"}
        assert (answer.json()["user_id"], answer.json()["is_new_user"]) == (ada.user_id, False)
        headers = api.with_token(answer.json()["access_token"])
        assert api.get("/users/me", headers).json()["id"] == ada.user_id


def test_the_options_are_those_that_published_clients_take(api: Api, ada: SignedIn) -> None:
    making = begin(api, ada)["options_json"]
    assert making["rp"] == {"id": PLACEHOLDER, "name": "Engines"}
    assert unb64(making["user"]["id"]).decode() == ada.user_id
    assert (making["user"]["name"], making["user"]["displayName"]) == ("Ada Lovelace",) * 2
    assert making["authenticatorSelection"]["residentKey"] == "required"
    assert making["authenticatorSelection"]["userVerification"] == "preferred"
    assert {"type": "public-key", "alg": -7} in making["pubKeyCredParams"]
    using = begin(api)["options_json"]
    assert (using["rpId"], using["timeout"], using["allowCredentials"]) == (PLACEHOLDER, 60000, [])
    assert len(unb64(using["challenge"])) == len(unb64(making["challenge"])) == 32


def test_a_new_passkey_takes_the_place_of_the_old(api: Api, ada: SignedIn) -> None:
    old, new = registered(api, ada), registered(api, ada)
    refused = sign_in(api, old)
    assert (refused.status_code, code_of(refused)) == (400, "PASSKEY_AUTHENTICATION_FAILED")
    assert sign_in(api, new).status_code == 200


def test_a_passkey_is_removed_by_switching_it_off_and_enabled_by_registering_alone(
    api: Api, ada: SignedIn
) -> None:
    key = registered(api, ada)
    by_hand = api.send(
        "PATCH", "/users/me", api.person().headers, json={"passkey_auth_enabled": True}
    )
    assert (by_hand.status_code, code_of(by_hand)) == (400, None)
    off = api.send("PATCH", "/users/me", ada.headers, json={"passkey_auth_enabled": False})
    assert off.json()["passkey_auth_enabled"] is False
    assert code_of(sign_in(api, key)) == "PASSKEY_AUTHENTICATION_FAILED"
    again = api.send("PATCH", "/users/me", ada.headers, json={"passkey_auth_enabled": False})
    assert again.status_code == 200


def test_a_passkey_leads_to_the_second_factor_where_there_is_one(
    api: Api, ada: SignedIn, clock: SetClock
) -> None:
    key, app = registered(api, ada), Authenticator(clock)
    body = {"totp_secret_base64": app.secret_base64}
    api.send("PATCH", "/users/me", ada.headers, json=body)
    answer = sign_in(api, key)
    assert code_of(answer) == "MULTI_FACTOR_AUTHENTICATION_REQUIRED"
    code = answer.json()["details"]["attempt_code"]
    finished = api.post(
        "/auth/mfa/sign-in", json={"type": "totp", "totp": app.shows(), "code": code}
    )
    assert finished.json()["user_id"] == ada.user_id


def test_an_answer_is_good_once(api: Api, ada: SignedIn) -> None:
    key = registered(api, ada)
    begun = begin(api)
    response = key.signs(begun["options_json"])
    assert show(api, begun, response).status_code == 200
    replayed = show(api, begun, response)
    assert (replayed.status_code, code_of(replayed)) == (409, "VERIFICATION_CODE_ALREADY_USED")
    elsewhere = show(api, begin(api), response)
    assert code_of(elsewhere) == "PASSKEY_AUTHENTICATION_FAILED"


def test_of_many_who_bring_one_answer_at_once_one_signs_in(api: Api, ada: SignedIn) -> None:
    key = registered(api, ada)
    begun = begin(api)
    body = {"code": begun["code"], "authentication_response": key.signs(begun["options_json"])}

    async def race() -> list[int]:
        path = "/api/v1/auth/passkey/sign-in"
        async with api.server.client() as client:
            asked = (client.post(path, headers=api.client, json=body) for _ in range(4))
            return sorted(answer.status_code for answer in await asyncio.gather(*asked))

    statuses = api.server.run(race())
    assert (statuses[0], statuses.count(200)) == (200, 1)
    assert set(statuses[1:]) <= {400, 409}


def test_a_copy_of_the_authenticator_that_lags_behind_is_refused(api: Api, ada: SignedIn) -> None:
    key = registered(api, ada)
    assert sign_in(api, key).status_code == 200
    key.count -= 1
    assert code_of(sign_in(api, key)) == "PASSKEY_AUTHENTICATION_FAILED"


def test_an_authenticator_that_does_not_count_signs_in_again_and_again(
    api: Api, ada: SignedIn
) -> None:
    key = registered(api, ada, counts=False)
    assert [sign_in(api, key).status_code for _ in range(3)] == [200, 200, 200]


def test_a_challenge_ends_after_two_minutes(api: Api, ada: SignedIn, clock: SetClock) -> None:
    key = registered(api, ada)
    making, using = begin(api, ada), begin(api)
    clock.advance(120)
    late = bring(api, ada, making, key.makes(making["options_json"]))
    assert (late.status_code, code_of(late)) == (400, "VERIFICATION_CODE_EXPIRED")
    assert code_of(show(api, using, key.signs(using["options_json"]))) == (
        "VERIFICATION_CODE_EXPIRED"
    )


@pytest.mark.proves("T-13")
def test_a_challenge_is_for_its_user_its_purpose_and_its_project(
    api: Api, ada: SignedIn, server: InProcess
) -> None:
    key, eve = SoftAuthenticator(), api.person()
    making = begin(api, ada)
    credential = key.makes(making["options_json"])
    assert code_of(bring(api, eve, making, credential)) == "VERIFICATION_CODE_NOT_FOUND"
    assert code_of(show(api, making, credential)) == "VERIFICATION_CODE_NOT_FOUND"
    other = Api.create(server, passkey_enabled=True)
    assert code_of(bring(other, other.person(), making, credential)) == (
        "VERIFICATION_CODE_NOT_FOUND"
    )
    assert bring(api, ada, making, credential).status_code == 200
    assert code_of(sign_in(other, key)) == "PASSKEY_AUTHENTICATION_FAILED"


def test_nobody_registers_the_credential_of_somebody_else(api: Api, ada: SignedIn) -> None:
    key, eve = registered(api, ada), api.person()
    thief = SoftAuthenticator(credential_id=key.credential_id)
    refused = register(api, eve, thief)
    assert (refused.status_code, code_of(refused)) == (400, "PASSKEY_REGISTRATION_FAILED")
    assert not enabled(api, eve)
    assert sign_in(api, key).json()["user_id"] == ada.user_id
    assert code_of(sign_in(api, thief)) == "PASSKEY_AUTHENTICATION_FAILED"


@pytest.mark.parametrize(
    "how",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://localhost:3000@evil.example"},
        {"cross_origin": True},
    ],
)
@pytest.mark.proves("T-1")
def test_a_page_elsewhere_or_in_a_frame_is_refused(
    api: Api, ada: SignedIn, how: dict[str, Any]
) -> None:
    assert code_of(register(api, ada, SoftAuthenticator(**how))) == "PASSKEY_REGISTRATION_FAILED"
    key = registered(api, ada)
    for name, value in how.items():
        setattr(key, name, value)
    assert code_of(sign_in(api, key)) == "PASSKEY_AUTHENTICATION_FAILED"


def test_a_listed_origin_has_passkeys_of_its_own(server: InProcess) -> None:
    api = Api.create(server, passkey_enabled=True, trusted_domains=("https://app.example",))
    key = registered(api, api.person(), origin="https://app.example")
    assert sign_in(api, key).status_code == 200
    key.origin = ORIGIN  # a signature for one host opens nothing on another
    begun = begin(api)
    response = key.signs(begun["options_json"])
    key.origin = "https://app.example"
    other = key.signs(begun["options_json"])
    response["response"]["authenticatorData"] = other["response"]["authenticatorData"]
    assert code_of(show(api, begun, response)) == "PASSKEY_AUTHENTICATION_FAILED"


def test_a_handle_that_names_somebody_else_is_refused(api: Api, ada: SignedIn) -> None:
    key = registered(api, ada)
    key.user_handle = api.person().user_id.encode()
    assert code_of(sign_in(api, key)) == "PASSKEY_AUTHENTICATION_FAILED"
    begun = begin(api)
    without = key.signs(begun["options_json"])
    del without["response"]["userHandle"]
    assert show(api, begun, without).status_code == 200


def test_a_closed_account_is_not_opened(api: Api, ada: SignedIn) -> None:
    key = registered(api, ada)
    api.disable(ada.user_id)
    assert code_of(sign_in(api, key)) == "PASSKEY_AUTHENTICATION_FAILED"


def test_registering_needs_a_user_and_everything_a_project_with_passkeys(
    api: Api, server: InProcess
) -> None:
    path = "/auth/passkey/initiate-passkey-registration"
    assert code_of(api.post(path)) == "USER_AUTHENTICATION_REQUIRED"
    without = Api.create(server)
    who = without.person().headers
    code = "0" * 45
    for answer in (
        without.post(path, who),
        without.post("/auth/passkey/initiate-passkey-authentication"),
        without.post("/auth/passkey/register", who, json={"code": code, "credential": {}}),
        without.post("/auth/passkey/sign-in", json={"code": code, "authentication_response": {}}),
    ):
        assert (answer.status_code, code_of(answer)) == (400, "PASSKEY_AUTHENTICATION_NOT_ENABLED")


NONSENSE: list[Any] = [None, 7, "", "!", "AAAA", "bm90IGpzb24", b64(b"[]"), b64(b"{}"), [], {}]


@pytest.mark.parametrize("nonsense", NONSENSE)
def test_nonsense_for_any_member_is_refused_and_uses_nothing_up(
    api: Api, ada: SignedIn, nonsense: Any
) -> None:
    key = registered(api, ada)
    making, using = begin(api, ada), begin(api)
    made, signed = key.makes(making["options_json"]), key.signs(using["options_json"])
    for name in (*made["response"], "id", "rawId", "type", "response"):
        wrong = _with(made, name, nonsense)
        assert code_of(bring(api, ada, making, wrong)) == "PASSKEY_REGISTRATION_FAILED", name
    for name in (*signed["response"], "id", "rawId", "type", "response"):
        if name == "userHandle" and nonsense is None:
            continue  # an authenticator may leave it out
        wrong = _with(signed, name, nonsense)
        assert code_of(show(api, using, wrong)) == "PASSKEY_AUTHENTICATION_FAILED", name
    assert bring(api, ada, making, made).status_code == 200
    assert enabled(api, ada)


def _with(credential: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    if name in credential:
        return {**credential, name: value}
    return {**credential, "response": {**credential["response"], name: value}}
