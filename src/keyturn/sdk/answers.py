"""Reading an answer of the API: its real status, its error, its JSON. Pure.

Servers and proxies in between are of many kinds. The status may travel in a header, in either of
two families of names; an error may be JSON with a code, text, or some proxy's page.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from keyturn.protocol.wire import unexpected
from keyturn.sdk.errors import NotSupportedByServer, StackStatusError, error_for

if TYPE_CHECKING:
    from keyturn.protocol.wire import Reply
    from keyturn.sdk.errors import StackSdkError

FAMILIES = ("x-stack-", "x-hexclave-")
NOT_BUILT = 501


def actual_status(reply: Reply) -> int:
    """Return the status the server meant, which may travel as 200 with a header."""
    stated = _header(reply, "actual-status")
    return int(stated) if stated is not None and stated.isdecimal() else reply.status


def error_code(reply: Reply) -> str | None:
    """Return the code of a known error, or ``None``."""
    known = _header(reply, "known-error")
    if known is not None or actual_status(reply) < 400:
        return known
    code = _object(reply).get("code")
    return code if isinstance(code, str) and code else None


def read_json(reply: Reply) -> Any:
    """Return what a successful answer holds; ``None`` where it has no body.

    Raises:
        StackApiError: the server answered with an error, of the class that its code names.
        NotSupportedByServer: the server knows the endpoint, but does not have it.
        UnexpectedReply: a success that is not JSON, or a status of no API.
    """
    status, code = actual_status(reply), error_code(reply)
    if code is not None or status >= 400:
        raise _error(reply, status, code)
    if not 200 <= status < 300:
        raise unexpected(reply, "this is no answer of the API")
    if not reply.body:
        return None
    try:
        return json.loads(reply.body)
    except (ValueError, RecursionError):
        raise unexpected(reply, "the answer is not JSON") from None


def _error(reply: Reply, status: int, code: str | None) -> StackSdkError:
    if code is None:
        text = reply.body.decode("utf-8", "replace")
        if status == NOT_BUILT:
            return NotSupportedByServer(text[:200])
        return StackStatusError(text or f"HTTP {status}", status=status)
    body = _object(reply)
    details = body.get("details")
    message = body.get("error", body.get("message"))
    return error_for(
        code,
        message if isinstance(message, str) else code,
        status=status if status >= 400 else 400,
        details=details if isinstance(details, dict) else None,
    )


def _header(reply: Reply, name: str) -> str | None:
    for family in FAMILIES:
        if value := reply.headers.get(family + name):
            return value
    return None


def _object(reply: Reply) -> dict[str, Any]:
    try:
        value = json.loads(reply.body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
