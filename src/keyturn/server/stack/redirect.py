"""The one answer of this API that is no JSON: a browser sent on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.responses import Response

from keyturn.server.stack import headers as names

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """What a handler returns to send a browser on.

    Attributes:
        url: Where; the handler has checked that it may lead there.
        status: 302, or 303 where another method brought the browser.
        dress: Sets and clears the cookies of the answer.
    """

    url: str = field(repr=False)
    status: int = 302
    dress: Callable[[Response], None]


def redirect_answer(found: Redirect, *, request_id: str) -> Response:
    """Render a redirect. Nothing of the address it leaves is told to the next one."""
    response = Response(
        status_code=found.status,
        headers={
            **names.CORS,
            "location": found.url,
            "cache-control": names.NO_STORE,
            "referrer-policy": "no-referrer",
            names.ACTUAL_STATUS: str(found.status),
            names.REQUEST_ID: request_id,
        },
    )
    found.dress(response)
    return response
