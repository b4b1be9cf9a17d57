"""Puts declared endpoints into the app: one route for the requests, one entry in OpenAPI.

FastAPI's own parsing would check bodies before headers, so the route answers through ``serve``;
FastAPI only sees a signature made from the declaration, from which it writes the document.
"""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Body, Depends, Header, Path, Query
from fastapi.routing import APIRoute
from pydantic import Field
from starlette.requests import Request

from keyturn.server.stack.caller import AccessType  # noqa: TC001 - FastAPI reads the annotation
from keyturn.server.stack.endpoint import Nothing, Wire
from keyturn.server.stack.serve import serve

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from keyturn.server.stack.endpoint import Endpoint

_PATH_NAME = re.compile(r"\{(\w+)\}")
_TEXT = {"text/plain": {"schema": {"type": "string"}}}


class ErrorBody(Wire):
    """A known error; ``code`` is also in the header ``x-stack-known-error``."""

    code: str
    error: str
    details: dict[str, Any] = Field(default_factory=dict)


def _project_headers(
    access_type: Annotated[AccessType, Header(alias="x-stack-access-type")],
    project_id: Annotated[str, Header(alias="x-stack-project-id")],
    publishable_client_key: Annotated[
        str | None, Header(alias="x-stack-publishable-client-key")
    ] = None,
    secret_server_key: Annotated[str | None, Header(alias="x-stack-secret-server-key")] = None,
    super_secret_admin_key: Annotated[
        str | None, Header(alias="x-stack-super-secret-admin-key")
    ] = None,
    access_token: Annotated[str | None, Header(alias="x-stack-access-token")] = None,
    refresh_token: Annotated[str | None, Header(alias="x-stack-refresh-token")] = None,
    allow_anonymous_user: Annotated[
        str | None, Header(alias="x-stack-allow-anonymous-user")
    ] = None,
    allow_restricted_user: Annotated[
        str | None, Header(alias="x-stack-allow-restricted-user")
    ] = None,
    override_error_status: Annotated[
        str | None, Header(alias="x-stack-override-error-status")
    ] = None,
    branch_id: Annotated[str | None, Header(alias="x-stack-branch-id")] = None,
) -> None:
    """Name the headers in the document; each may also be spelled ``x-hexclave-...``."""


class StackRoute(APIRoute):
    """The route of one endpoint under one version prefix."""

    def __init__(self, endpoint: Endpoint, *, prefix: str, documented: bool) -> None:
        first = next(iter(endpoint.answers))
        super().__init__(
            prefix + endpoint.path,
            _described(endpoint),
            methods=[endpoint.method],
            tags=[endpoint.tag],
            name=endpoint.handler.__name__,
            summary=_summary(endpoint.handler),
            description=inspect.getdoc(endpoint.handler) or "",
            response_model=endpoint.answers[first],
            status_code=first,
            responses=_responses(endpoint, first),
            include_in_schema=documented,
            operation_id=f"{endpoint.method.lower()}{_operation(endpoint.path)}",
            openapi_extra=_extra_media_types(endpoint),
        )
        self.app = _asgi(endpoint)


def _asgi(endpoint: Endpoint) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        response = await serve(endpoint, Request(scope, receive))
        await response(scope, receive, send)

    return app


def _described(endpoint: Endpoint) -> Callable[..., None]:
    """Return a function with the signature from which FastAPI documents the endpoint."""

    def document() -> None:
        """Never called; ``StackRoute`` answers through ``serve``."""

    found = {name: Annotated[str, Path()] for name in _PATH_NAME.findall(endpoint.path)}
    annotations: dict[str, Any] = dict(found)
    if endpoint.query is not Nothing:
        annotations["query"] = Annotated[endpoint.query, Query()]
    if endpoint.body is not Nothing:
        body = endpoint.body if endpoint.body_required else endpoint.body | None
        annotations["body"] = Annotated[body, Body()]
    if endpoint.access is not None:
        annotations["headers"] = Annotated[None, Depends(_project_headers)]
    may_be_absent = set() if endpoint.body_required else {"body"}
    parameters = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            annotation=annotation,
            default=None if name in may_be_absent else inspect.Parameter.empty,
        )
        for name, annotation in annotations.items()
    ]
    document.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return document


def _responses(endpoint: Endpoint, first: int) -> dict[int | str, dict[str, Any]]:
    found: dict[int | str, dict[str, Any]] = {
        "4XX": {"model": ErrorBody, "description": "A known error, or a text", "content": _TEXT},
        "5XX": {"description": "Try again later, or not built (501)", "content": _TEXT},
    }
    for status, model in endpoint.answers.items():
        if status != first:
            found[status] = {"model": model}
    return found


def _extra_media_types(endpoint: Endpoint) -> dict[str, Any] | None:
    if not endpoint.form:
        return None
    schema = {"$ref": f"#/components/schemas/{endpoint.body.__name__}"}
    form = {"application/x-www-form-urlencoded": {"schema": schema}}
    return {"requestBody": {"content": form}}


def _summary(handler: Callable[..., Any]) -> str:
    return (inspect.getdoc(handler) or "").partition("\n")[0].rstrip(".")


def _operation(path: str) -> str:
    return re.sub(r"\W+", "_", path).rstrip("_")
