"""Rendering for the Stack-compatible API: which bytes and which headers leave, and no others."""

from __future__ import annotations

import json
import logging
import traceback
import uuid
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from keyturn.server.http.errors import BodyTooLarge, BodyTooSlow, BodyUnreadable, come_back
from keyturn.server.operating import request_id
from keyturn.server.stack import headers as names
from keyturn.server.stack.errors import KnownError, StatusError, body_parsing_error

if TYPE_CHECKING:
    from keyturn.server.stack.headers import StackHeaders

log: logging.Logger = logging.getLogger("keyturn.server")

JSON = "application/json; charset=utf-8"
TEXT = "text/plain; charset=utf-8"


def new_request_id() -> str:
    """Return a name for one request, for the log and the answer."""
    return request_id.current() or uuid.uuid4().hex


def json_answer(
    value: Any, headers: StackHeaders, *, status: int = 200, cache: str = names.NO_STORE
) -> Response:
    """Render a good answer."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return _answer(body, JSON, status, headers, {"cache-control": cache})


def text_answer(text: str, headers: StackHeaders, *, status: int = 200) -> Response:
    """Render a plain text."""
    return _answer(text.encode(), TEXT, status, headers, {})


def error_answer(error: Exception, headers: StackHeaders, *, now: int) -> Response:
    """Render whatever a request ended with.

    A surprise is logged without its message, which may quote what must not be in a log.
    """
    found = _as_ours(error, now)
    if found is None:
        found = StatusError(500, "Internal server error")
        frames = traceback.extract_tb(error.__traceback__)
        where = "\n".join(f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)
        log.error("A request failed with %s\n%s", type(error).__name__, where)
    if isinstance(found, KnownError):
        body = json.dumps(found.as_json(), ensure_ascii=False).encode()
        return _answer(body, JSON, found.status, headers, {names.KNOWN_ERROR: found.code})
    extra = {} if found.retry_after is None else {"retry-after": str(found.retry_after)}
    return _answer(found.text.encode(), TEXT, found.status, headers, extra)


def preflight_answer() -> Response:
    """Answer OPTIONS: any origin may call, since no cookie has a meaning here."""
    return Response(
        status_code=204,
        headers={
            **names.PREFLIGHT,
            "cache-control": names.NO_STORE,
            names.ACTUAL_STATUS: "204",
            names.REQUEST_ID: new_request_id(),
        },
    )


def _as_ours(error: Exception, now: int) -> KnownError | StatusError | None:
    if isinstance(error, KnownError | StatusError):
        return error
    if isinstance(error, BodyUnreadable):
        return body_parsing_error(error.reason)
    if isinstance(error, BodyTooLarge):
        return StatusError(413, f"The request body has more than {error.most} bytes")
    if isinstance(error, BodyTooSlow):
        return StatusError(408, "The request body did not arrive in time")
    later = come_back(error, now=now)
    if later is not None:
        text = "Too many requests" if later.status == 429 else "Temporarily unavailable"
        return StatusError(later.status, text, retry_after=later.seconds)
    return None


def _answer(
    body: bytes, media_type: str, status: int, headers: StackHeaders, extra: dict[str, str]
) -> Response:
    hides = headers.overrides_error_status and 400 <= status < 500
    return Response(
        body,
        status_code=200 if hides else status,
        headers={
            **names.CORS,
            "content-type": media_type,
            "cache-control": names.NO_STORE,
            names.ACTUAL_STATUS: str(status),
            names.REQUEST_ID: new_request_id(),
            **extra,
        },
    )
