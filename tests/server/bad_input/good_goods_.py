"""Good requests about the data vault, mails and payments, for the test of every operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.server.notifications.rules import MARKETING
from tests.server.stack.api_ import Api, SignedIn
from tests.server.stack.test_products import OFFER

if TYPE_CHECKING:
    from tests.server.bad_input.test_documented_answers import Checked
    from tests.server.in_process_ import InProcess

API = "/api/v1"
CUSTOMER = "{customer_type}/{customer_id}"
METHOD = f"{API}/payments/payment-method/{CUSTOMER}"
PURCHASE_URL = f"{API}/payments/purchases/create-purchase-url"
# Nobody can do these without a payment provider, and there is none: ``of_refusals``.
NEED_A_PAYMENT_PROVIDER = {
    f"POST {path}" for path in (f"{METHOD}/setup-intent", f"{METHOD}/set-default", PURCHASE_URL)
}


def of_goods(checked: Checked, server: InProcess) -> None:
    """Call every operation of the data vault, mails and payments."""
    api = Api.create(server, data_vault_stores=("tokens",), payments=OFFER)
    person = api.person()
    of_vault(checked, api)
    of_mails(checked, api, person)
    of_items(checked, api, person)
    of_products(checked, api, person)
    of_refusals(checked, api, person)


def of_vault(checked: Checked, api: Api) -> None:
    key, kept = {"hashed_key": "c2hhMjU2"}, {"encrypted_value": "sealed by the client"}
    for name, body in (("set", key | kept), ("get", key)):
        answer = api.post(f"/data-vault/stores/tokens/{name}", api.secret, json=body)
        checked.note(answer, f"{API}/data-vault/stores/{{store_id}}/{name}")
    assert answer.json() == kept


def of_mails(checked: Checked, api: Api, person: SignedIn) -> None:
    body = {"html": "<p>Come in</p>", "subject": "Hi", "user_ids": [person.user_id]}
    sent = checked.note(
        api.post("/emails/send-email", api.secret, json=body), f"{API}/emails/send-email"
    )
    assert sent["results"] == [{"user_id": person.user_id}]
    path = "/emails/delivery-info"
    checked.note(api.get(path, api.secret), API + path)
    path = "/emails/notification-preference/me"
    template = f"{API}/emails/notification-preference/{{user_id}}"
    checked.note(api.get(path, person.headers), template)
    off = api.send("PATCH", f"{path}/{MARKETING.id}", person.headers, json={"enabled": False})
    checked.note(off, template + "/{category_id}")


def of_items(checked: Checked, api: Api, person: SignedIn) -> None:
    path = f"/payments/items/user/{person.user_id}/credits"
    template = f"{API}/payments/items/{CUSTOMER}/{{item_id}}"
    change = f"{path}/update-quantity?allow_negative=false"
    more = api.post(change, api.secret, json={"delta": 5})
    checked.note(more, f"{template}/update-quantity")
    assert checked.note(api.get(path, person.headers), template)["quantity"] == 5


def of_products(checked: Checked, api: Api, person: SignedIn) -> None:
    path = f"/payments/products/user/{person.user_id}"
    template = f"{API}/payments/products/{CUSTOMER}"
    checked.note(api.post(path, api.secret, json={"product_id": "basic"}), template)
    switch = {"from_product_id": "basic", "to_product_id": "pro"}
    checked.note(api.post(f"{path}/switch", api.secret, json=switch), f"{template}/switch")
    owned = checked.note(api.get(path, person.headers), template)
    assert [one["id"] for one in owned["items"]] == ["pro"]
    cancelled = api.send("DELETE", f"{path}/pro", person.headers)
    checked.note(cancelled, template + "/{product_id}")
    for kind in ("billing", "invoices"):
        found = api.get(f"/payments/{kind}/user/{person.user_id}", person.headers)
        checked.note(found, f"{API}/payments/{kind}/{CUSTOMER}")


def of_refusals(checked: Checked, api: Api, person: SignedIn) -> None:
    """See that what needs a payment provider is refused as documented, however good it is."""
    method = f"/payments/payment-method/user/{person.user_id}"
    bodies: dict[str, tuple[str, dict[str, Any]]] = {
        f"{METHOD}/setup-intent": (f"{method}/setup-intent", {}),
        f"{METHOD}/set-default": (f"{method}/set-default", {"setup_intent_id": "seti_1"}),
        PURCHASE_URL: (
            PURCHASE_URL.removeprefix(API),
            {"customer_type": "user", "customer_id": person.user_id, "product_id": "pro"},
        ),
    }
    assert {f"POST {template}" for template in bodies} == NEED_A_PAYMENT_PROVIDER
    for template, (path, body) in bodies.items():
        refused = api.post(path, person.headers, json=body)
        text = "Payments are not set up in this project."
        assert (refused.status_code, refused.text) == (400, text)
        checked.documented(template, "POST").validate_response(refused)
