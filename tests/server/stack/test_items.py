"""Items: counted for each customer, changed in one step, and nobody else's business."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from keyturn.server.cleanup.sweeper import Sweeper
from tests.server.stack.api_ import Api, code_of

if TYPE_CHECKING:
    import httpx2

    from tests.server.in_process_ import InProcess

OFFER = {
    "items": {
        "credits": {"display_name": "Credits", "customer_type": "user"},
        "seats": {"display_name": "Seats", "customer_type": "team"},
        "calls": {"display_name": "Calls", "customer_type": "custom"},
    }
}


@pytest.fixture
def api(server: InProcess) -> Api:
    """Return a project that counts three items."""
    return Api.create(server, payments=OFFER, client_team_creation_enabled=True)


def path_of(customer: str, item: str) -> str:
    kind = {"credits": "user", "seats": "team", "calls": "custom"}[item]
    return f"/payments/items/{kind}/{customer}/{item}"


def change(
    api: Api,
    customer: str,
    delta: int,
    *,
    item: str = "credits",
    negative: bool = False,
    **body: Any,
) -> httpx2.Response:
    path = f"{path_of(customer, item)}/update-quantity?allow_negative={str(negative).lower()}"
    return api.post(path, api.secret, json={"delta": delta} | body)


def quantity(api: Api, customer: str, *, item: str = "credits") -> int:
    answer = api.get(path_of(customer, item), api.secret)
    assert answer.status_code == 200, answer.text
    found: int = answer.json()["quantity"]
    return found


def test_a_user_sees_its_items_and_how_many_there_are(api: Api) -> None:
    person = api.person()
    path = path_of(person.user_id, "credits")
    body = {"id": "credits", "display_name": "Credits", "quantity": 0}
    assert api.get(path, person.headers).json() == body
    for delta in (2, -1, 5):
        answer = change(api, person.user_id, delta, description="by hand")
        assert (answer.status_code, answer.json()) == (200, {})
    assert api.get(path, person.headers).json() == body | {"quantity": 6}
    assert api.get(path, api.admin).json() == body | {"quantity": 6}


def test_less_than_nothing_is_refused_unless_it_is_allowed(api: Api) -> None:
    user_id = api.person().user_id
    refused = change(api, user_id, -1)
    assert (refused.status_code, refused.json()) == (
        400,
        {
            "code": "ITEM_QUANTITY_INSUFFICIENT_AMOUNT",
            "error": f'The item with ID "credits" has an insufficient quantity for the customer '
            f'with ID "{user_id}". An attempt was made to charge -1 credits.',
            "details": {"item_id": "credits", "customer_id": user_id, "quantity": -1},
        },
    )
    assert change(api, user_id, -3, negative=True).status_code == 200
    assert quantity(api, user_id) == -3
    # As published: what stays below nothing is not allowed either.
    assert code_of(change(api, user_id, 2)) == "ITEM_QUANTITY_INSUFFICIENT_AMOUNT"
    assert change(api, user_id, 3).status_code == 200


def test_what_expires_is_gone_afterwards(api: Api) -> None:
    user_id = api.person().user_id
    change(api, user_id, 10, expires_at="2026-11-20T00:00:00Z")
    change(api, user_id, 4, expires_at="2001-01-01T00:00:00Z")
    change(api, user_id, 1)
    assert quantity(api, user_id) == 11
    change(api, user_id, -4)
    api.server.clock.advance(30 * 24 * 3600)
    assert quantity(api, user_id) == 1


def test_a_repeated_request_counts_once(api: Api) -> None:
    user_id = api.person().user_id
    for _ in range(3):
        assert change(api, user_id, 5, idempotency_key="batch 1").status_code == 200
    assert change(api, user_id, 5, idempotency_key="batch 2").status_code == 200
    assert quantity(api, user_id) == 10
    other = change(api, user_id, 6, idempotency_key="batch 1")
    assert (other.status_code, code_of(other)) == (409, None)
    assert quantity(api, user_id) == 10
    # Of somebody else it is another key.
    assert change(api, api.person().user_id, 6, idempotency_key="batch 1").status_code == 200


def test_a_quantity_outlives_the_record_of_its_changes(api: Api) -> None:
    user_id = api.person().user_id
    change(api, user_id, 5, idempotency_key="batch 1")
    sweeper = Sweeper(api.server.services.storage, api.server.clock)
    api.server.clock.advance(399 * 24 * 3600)
    api.server.run(sweeper.sweep())
    change(api, user_id, 5, idempotency_key="batch 1")
    assert quantity(api, user_id) == 5
    api.server.clock.advance(2 * 24 * 3600)
    assert api.server.run(sweeper.sweep()) == 1
    assert quantity(api, user_id) == 5


def test_of_many_that_take_at_once_as_many_succeed_as_there_are(api: Api) -> None:
    user_id = api.person().user_id
    change(api, user_id, 7)
    path = f"{path_of(user_id, 'credits')}/update-quantity?allow_negative=false"

    async def take_all() -> list[httpx2.Response]:
        async with api.server.client() as client:
            takes = [
                client.post(api.prefix + path, headers=api.secret, json={"delta": -1})
                for _ in range(12)
            ]
            return await asyncio.gather(*takes)

    statuses = Counter(answer.status_code for answer in api.server.run(take_all()))
    assert statuses == {200: 7, 400: 5}
    assert quantity(api, user_id) == 0


def test_items_of_teams_are_for_those_who_administer_them(api: Api) -> None:
    owner, member, stranger = api.person(), api.person(), api.person()
    body = {"display_name": "Engines", "creator_user_id": "me"}
    team = api.post("/teams", owner.headers, json=body).json()["id"]
    api.post(f"/team-memberships/{team}/{member.user_id}", api.secret, json={})
    assert change(api, team, 3, item="seats").status_code == 200
    path = path_of(team, "seats")
    assert api.get(path, owner.headers).json()["quantity"] == 3
    assert code_of(api.get(path, member.headers)) == "TEAM_PERMISSION_REQUIRED"
    assert code_of(api.get(path, stranger.headers)) == "TEAM_MEMBERSHIP_NOT_FOUND"
    assert code_of(api.get(path)) == "USER_AUTHENTICATION_REQUIRED"


def test_customers_of_a_projects_own_are_its_servers_business(api: Api) -> None:
    assert quantity(api, "machine 7", item="calls") == 0
    assert change(api, "machine 7", 4, item="calls").status_code == 200
    assert quantity(api, "machine 7", item="calls") == 4
    assert quantity(api, "machine 8", item="calls") == 0
    person = api.person()
    assert api.get(path_of("machine 7", "calls"), person.headers).status_code == 403


def test_clients_see_their_own_and_change_nothing(api: Api) -> None:
    person, other = api.person(), api.person()
    path = path_of(other.user_id, "credits")
    assert api.get(path, person.headers).status_code == 403
    taken = api.post(
        f"{path}/update-quantity?allow_negative=true", person.headers, json={"delta": 9}
    )
    assert code_of(taken) == "INSUFFICIENT_ACCESS_TYPE"


def test_what_is_not_there_is_said_in_the_published_order(api: Api, server: InProcess) -> None:
    nobody = str(uuid4())
    for path, status, code in (
        (f"/payments/items/user/{nobody}/gold", 404, "ITEM_NOT_FOUND"),
        (f"/payments/items/user/{nobody}/seats", 400, "ITEM_CUSTOMER_TYPE_DOES_NOT_MATCH"),
        (f"/payments/items/user/{nobody}/credits", 404, "USER_NOT_FOUND"),
        (f"/payments/items/team/{nobody}/seats", 404, "TEAM_NOT_FOUND"),
        (f"/payments/items/firm/{nobody}/credits", 400, "SCHEMA_ERROR"),
    ):
        for answer in (
            api.get(path, api.secret),
            api.post(f"{path}/update-quantity?allow_negative=true", api.secret, json={"delta": 1}),
        ):
            assert (answer.status_code, code_of(answer)) == (status, code), path
    wrong = api.get(f"/payments/items/user/{nobody}/seats", api.secret).json()
    assert wrong["details"] == {
        "item_id": "seats",
        "customer_id": nobody,
        "item_customer_type": "team",
        "actual_customer_type": "user",
    }
    elsewhere = Api.create(server, payments=OFFER).person()
    foreign = api.get(path_of(elsewhere.user_id, "credits"), api.secret)
    assert code_of(foreign) == "USER_NOT_FOUND"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"delta": 1.5},
        {"delta": "1"},
        {"delta": 2**53},
        {"delta": 1, "expires_at": "soon"},
        {"delta": 1, "idempotency_key": ""},
        {"delta": 1, "more": 1},
    ],
)
def test_a_change_that_is_none_is_a_schema_error(api: Api, body: dict[str, Any]) -> None:
    path = f"{path_of(api.person().user_id, 'credits')}/update-quantity?allow_negative=true"
    assert code_of(api.post(path, api.secret, json=body)) == "SCHEMA_ERROR"


def test_whether_less_than_nothing_is_allowed_must_be_said(api: Api) -> None:
    path = f"{path_of(api.person().user_id, 'credits')}/update-quantity"
    for query in ("", "?allow_negative=yes", "?allow_negative=true&allow_negative=true"):
        answer = api.post(path + query, api.secret, json={"delta": 1})
        assert code_of(answer) == "SCHEMA_ERROR"
