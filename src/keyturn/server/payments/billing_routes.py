"""What a payment provider would answer. There is none here, and each endpoint says so honestly.

What can be known without one is answered (nobody has a card, nothing was billed); what cannot be
done is refused as published servers refuse it for a project without payments.
"""

from __future__ import annotations

from keyturn.server.payments import errors
from keyturn.server.payments.access import BILLED, check_access, customer_of
from keyturn.server.payments.item_routes import TAG
from keyturn.server.payments.rules import Customer
from keyturn.server.payments.wire import (
    Billing,
    InvoicePage,
    PageQuery,
    Pagination,
    PurchaseUrl,
    SetDefault,
)
from keyturn.server.stack.endpoint import Call, Endpoint, Nothing, Wire
from keyturn.server.stack.errors import StatusError


async def get_billing(call: Call[Nothing, Nothing]) -> Wire:
    """Say that no payment provider knows the customer."""
    await customer_of(call, BILLED)
    return Billing(has_customer=False, default_payment_method=None)


async def list_invoices(call: Call[Nothing, PageQuery]) -> Wire:
    """List a customer's invoices: nothing was billed."""
    await customer_of(call, BILLED)
    if call.query.cursor is not None:
        raise StatusError(400, "Invalid cursor")
    return InvoicePage(items=[], pagination=Pagination(next_cursor=None))


async def create_setup_intent(call: Call[Nothing, Nothing]) -> Wire:
    """Refuse to take a card: payments are not set up (400)."""
    await customer_of(call, BILLED)
    raise errors.not_set_up()


async def set_default_payment_method(call: Call[SetDefault, Nothing]) -> Wire:
    """Refuse to use a card: payments are not set up (400)."""
    await customer_of(call, BILLED)
    raise errors.not_set_up()


async def create_purchase_url(call: Call[PurchaseUrl, Nothing]) -> Wire:
    """Refuse to sell: payments are not set up (400)."""
    await check_access(call, Customer(type=call.body.customer_type, id=call.body.customer_id))
    raise errors.not_set_up()


class NeverAnswered(Wire):
    """There is no good answer without a payment provider."""


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/payments/billing/{customer_type}/{customer_id}",
        handler=get_billing,
        answers={200: Billing},
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/payments/invoices/{customer_type}/{customer_id}",
        handler=list_invoices,
        query=PageQuery,
        answers={200: InvoicePage},
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/payments/payment-method/{customer_type}/{customer_id}/setup-intent",
        handler=create_setup_intent,
        answers={200: NeverAnswered},
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/payments/payment-method/{customer_type}/{customer_id}/set-default",
        handler=set_default_payment_method,
        body=SetDefault,
        answers={200: NeverAnswered},
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/payments/purchases/create-purchase-url",
        handler=create_purchase_url,
        body=PurchaseUrl,
        answers={200: NeverAnswered},
        tag=TAG,
    ),
)
