"""The answers of this API that are no JSON: a browser sent on."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

from starlette.responses import Response

from keyturn.server.stack import headers as names

if TYPE_CHECKING:
    from collections.abc import Callable

_PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Going on</title>'
    '<meta http-equiv="refresh" content="0;url={url}"></head>'
    '<body><p><a href="{url}">Continue</a></p></body></html>'
)
_PAGE_HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """What a handler returns to send a browser on.

    Attributes:
        url: Where; the handler has checked that it may lead there.
        status: 302, or 303 where another method may have brought the browser.
        by_page: Whether to go on with a page instead of a status. A browser that comes from a
            form holds a chain of redirects to that form's ``form-action`` (CSP 3), which names
            this server and nobody behind it; a page begins anew.
        dress: Sets and clears the cookies of the answer.
    """

    url: str = field(repr=False)
    status: int = 302
    by_page: bool = False
    dress: Callable[[Response], None]


def redirect_answer(found: Redirect, *, request_id: str) -> Response:
    """Render a redirect. Nothing of the address it leaves is told to the next one."""
    status = 200 if found.by_page else found.status
    content = _PAGE.format(url=escape(found.url)) if found.by_page else None
    response = Response(
        content,
        status_code=status,
        headers={
            **names.CORS,
            **(_PAGE_HEADERS if found.by_page else {"location": found.url}),
            "cache-control": names.NO_STORE,
            "referrer-policy": "no-referrer",
            names.ACTUAL_STATUS: str(status),
            names.REQUEST_ID: request_id,
        },
    )
    found.dress(response)
    return response
