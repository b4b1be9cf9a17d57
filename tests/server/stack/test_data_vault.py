"""The data vault: kept under a hashed key, given back to the project's servers, sealed at rest."""

from typing import Any

import pytest

from keyturn.server.data_vault import rules, store
from keyturn.server.data_vault.service import PURPOSE
from keyturn.server.secret import Unsealable
from keyturn.server.storage.base import Work
from tests.server.in_process_ import InProcess
from tests.server.stack.api_ import Api, code_of

KEY, VALUE = "c2hhMjU2IG9mIGEga2V5", "encrypted-by-the-client"


@pytest.fixture
def api(server: InProcess) -> Api:
    """Return a project with two stores."""
    return Api.create(server, data_vault_stores=("tokens", "cards"))


def put(api: Api, value: str = VALUE, *, store: str = "tokens", key: str = KEY) -> None:
    body = {"hashed_key": key, "encrypted_value": value}
    answer = api.post(f"/data-vault/stores/{store}/set", api.secret, json=body)
    assert (answer.status_code, answer.json()) == (200, {"success": True})


def get(api: Api, *, store: str = "tokens", key: str = KEY) -> Any:
    path = f"/data-vault/stores/{store}/get"
    return api.post(path, api.secret, json={"hashed_key": key})


@pytest.mark.parametrize("value", [VALUE, "", "ä" * 100_000])
def test_a_value_comes_back_as_it_was_sent(api: Api, value: str) -> None:
    put(api, value)
    answer = get(api)
    assert (answer.status_code, answer.json()) == (200, {"encrypted_value": value})


def test_a_later_value_replaces_the_one_before(api: Api) -> None:
    put(api, "first")
    put(api, "second")
    assert get(api).json() == {"encrypted_value": "second"}


def test_stores_and_projects_are_kept_apart(api: Api, server: InProcess) -> None:
    other = Api.create(server, data_vault_stores=("tokens",))
    put(api)
    put(api, "a card", store="cards")
    assert get(api).json() == {"encrypted_value": VALUE}
    assert get(api, store="cards").json() == {"encrypted_value": "a card"}
    assert code_of(get(other)) == "DATA_VAULT_STORE_HASHED_KEY_DOES_NOT_EXIST"


def test_what_is_not_there_is_said_with_store_and_key(api: Api) -> None:
    missing = get(api, key="nothing")
    assert (missing.status_code, missing.json()) == (
        400,
        {
            "code": "DATA_VAULT_STORE_HASHED_KEY_DOES_NOT_EXIST",
            "error": "Data vault store with ID tokens does not contain a key with hash nothing.",
            "details": {"store_id": "tokens", "hashed_key": "nothing"},
        },
    )
    for name in ("get", "set"):
        body = {"hashed_key": KEY} | ({"encrypted_value": "x"} if name == "set" else {})
        answer = api.post(f"/data-vault/stores/nowhere/{name}", api.secret, json=body)
        assert (answer.status_code, code_of(answer)) == (400, "DATA_VAULT_STORE_DOES_NOT_EXIST")
        assert answer.json()["details"] == {"store_id": "nowhere"}


@pytest.mark.parametrize("body", [{}, {"hashed_key": ""}, {"hashed_key": 1}, {"hashed_key": None}])
def test_a_key_is_a_text_that_is_not_empty(api: Api, body: dict[str, Any]) -> None:
    for name in ("get", "set"):
        whole = body | ({"encrypted_value": "x"} if name == "set" else {})
        answer = api.post(f"/data-vault/stores/tokens/{name}", api.secret, json=whole)
        assert (answer.status_code, code_of(answer)) == (400, "SCHEMA_ERROR")


def test_clients_have_no_vault(api: Api) -> None:
    answer = api.post("/data-vault/stores/tokens/get", json={"hashed_key": KEY})
    assert (answer.status_code, code_of(answer)) == (401, "INSUFFICIENT_ACCESS_TYPE")


def hash_of(api: Api, key: str) -> bytes:
    context = rules.context_of(api.project.id, "tokens", key)
    return api.server.services.secret.hash(PURPOSE, context)


@pytest.mark.proves("T-9")
def test_what_is_stored_says_neither_key_nor_value(api: Api, server: InProcess) -> None:
    put(api)
    kept = server.run(
        server.services.storage.read(
            store.get, api.project.id, "tokens", key_hash=hash_of(api, KEY)
        )
    )
    assert kept is not None
    assert VALUE.encode() not in kept
    assert KEY.encode() not in hash_of(api, KEY)


def test_a_value_that_was_moved_to_another_key_does_not_open(api: Api, server: InProcess) -> None:
    def move() -> Work[None]:
        sealed = yield from store.get(api.project.id, "tokens", key_hash=hash_of(api, "mine"))
        assert sealed is not None
        yield from store.put(
            api.project.id, "tokens", key_hash=hash_of(api, KEY), sealed=sealed, now=1
        )

    put(api, "mine", key="mine")
    server.run(server.services.storage.write(move))
    with pytest.raises(Unsealable):
        server.run(server.services.data_vault.get(api.project.id, "tokens", KEY))
