"""Serves the style sheet, the icon, and the files of operators' brand folders.

An address carries the version of what it names, so browsers keep a file for a year and still see
a new one at once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

from keyturn.server.pages.brand import Asset, Brand, read_asset

if TYPE_CHECKING:
    from starlette.requests import Request

FindBrand = Callable[[str], Awaitable[Brand | None]]

_STATIC = Path(__file__).parent / "static"
_NAMES = frozenset({"keyturn.css", "icon.svg"})
_A_YEAR = "public, max-age=31536000, immutable"


@cache
def own_asset(name: str) -> Asset | None:
    """Return a file that comes with the package, or ``None``."""
    return read_asset(_STATIC / name) if name in _NAMES else None


def own_address(name: str) -> str:
    """Return the path of a packaged file below the prefix, its version in the query."""
    asset = own_asset(name)
    if asset is None:
        raise LookupError(f"{name} does not come with the package.")
    return f"/static/{name}?v={asset.tag}"


async def _no_brand(_slug: str) -> Brand | None:
    return None


def asset_routes(find_brand: FindBrand = _no_brand) -> list[Route]:
    """Return the routes of every file that a page may load.

    ``find_brand`` returns the brand with a slug ("" for the one without), or ``None``. It is asked
    at each request: projects come and go, and another process may have drawn the page.
    """

    async def own(request: Request) -> Response:
        """``GET /static/NAME``: a file that comes with the package."""
        return _answer(request, own_asset(request.path_params["name"]))

    async def branded(request: Request) -> Response:
        """``GET /brand/NAME``: a file of an operator's brand folder."""
        brand = await find_brand(request.path_params.get("slug", ""))
        return _answer(request, brand.asset(request.path_params["name"]) if brand else None)

    return [
        Route("/static/{name}", own),
        Route("/brand/{name}", branded),
        Route("/brand/{slug}/{name}", branded),
    ]


def _answer(request: Request, asset: Asset | None) -> Response:
    if asset is None:
        return Response(status_code=404)
    named_version = request.query_params.get("v") == asset.tag
    headers = {
        "ETag": f'"{asset.tag}"',
        "Cache-Control": _A_YEAR if named_version else "no-cache",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        # For an image opened by itself: an SVG file may hold script, and this is our origin.
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    }
    if _matches(request.headers.get("if-none-match", ""), asset.tag):
        return Response(status_code=304, headers=headers)
    return Response(asset.content, media_type=asset.media_type, headers=headers)


def _matches(if_none_match: str, tag: str) -> bool:
    """Whether an If-None-Match field names ``tag`` (RFC 9110 section 13.1.2: weak comparison)."""
    candidates = (part.strip().removeprefix("W/") for part in if_none_match.split(","))
    return any(candidate in (f'"{tag}"', "*") for candidate in candidates)
