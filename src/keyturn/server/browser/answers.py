"""Answers of the pages' routes that are no pages. All may hold codes, so nothing keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, RedirectResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_STORE = {"Cache-Control": "no-store"}


def see_other(url: str) -> RedirectResponse:
    """Send the browser on with a GET (RFC 9110 section 15.4.4)."""
    return RedirectResponse(url, status_code=303, headers=NO_STORE)


def state(value: Mapping[str, Any], *, status: int = 200) -> JSONResponse:
    """Tell a front end on this origin what a page would show."""
    return JSONResponse(value, status_code=status, headers=NO_STORE)
