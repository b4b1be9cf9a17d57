"""Products: granted, owned, cancelled and switched; and what only a payment provider could do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from keyturn.server.settings import Settings
from tests.server.stack.api_ import Api, SignedIn, code_of

if TYPE_CHECKING:
    import httpx2

    from tests.server.in_process_ import InProcess

MONTHLY = {"monthly": {"USD": "10.00", "interval": [1, "month"]}}
OFFER: dict[str, Any] = {
    "items": {"credits": {"display_name": "Credits", "customer_type": "user"}},
    "products": {
        "basic": {
            "display_name": "Basic",
            "customer_type": "user",
            "product_line_id": "plans",
            "prices": MONTHLY,
            "included_items": {
                "credits": {"quantity": 2, "expires": "when-purchase-expires"},
            },
        },
        "pro": {
            "display_name": "Pro",
            "customer_type": "user",
            "product_line_id": "plans",
            "prices": MONTHLY,
            "client_metadata": {"colour": "gold"},
            "server_metadata": {"cost": 3},
            "included_items": {
                "credits": {
                    "quantity": 10,
                    "repeat": [1, "month"],
                    "expires": "when-repeated",
                },
            },
        },
        "hidden": {
            "display_name": "Hidden",
            "customer_type": "user",
            "server_only": True,
            "prices": MONTHLY,
        },
        "lifetime": {
            "display_name": "Lifetime",
            "customer_type": "user",
            "stackable": True,
            "prices": {"once": {"USD": "99"}},
            "included_items": {"credits": {"quantity": 1}},
        },
        "team": {"display_name": "Team", "customer_type": "team", "prices": MONTHLY},
    },
}
NOT_SET_UP = (400, None)


@pytest.fixture
def api(server: InProcess) -> Api:
    """Return a project with five products."""
    return Api.create(server, payments=OFFER, client_team_creation_enabled=True)


@pytest.fixture
def person(api: Api) -> SignedIn:
    return api.person()


def path_of(person: SignedIn) -> str:
    return f"/payments/products/user/{person.user_id}"


def grant(api: Api, person: SignedIn, product_id: str | None, **body: Any) -> httpx2.Response:
    chosen = {} if product_id is None else {"product_id": product_id}
    return api.post(path_of(person), api.secret, json=chosen | body)


def granted(api: Api, person: SignedIn, product_id: str | None, **body: Any) -> None:
    answer = grant(api, person, product_id, **body)
    assert (answer.status_code, answer.json()) == (200, {"success": True})


def owned(api: Api, person: SignedIn, headers: dict[str, str] | None = None) -> list[Any]:
    answer = api.get(path_of(person), headers or api.secret)
    assert answer.status_code == 200, answer.text
    items: list[Any] = answer.json()["items"]
    return items


def credit(api: Api, person: SignedIn) -> int:
    path = f"/payments/items/user/{person.user_id}/credits"
    found: int = api.get(path, person.headers).json()["quantity"]
    return found


def test_a_granted_subscription_is_listed_with_all_it_says(api: Api, person: SignedIn) -> None:
    granted(api, person, "pro")
    [one] = owned(api, person, person.headers)
    subscription_id = one["subscription"].pop("subscription_id")
    assert len(subscription_id) == 36
    assert one.pop("switch_options")[0]["product_id"] == "basic"
    assert one == {
        "id": "pro",
        "quantity": 1,
        "type": "subscription",
        "subscription": {
            "current_period_end": "2026-12-18T11:06:40.000Z",
            "cancel_at_period_end": False,
            "is_cancelable": True,
        },
        "product": {
            "display_name": "Pro",
            "customer_type": "user",
            "product_line_id": "plans",
            "server_only": False,
            "stackable": False,
            "prices": {"monthly": {"USD": "10.00", "interval": [1, "month"]}},
            "included_items": {
                "credits": {
                    "quantity": 10,
                    "repeat": [1, "month"],
                    "expires": "when-repeated",
                }
            },
            "client_metadata": {"colour": "gold"},
            "client_read_only_metadata": None,
            "server_metadata": None,
        },
    }
    assert owned(api, person)[0]["product"]["server_metadata"] == {"cost": 3}


def test_what_a_product_includes_comes_again_and_does_not_pile_up(
    api: Api, person: SignedIn
) -> None:
    granted(api, person, "pro")
    path = f"/payments/items/user/{person.user_id}/credits/update-quantity?allow_negative=false"
    api.post(path, api.secret, json={"delta": -4})
    assert credit(api, person) == 6
    api.server.clock.advance(31 * 24 * 3600)
    assert credit(api, api.session_of(person.user_id)) == 10


def test_of_a_line_the_new_subscription_replaces_the_old_and_what_it_included(
    api: Api, person: SignedIn
) -> None:
    granted(api, person, "basic")
    assert credit(api, person) == 2
    granted(api, person, "pro")
    assert [one["id"] for one in owned(api, person)] == ["pro"]
    assert credit(api, person) == 10


def test_a_product_is_owned_once_unless_it_stacks(api: Api, person: SignedIn) -> None:
    granted(api, person, "basic")
    again = grant(api, person, "basic")
    assert (again.status_code, again.json()) == (
        400,
        {
            "code": "PRODUCT_ALREADY_GRANTED",
            "error": f'Customer with ID "{person.user_id}" already owns product "basic".',
            "details": {"product_id": "basic", "customer_id": person.user_id},
        },
    )
    refused = grant(api, person, "pro", quantity=2)
    assert (refused.status_code, code_of(refused)) == (400, None)
    granted(api, person, "lifetime", quantity=3)
    granted(api, person, "lifetime")
    assert sorted(one["quantity"] for one in owned(api, person)) == [1, 1, 3]
    assert credit(api, person) == 2 + 3 + 1


def test_a_product_may_come_along_with_its_grant(api: Api, person: SignedIn) -> None:
    inline = {
        "display_name": "Early bird",
        "customer_type": "user",
        "prices": {"quarterly": {"USD": "24", "interval": [3, "month"]}},
        "included_items": {"credits": {"quantity": 5}},
    }
    granted(api, person, None, product_inline=inline)
    [one] = owned(api, person)
    assert (one["id"], one["product"]["server_only"]) == (None, True)
    assert one["product"]["prices"]["quarterly"] == {"USD": "24", "interval": [3, "month"]}
    assert credit(api, person) == 5
    assert owned(api, person, person.headers) == []


def test_pages_begin_where_the_cursor_says(api: Api, person: SignedIn) -> None:
    for product_id in ("basic", "lifetime", "lifetime"):
        api.server.clock.advance(1)
        granted(api, person, product_id)
    first = api.get(f"{path_of(person)}?limit=1", api.secret).json()
    cursor = first["pagination"]["next_cursor"]
    rest = api.get(f"{path_of(person)}?limit=5&cursor={cursor}", api.secret).json()
    assert first["is_paginated"] is rest["is_paginated"] is True
    assert rest["pagination"] == {"next_cursor": None}
    assert first["items"] + rest["items"] == owned(api, person)
    unknown = api.get(f"{path_of(person)}?cursor={uuid4()}", api.secret)
    assert (unknown.status_code, unknown.text) == (400, "Invalid cursor")
    for limit in ("0", "101", "x"):
        answer = api.get(f"{path_of(person)}?limit={limit}", api.secret)
        assert code_of(answer) == "SCHEMA_ERROR"


def test_a_user_cancels_its_own_subscription(api: Api, person: SignedIn) -> None:
    granted(api, person, "basic")
    other = api.person()
    assert api.send("DELETE", f"{path_of(person)}/basic", other.headers).status_code == 403
    cancelled = api.send("DELETE", f"{path_of(person)}/basic", person.headers, json={})
    assert cancelled.json() == {"success": True}
    assert owned(api, person) == []
    assert credit(api, person) == 0
    again = api.send("DELETE", f"{path_of(person)}/basic", person.headers)
    assert (again.status_code, code_of(again)) == (400, None)


def test_a_subscription_without_a_product_id_is_cancelled_by_its_own(
    api: Api, person: SignedIn
) -> None:
    inline = {"display_name": "X", "customer_type": "user", "prices": MONTHLY}
    granted(api, person, None, product_inline=inline)
    mine = owned(api, person)[0]["subscription"]["subscription_id"]
    for wrong in (str(uuid4()), ""):
        path = f"{path_of(person)}/x?subscription_id={wrong}"
        assert api.send("DELETE", path, api.secret).status_code == 400
    path = f"{path_of(person)}/x?subscription_id={mine}"
    assert api.send("DELETE", path, api.secret).json() == {"success": True}
    assert owned(api, person) == []


def test_what_was_bought_for_good_is_not_cancelled(api: Api, person: SignedIn) -> None:
    granted(api, person, "lifetime")
    answer = api.send("DELETE", f"{path_of(person)}/lifetime", api.secret)
    assert (answer.status_code, code_of(answer)) == (400, None)
    assert len(owned(api, person)) == 1


def test_a_server_switches_and_a_client_would_have_to_pay(api: Api, person: SignedIn) -> None:
    granted(api, person, "basic")
    body = {"from_product_id": "basic", "to_product_id": "pro"}
    path = f"{path_of(person)}/switch"
    unpaid = api.post(path, person.headers, json=body)
    assert (unpaid.status_code, code_of(unpaid)) == NOT_SET_UP
    assert [one["id"] for one in owned(api, person)] == ["basic"]
    assert api.post(path, api.secret, json=body).json() == {"success": True}
    assert [one["id"] for one in owned(api, person)] == ["pro"]
    assert credit(api, person) == 10
    for wrong in (body, body | {"from_product_id": "pro"}, body | {"to_product_id": "team"}):
        refused = api.post(path, api.secret, json=wrong)
        assert (refused.status_code, code_of(refused)) == (400, None)


def test_clients_do_not_see_what_is_for_servers(api: Api, person: SignedIn) -> None:
    granted(api, person, "hidden")
    assert owned(api, person, person.headers) == []
    assert len(owned(api, person)) == 1
    answer = api.send("DELETE", f"{path_of(person)}/hidden", person.headers)
    assert answer.json()["details"] == {"product_id": "hidden", "context": "server_only"}


def test_what_cannot_be_granted_is_said_by_its_code(api: Api, person: SignedIn) -> None:
    unknown = grant(api, person, "gold")
    assert (unknown.status_code, code_of(unknown)) == (400, "PRODUCT_DOES_NOT_EXIST")
    assert unknown.json()["details"] == {"product_id": "gold", "context": None}
    assert grant(api, person, "credits").json()["details"]["context"] == "item_exists"
    teams = grant(api, person, "team")
    assert code_of(teams) == "PRODUCT_CUSTOMER_TYPE_DOES_NOT_MATCH"
    assert teams.json()["details"] == {
        "product_id": "team",
        "customer_id": person.user_id,
        "product_customer_type": "team",
        "actual_customer_type": "user",
    }
    nobody = api.post(
        f"/payments/products/user/{uuid4()}", api.secret, json={"product_id": "basic"}
    )
    assert (nobody.status_code, code_of(nobody)) == (404, "USER_NOT_FOUND")
    inline = {"display_name": "X", "customer_type": "user"}
    for answer in (grant(api, person, None), grant(api, person, "pro", product_inline=inline)):
        assert (answer.status_code, code_of(answer)) == (400, None)
    as_client = api.post(path_of(person), person.headers, json={"product_id": "basic"})
    assert code_of(as_client) == "INSUFFICIENT_ACCESS_TYPE"


@pytest.mark.parametrize(
    "inline",
    [
        {"display_name": "X"},
        {"display_name": "X", "customer_type": "user", "prices": {"p": {}}},
        {"display_name": "X", "customer_type": "user", "prices": {"p": {"USD": 5}}},
        {"display_name": "X", "customer_type": "user", "prices": {"p": {"USD": "-5"}}},
        {"display_name": "X", "customer_type": "user", "included_items": {"i": {"repeat": "x"}}},
        {"display_name": "X", "customer_type": "user", "add_on_to": ["basic"]},
    ],
)
def test_an_inline_product_that_is_none_is_a_schema_error(
    api: Api, person: SignedIn, inline: dict[str, Any]
) -> None:
    assert code_of(grant(api, person, None, product_inline=inline)) == "SCHEMA_ERROR"


def test_nobody_has_a_card_and_nothing_was_billed(api: Api, person: SignedIn) -> None:
    billing = api.get(f"/payments/billing/user/{person.user_id}", person.headers)
    assert billing.json() == {"has_customer": False, "default_payment_method": None}
    invoices = api.get(f"/payments/invoices/user/{person.user_id}?limit=5", person.headers)
    assert invoices.json() == {
        "items": [],
        "is_paginated": True,
        "pagination": {"next_cursor": None},
    }
    for kind in ("billing", "invoices"):
        assert api.get(f"/payments/{kind}/user/{uuid4()}", person.headers).status_code == 403
        custom = api.get(f"/payments/{kind}/custom/x", api.secret)
        assert code_of(custom) == "SCHEMA_ERROR"


def test_what_needs_a_payment_provider_is_refused_in_words(api: Api, person: SignedIn) -> None:
    method = f"/payments/payment-method/user/{person.user_id}"
    purchase = {"customer_type": "user", "customer_id": person.user_id, "product_id": "pro"}
    for path, body in (
        (f"{method}/setup-intent", {}),
        (f"{method}/set-default", {"setup_intent_id": "seti_1"}),
        ("/payments/purchases/create-purchase-url", purchase),
    ):
        answer = api.post(path, person.headers, json=body)
        assert (answer.status_code, code_of(answer)) == NOT_SET_UP
        assert answer.text == "Payments are not set up in this project."
        assert api.post(path, api.person().headers, json=body).status_code == 403


def test_a_configuration_file_declares_what_is_offered(api: Api) -> None:
    project = {"id": "acme", "display_name": "Acme", "payments": OFFER}
    settings = Settings.model_validate({"projects": [project]})
    [declared] = settings.projects
    config = declared.config(api.server.services.secret)
    other = Api.create(api.server, payments=config.payments)
    person = other.person()
    granted(other, person, "pro")
    assert owned(other, person)[0]["product"]["display_name"] == "Pro"
