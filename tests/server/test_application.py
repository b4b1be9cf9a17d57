"""The short way through the app: the same answers, and no layer of a host is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from keyturn.server.app import create_app
from keyturn.server.stack.route import StackRoute
from keyturn.server.stack.routes import ENDPOINTS

if TYPE_CHECKING:
    import httpx2
    from fastapi.routing import APIRoute
    from starlette.types import ASGIApp, Receive, Scope, Send

    from tests.server.in_process_ import InProcess


class Seen:
    """A layer of a host that notes what passes."""

    def __init__(self, app: ASGIApp, paths: list[str]) -> None:
        self._app, self._paths = app, paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._paths.append(scope["path"])
        await self._app(scope, receive, send)


def ask(server: InProcess, method: str, path: str) -> httpx2.Response:
    return server.request(method, path)


@pytest.mark.parametrize("path", ["/oauth/jwks", "/.well-known/oauth-authorization-server"])
def test_a_layer_that_a_host_adds_sees_frequent_and_other_requests_alike(
    server: InProcess, path: str
) -> None:
    paths: list[str] = []
    server.app.add_middleware(Seen, paths=paths)
    assert ask(server, "GET", path).status_code == 200
    assert paths == [path]


def test_the_short_way_refuses_what_the_long_one_refuses(server: InProcess) -> None:
    assert ask(server, "PATCH", "/oauth/token").status_code == 405
    assert ask(server, "GET", "/oauth/token").status_code == 405
    assert ask(server, "HEAD", "/oauth/jwks").status_code == 200
    assert ask(server, "GET", "/oauth/token/").status_code == 404


@pytest.mark.parametrize("path", ["/oauth/jwks", "/.well-known/oauth-authorization-server"])
def test_every_answer_has_a_name_whichever_way_it_took(server: InProcess, path: str) -> None:
    names = {ask(server, "GET", path).headers["x-request-id"] for _ in range(3)}
    assert len(names) == 3


def test_a_start_describes_no_operation_and_the_document_describes_each(
    server: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    described: list[str] = []
    kept = StackRoute.described

    def noted(route: StackRoute) -> APIRoute:
        described.append(route.path)
        return kept(route)

    monkeypatch.setattr(StackRoute, "described", noted)
    create_app(server.settings)
    assert described == []
    paths = ask(server, "GET", "/openapi.json").json()["paths"]
    assert len(described) == len(ENDPOINTS)
    assert set(described) <= set(paths)
    assert ask(server, "GET", "/openapi.json").json()["paths"] == paths
    assert len(described) == len(ENDPOINTS)  # the first time only


def test_an_operation_answers_its_own_method_alone(server: InProcess) -> None:
    assert ask(server, "HEAD", "/api/v1/projects/current").status_code == 405
    assert ask(server, "GET", "/api/v1/projects/current").status_code == 400  # no access type
