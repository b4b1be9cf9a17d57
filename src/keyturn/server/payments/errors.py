"""The known errors of items and products."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from keyturn.server.stack.errors import KnownError, StatusError

if TYPE_CHECKING:
    from keyturn.server.payments.rules import Customer


def not_set_up() -> StatusError:
    """What a payment provider would have to answer; published servers without one say so, too."""
    return StatusError(400, "Payments are not set up in this project.")


def item_not_found(item_id: str) -> KnownError:
    """The project counts no such thing."""
    return KnownError(
        "ITEM_NOT_FOUND", 404, f'Item with ID "{item_id}" not found.', {"item_id": item_id}
    )


def item_customer_type_does_not_match(
    item_id: str, customer: Customer, item_type: str
) -> KnownError:
    """The item is counted for customers of another type."""
    message = (
        f"The {customer.type} with ID {json.dumps(customer.id)} is not a valid customer for the "
        f"item with ID {json.dumps(item_id)}. The item is configured to only be available for "
        f"{item_type} customers, but the customer is a {customer.type}."
    )
    details = {
        "item_id": item_id,
        "customer_id": customer.id,
        "item_customer_type": item_type,
        "actual_customer_type": customer.type,
    }
    return KnownError("ITEM_CUSTOMER_TYPE_DOES_NOT_MATCH", 400, message, details)


def item_quantity_insufficient(item_id: str, customer: Customer, quantity: int) -> KnownError:
    """The customer has less than that."""
    message = (
        f"The item with ID {json.dumps(item_id)} has an insufficient quantity for the customer "
        f"with ID {json.dumps(customer.id)}. An attempt was made to charge {quantity} credits."
    )
    details = {"item_id": item_id, "customer_id": customer.id, "quantity": quantity}
    return KnownError("ITEM_QUANTITY_INSUFFICIENT_AMOUNT", 400, message, details)


def product_does_not_exist(product_id: str, context: str | None) -> KnownError:
    """The project has no such product; ``context`` says what it has instead."""
    ending = {
        None: "does not exist.",
        "item_exists": "does not exist, but an item with this ID exists.",
        "server_only": "is marked as server-only and cannot be accessed client side.",
    }[context]
    return KnownError(
        "PRODUCT_DOES_NOT_EXIST",
        400,
        f"Product with ID {json.dumps(product_id)} {ending}",
        {"product_id": product_id, "context": context},
    )


def product_customer_type_does_not_match(
    product_id: str | None, customer: Customer, product_type: str
) -> KnownError:
    """The product is for customers of another type."""
    message = (
        f"The {customer.type} with ID {json.dumps(customer.id)} is not a valid customer for the "
        "inline product that has been passed in. The product is configured to only be available "
        f"for {product_type} customers, but the customer is a {customer.type}."
    )
    details = {
        "product_id": product_id,
        "customer_id": customer.id,
        "product_customer_type": product_type,
        "actual_customer_type": customer.type,
    }
    return KnownError("PRODUCT_CUSTOMER_TYPE_DOES_NOT_MATCH", 400, message, details)


def product_already_granted(product_id: str, customer: Customer) -> KnownError:
    """The customer owns it, and can own one only."""
    message = f"Customer with ID {json.dumps(customer.id)} already owns product "
    return KnownError(
        "PRODUCT_ALREADY_GRANTED",
        400,
        f"{message}{json.dumps(product_id)}.",
        {"product_id": product_id, "customer_id": customer.id},
    )
