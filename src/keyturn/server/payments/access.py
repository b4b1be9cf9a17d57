"""Whose things a request is about, and whether the caller may know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.server.payments.rules import Customer
from keyturn.server.permissions.rules import TEAM_ADMIN
from keyturn.server.stack import errors

if TYPE_CHECKING:
    from keyturn.server.accounts.rules import User
    from keyturn.server.payments.catalog import CustomerType
    from keyturn.server.stack.endpoint import Call

ANY: tuple[CustomerType, ...] = ("user", "team", "custom")
# Nobody sends a bill to what has no name here.
BILLED: tuple[CustomerType, ...] = ("user", "team")


async def customer_of(call: Call[Any, Any], types: tuple[CustomerType, ...] = ANY) -> Customer:
    """Return the customer of the path, if the caller may ask about it.

    With client access that is the signed-in user, or a team that this user administers.

    Raises:
        KnownError: SCHEMA_ERROR, USER_AUTHENTICATION_REQUIRED, TEAM_MEMBERSHIP_NOT_FOUND,
            TEAM_PERMISSION_REQUIRED.
        StatusError: 403.
    """
    given = call.path["customer_type"]
    for known in types:
        if given == known:
            customer = Customer(type=known, id=call.path["customer_id"])
            await check_access(call, customer)
            return customer
    problem = f"params.customer_type must be one of: {', '.join(types)}"
    raise errors.schema_error(call.request.method, call.request.url.path, [problem])


async def check_access(call: Call[Any, Any], customer: Customer) -> None:
    """Refuse a client that asks about somebody else. Raises as ``customer_of``."""
    if not call.caller.is_client:
        return
    user = call.user
    if user is None:
        raise errors.user_authentication_required()
    if customer.type == "team":
        await _check_team(call, user, customer.id)
    elif customer.type == "custom" or customer.id != user.id:
        raise errors.StatusError(
            403, "With client access, only your own things and your teams' can be seen or changed"
        )


async def _check_team(call: Call[Any, Any], user: User, team_id: str) -> None:
    services, project_id = call.services, call.project.id
    team = await services.teams.find(project_id, team_id)
    if team is None or await services.teams.member(team_id, user.id) is None:
        raise errors.team_membership_not_found(team_id, user.id)
    if not await services.permissions.allows(project_id, team_id, user.id, TEAM_ADMIN):
        raise errors.team_permission_required(team_id, user.id, TEAM_ADMIN)
