"""Which path goes to which OAuth endpoint, and what ``/openapi.json`` says about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute

from keyturn.server.oauth import describe, describe_registration, protected
from keyturn.server.oauth.errors import Refused
from keyturn.server.oauth.metadata import (
    REGISTRATION_PATH,
    WELL_KNOWN,
    inserted_path,
    jwks,
    metadata,
    openid_configuration,
)
from keyturn.server.oauth.openid import OPENID_WELL_KNOWN
from keyturn.server.oauth.registration_routes import (
    delete_client,
    read_client,
    register_client,
    update_client,
)
from keyturn.server.oauth.token import device_authorization, introspect, revoke, token
from keyturn.server.oauth.userinfo import ack, userinfo
from keyturn.server.oauth.wire import Answer, Endpoint

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send

    from keyturn.server.oauth.call import Call

_MANAGEMENT = (
    ("GET", read_client, describe_registration.READ, 200),
    ("PUT", update_client, describe_registration.UPDATE, 200),
    ("DELETE", delete_client, describe_registration.DELETE, 204),
)


class PlainRoute(APIRoute):
    """A route of FastAPI's document whose requests go straight to an ASGI endpoint.

    Every method goes there, so that refusals and preflights have the endpoint's own form.
    """

    def __init__(
        self,
        path: str,
        endpoint: Endpoint,
        described: Callable[..., Any],
        *,
        method: str,
        openapi: dict[str, Any] | None = None,
        response_class: type[Response] = JSONResponse,
        status: int = 200,
    ) -> None:
        super().__init__(
            path,
            described,
            name=f"{described.__name__}_{method.lower()}",
            methods=[method],
            tags=["oauth"],
            response_model=None,
            response_class=response_class,
            status_code=status,
            openapi_extra=openapi,
            include_in_schema=openapi is not None,
        )
        self.app: Endpoint = endpoint

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the endpoint."""
        await self.app(scope, receive, send)


def add_routes(app: FastAPI) -> None:
    """Add the OAuth endpoints of programs; the authorization endpoint is the pages' own."""
    about_user = Endpoint({"GET": userinfo, "POST": userinfo})
    described = Endpoint({"GET": metadata})
    app.router.routes += [
        _post("/oauth/token", token, describe.TOKEN),
        _post("/oauth/device_authorization", device_authorization, describe.DEVICE_AUTHORIZATION),
        _post("/oauth/revoke", revoke, describe.REVOKE, response_class=Response),
        _post("/oauth/introspect", introspect, describe.INTROSPECT),
        *_registration(),
        _post("/oauth/ack", ack, describe.ACK, response_class=Response),
        PlainRoute(
            "/oauth/userinfo", about_user, _doc(userinfo), method="GET", openapi=describe.USERINFO
        ),
        PlainRoute(
            "/oauth/userinfo", about_user, _doc(userinfo), method="POST", openapi=describe.USERINFO
        ),
        PlainRoute(
            "/oauth/jwks", Endpoint({"GET": jwks}), _doc(jwks), method="GET", openapi=describe.JWKS
        ),
        PlainRoute(WELL_KNOWN, described, _doc(metadata), method="GET", openapi=describe.METADATA),
        _get(OPENID_WELL_KNOWN, openid_configuration, describe.OPENID_CONFIGURATION),
        _get(protected.WELL_KNOWN, protected.protected_resource, describe.PROTECTED_RESOURCE),
        _get(protected.WELL_KNOWN + "/{path:path}", protected.protected_resource_of_a_path, None),
        PlainRoute(
            WELL_KNOWN + "/{path:path}",
            Endpoint({"GET": _metadata_of_a_path}),
            _doc(_metadata_of_a_path),
            method="GET",
        ),
    ]


def _registration() -> list[PlainRoute]:
    managing = Endpoint({method: handler for method, handler, *_ in _MANAGEMENT})
    register = PlainRoute(
        REGISTRATION_PATH,
        Endpoint({"POST": register_client}),
        _doc(register_client),
        method="POST",
        openapi=describe_registration.REGISTER,
        status=201,
    )
    managed = [
        PlainRoute(
            REGISTRATION_PATH + "/{client_id}",
            managing,
            _doc(handler),
            method=method,
            openapi=told,
            status=status,
            response_class=Response if status == 204 else JSONResponse,
        )
        for method, handler, told, status in _MANAGEMENT
    ]
    return [register, *managed]


def _get(path: str, handler: Callable[[Call], Any], openapi: dict[str, Any] | None) -> PlainRoute:
    endpoint = Endpoint({"GET": handler})
    return PlainRoute(path, endpoint, _doc(handler), method="GET", openapi=openapi)


def _post(
    path: str,
    handler: Callable[[Call], Any],
    openapi: dict[str, Any],
    response_class: type[Response] = JSONResponse,
) -> PlainRoute:
    endpoint = Endpoint({"POST": handler})
    return PlainRoute(
        path,
        endpoint,
        _doc(handler),
        method="POST",
        openapi=openapi,
        response_class=response_class,
    )


def _doc(handler: Callable[[Call], Any]) -> Callable[[], None]:
    """Return a stand-in without parameters: FastAPI reads name and docstring, never calls it."""

    def described() -> None: ...

    described.__name__, described.__doc__ = handler.__name__, handler.__doc__
    return described


async def _metadata_of_a_path(call: Call) -> Answer:
    """Answer where RFC 8414 section 3.1 inserts the well-known part before an issuer's path."""
    asked = f"{WELL_KNOWN}/{call.path_part('path')}"
    if asked != inserted_path(call.services.settings.issuer):
        raise Refused("invalid_request", "no issuer of that path", 404)
    return await metadata(call)
