"""The Stack-compatible API in the app: every feature's endpoints, and what answers the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi.responses import PlainTextResponse
from starlette.requests import Request
from starlette.responses import Response  # noqa: TC002 - FastAPI reads the annotation
from starlette.routing import Match, Route

from keyturn.server.accounts import routes as users
from keyturn.server.accounts import sign_in_routes as sign_in
from keyturn.server.api_keys import routes as user_api_keys
from keyturn.server.api_keys import team_routes as team_api_keys
from keyturn.server.cli_login import routes as cli_login
from keyturn.server.contact_channels import routes as contact_channels
from keyturn.server.data_vault import routes as data_vault
from keyturn.server.emails import routes as emails
from keyturn.server.external_sign_in import routes as external_sign_in
from keyturn.server.internal import key_routes as project_keys
from keyturn.server.internal import project_routes as administration
from keyturn.server.invitations import routes as invitations
from keyturn.server.mfa import routes as second_factor
from keyturn.server.notifications import routes as notifications
from keyturn.server.oauth_providers import connected_routes as connected_accounts
from keyturn.server.oauth_providers import routes as oauth_providers
from keyturn.server.otp import routes as sign_in_codes
from keyturn.server.passkeys import routes as passkeys
from keyturn.server.passwords import routes as passwords
from keyturn.server.payments import billing_routes as billing
from keyturn.server.payments import item_routes as items
from keyturn.server.payments import product_routes as products
from keyturn.server.permissions import definition_routes as permission_definitions
from keyturn.server.permissions import routes as permissions
from keyturn.server.projects import routes as projects
from keyturn.server.sessions import routes as sessions
from keyturn.server.stack import answers, errors, not_built
from keyturn.server.stack.headers import StackHeaders
from keyturn.server.stack.route import Operation, StackRoute
from keyturn.server.teams import member_routes as members
from keyturn.server.teams import routes as teams

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send

# The alias answers the same; the OpenAPI document names each operation once.
VERSION, ALIAS = "/api/v1", "/api/latest"
# Often asked first: routes are tried in order.
ENDPOINTS = (
    *cli_login.ENDPOINTS,
    *sessions.ENDPOINTS,
    *sign_in.ENDPOINTS,
    *sign_in_codes.ENDPOINTS,
    *passwords.ENDPOINTS,
    *passkeys.ENDPOINTS,
    *second_factor.ENDPOINTS,
    *users.ENDPOINTS,
    *projects.ENDPOINTS,
    *administration.ENDPOINTS,
    *project_keys.ENDPOINTS,
    *teams.ENDPOINTS,
    *members.ENDPOINTS,
    *contact_channels.ENDPOINTS,
    *permissions.ENDPOINTS,
    *invitations.ENDPOINTS,
    *permission_definitions.ENDPOINTS,
    *user_api_keys.ENDPOINTS,
    *team_api_keys.ENDPOINTS,
    *oauth_providers.ENDPOINTS,
    *connected_accounts.ENDPOINTS,
    *external_sign_in.ENDPOINTS,
    *data_vault.ENDPOINTS,
    *notifications.ENDPOINTS,
    *emails.ENDPOINTS,
    *items.ENDPOINTS,
    *products.ENDPOINTS,
    *billing.ENDPOINTS,
)
GREETING = "Keyturn answers here. The operations of this API lie below this address."


def add_routes(app: FastAPI) -> None:
    """Add the API under both of its versions, then what answers every other path under /api."""
    routes = app.router.routes
    routes.extend(StackRoute(endpoint, prefix=VERSION) for endpoint in ENDPOINTS)
    app.add_api_route(
        VERSION, greet, methods=["GET"], response_class=PlainTextResponse, tags=["Server"]
    )
    routes.extend(
        Route(ALIAS + endpoint.path, Operation(endpoint), methods=[endpoint.method])
        for endpoint in ENDPOINTS
    )
    app.add_api_route(ALIAS, greet, methods=["GET"], include_in_schema=False)
    app.router.routes.append(Route("/api/{rest:path}", _Others()))


async def greet(request: Request) -> Response:
    """Say that the API is here."""
    return answers.text_answer(GREETING, StackHeaders.read(request.scope["headers"]))


class _Others:
    """Answers what no endpoint of this API answers. An ASGI app, so that every method gets here."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = self._answer(Request(scope, receive))
        await response(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return answers.preflight_answer()
        now = request.app.state.services.clock.now_ms()
        headers = StackHeaders.read(request.scope["headers"])
        return answers.error_answer(self._refusal(request), headers, now=now)

    def _refusal(self, request: Request) -> errors.StatusError:
        _, _, below = request.path_params["rest"].partition("/")
        if not_built.is_known(request.method, below):
            return errors.not_built()
        known = any(
            route.matches(request.scope)[0] is not Match.NONE
            for route in request.app.routes
            if isinstance(route, Route) and not isinstance(route.app, _Others)
        )
        if known:
            return errors.StatusError(405, "Method not allowed")
        return errors.StatusError(404, "There is no such operation here")
