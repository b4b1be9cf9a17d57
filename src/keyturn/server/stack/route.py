"""Puts declared endpoints into the app: one route for the requests, one entry in OpenAPI.

FastAPI's own parsing would check bodies before headers, so the route answers through ``serve``;
FastAPI only sees a signature made from the declaration, from which it writes the document.
"""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Body, Path, Query
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keyturn.server.http.exchange import rest
from keyturn.server.stack.caller import ACCESS_TYPES, BRANCH
from keyturn.server.stack.endpoint import Nothing, Wire
from keyturn.server.stack.serve import serve
from keyturn.server.waiting import Later

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Receive, Scope, Send

    from keyturn.server.stack.endpoint import Endpoint

_PATH_NAME = re.compile(r"\{(\w+)\}")
_OPTIONAL_HEADERS = (
    "publishable-client-key",
    "secret-server-key",
    "super-secret-admin-key",
    "access-token",
    "refresh-token",
    "allow-anonymous-user",
    "allow-restricted-user",
)
_TEXT = {"text/plain": {"schema": {"type": "string"}}}


class ErrorBody(Wire):
    """A known error; ``code`` is also in the header ``x-stack-known-error``."""

    code: str
    error: str
    details: dict[str, Any] = Field(default_factory=dict)


def _header(name: str, schema: dict[str, Any], *, required: bool = False) -> dict[str, Any]:
    return {"name": f"x-stack-{name}", "in": "header", "required": required, "schema": schema}


# Each may also be spelled x-hexclave-... The override-error-status header is left out: it changes
# how every answer travels, not what any of them says.
_PROJECT_HEADERS = [
    _header("access-type", {"type": "string", "enum": list(ACCESS_TYPES)}, required=True),
    _header("project-id", {"type": "string"}, required=True),
    *(_header(name, {"type": "string"}) for name in _OPTIONAL_HEADERS),
    _header("branch-id", {"type": "string", "enum": [BRANCH]}),
]


class StackRoute(Route):
    """The route of one endpoint under the version that is documented.

    FastAPI needs longer to describe all of them than the server for all else of its start, so that
    they are described when somebody asks for the document.
    """

    def __init__(self, endpoint: Endpoint, *, prefix: str) -> None:
        super().__init__(
            prefix + endpoint.path, Operation(endpoint), name=endpoint.handler.__name__
        )
        self.methods: set[str] | None = {endpoint.method}  # without the HEAD that Starlette adds
        self._declared = endpoint

    def described(self) -> APIRoute:
        """Return what FastAPI writes the document from; no request comes there."""
        endpoint = self._declared
        first = next(iter(endpoint.answers), endpoint.redirects or 200)
        return APIRoute(
            self.path,
            _described(endpoint),
            methods=[endpoint.method],
            tags=[endpoint.tag],
            name=self.name,
            summary=_summary(endpoint.handler),
            description=inspect.getdoc(endpoint.handler) or "",
            response_model=endpoint.answers.get(first),
            response_class=JSONResponse if endpoint.answers else Response,
            status_code=first,
            responses=_responses(endpoint, first),
            operation_id=f"{endpoint.method.lower()}{_operation(endpoint.path)}",
            openapi_extra=_extra(endpoint),
        )


class Operation:
    """The ASGI app of one endpoint. Not a function, so that Starlette hands it the bare request."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        response = await serve(self._endpoint, Request(scope, receive))
        if isinstance(response, Later):
            rest(receive)
            response = await response.answer()
        await response(scope, receive, send)


def _described(endpoint: Endpoint) -> Callable[..., None]:
    """Return a function with the signature from which FastAPI documents the endpoint."""

    def document() -> None:
        """Never called; requests are answered through ``serve``."""

    found = {name: Annotated[str, Path()] for name in _PATH_NAME.findall(endpoint.path)}
    annotations: dict[str, Any] = dict(found)
    if endpoint.query is not Nothing:
        annotations["query"] = Annotated[endpoint.query, Query()]
    if endpoint.body is not Nothing:
        body = endpoint.body if endpoint.body_required else endpoint.body | None
        annotations["body"] = Annotated[body, Body()]
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
        "5XX": {
            "model": ErrorBody,
            "description": "Try again later, or not built (501)",
            "content": _TEXT,
        },
    }
    if endpoint.redirects is not None:
        found[endpoint.redirects] = {"description": "Sends the browser on"}
    for status, model in endpoint.answers.items():
        if status != first:
            found[status] = {"model": model}
    return found


def _extra(endpoint: Endpoint) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if endpoint.access is not None:
        found["parameters"] = _PROJECT_HEADERS
    if endpoint.form:
        schema = {"$ref": f"#/components/schemas/{endpoint.body.__name__}"}
        form = {"application/x-www-form-urlencoded": {"schema": schema}}
        found["requestBody"] = {"content": form}
    return found


def _summary(handler: Callable[..., Any]) -> str:
    return (inspect.getdoc(handler) or "").partition("\n")[0].rstrip(".")


def _operation(path: str) -> str:
    return re.sub(r"\W+", "_", path).rstrip("_")
