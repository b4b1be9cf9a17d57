"""``/health`` and ``/ready``, for whatever starts, stops and balances servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request  # noqa: TC002 - FastAPI reads the annotation
from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from fastapi import FastAPI

    from keyturn.server.operating.readiness import Readiness

_NO_STORE = {"cache-control": "no-store"}


def add_routes(app: FastAPI) -> None:
    """Add both probes."""
    not_now: dict[int | str, dict[str, Any]] = {503: {"description": "Not now; `reason` says why."}}
    app.get("/health", tags=["Server"], response_class=JSONResponse)(health)
    app.get("/ready", tags=["Server"], response_class=JSONResponse, responses=not_now)(ready)
    app.head("/health", include_in_schema=False)(health)
    app.head("/ready", include_in_schema=False)(ready)


async def health() -> JSONResponse:
    """Say that this process lives and answers; it looks at nothing else."""
    return JSONResponse({"status": "ok"}, headers=_NO_STORE)


async def ready(request: Request) -> JSONResponse:
    """Say whether requests are welcome: the database takes writes, and no shutdown has begun.

    503 with ``reason``: ``draining``, ``database`` or ``database-slow``.
    """
    readiness: Readiness = request.app.state.readiness
    reason = await readiness.reason()
    if reason is None:
        return JSONResponse({"status": "ready"}, headers=_NO_STORE)
    return JSONResponse(
        {"status": "not ready", "reason": reason},
        status_code=503,
        headers={**_NO_STORE, "retry-after": "1"},
    )
