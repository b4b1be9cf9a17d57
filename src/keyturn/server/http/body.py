"""Reading a request body: bounded in bytes, time and depth, and free of what breaks databases.

Nothing here knows what a body should say; that is for the schema of its endpoint.
"""

from __future__ import annotations

import asyncio
import json
import math
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import parse_qsl

import anyio
from starlette.requests import ClientDisconnect

from keyturn.server.http.errors import BodyTooLarge, BodyTooSlow, BodyUnreadable

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Message, Receive

LARGEST_BODY = 64 * 1024
# Where a profile image travels as a data URL, an HTML mail, or a value of the data vault.
LARGEST_BODY_WITH_IMAGE = 1_153_434
SLOWEST_BODY_SECONDS = 30.0
DEEPEST_JSON = 64
MOST_FORM_FIELDS = 64


async def read_body(request: Request, *, most: int = LARGEST_BODY) -> bytes:
    """Return the whole body, at most ``most`` bytes of it.

    Raises:
        BodyTooLarge: it is larger, or says so in advance; then nothing of it is read.
        BodyTooSlow: it took more than 30 seconds.
        BodyUnreadable: the client hung up before its end, so nobody reads the answer either.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:12]) > most:
        raise BodyTooLarge(most)
    try:
        async with asyncio.timeout(SLOWEST_BODY_SECONDS):
            return await _gathered(request, most)
    except TimeoutError:
        raise BodyTooSlow from None
    except ClientDisconnect:
        raise BodyUnreadable("it ended early") from None


async def _gathered(request: Request, most: int) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise BodyTooLarge(most)
        parts.append(part)
    return b"".join(parts)


async def has_hung_up(receive: Receive) -> bool:
    """Say whether whoever sent a request, read to its end, is gone."""
    message: Message = {}
    # Cancelled at once: this only learns what has already arrived.
    with anyio.CancelScope() as scope:
        scope.cancel()
        message = await receive()
    return message.get("type") == "http.disconnect"


def media_type(request: Request) -> str:
    """Return the media type a request names for its body, in lower case; empty if none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def parse_json(raw: bytes) -> Any:
    """Read JSON (RFC 8259) strictly: no duplicate members, no NaN, no NUL, no half characters.

    Raises:
        BodyUnreadable: it is not that, or nested deeper than 64.
    """
    try:
        value = json.loads(
            raw.decode("utf-8"), object_pairs_hook=_without_duplicates, parse_constant=_not_json
        )
    except UnicodeDecodeError:
        raise BodyUnreadable("the body is not UTF-8") from None
    except RecursionError:
        raise BodyUnreadable("the body is nested too deeply") from None
    except ValueError:
        raise BodyUnreadable("the body is not valid JSON") from None
    # A raw control character is no JSON at all, so only escapes can bring in bad text.
    _check(value, text=b"\\u" in raw)
    return value


def parse_form(raw: bytes) -> list[tuple[str, str]]:
    """Read ``application/x-www-form-urlencoded`` fields in order, duplicates included.

    Raises:
        BodyUnreadable: not UTF-8, a NUL, or more than 64 fields.
    """
    try:
        fields = parse_qsl(
            raw.decode("utf-8"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MOST_FORM_FIELDS,
        )
    except ValueError:
        raise BodyUnreadable("the body is not a valid form") from None
    if any("\0" in name or "\0" in value for name, value in fields):
        raise BodyUnreadable("the body holds a NUL character")
    return fields


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BodyUnreadable("the body names a member twice")
    return found


def _not_json(name: str) -> NoReturn:
    raise BodyUnreadable(f"{name} is not JSON")


def _check(value: Any, *, text: bool) -> None:
    level, depth = [value], 0
    while level:
        if depth > DEEPEST_JSON:
            raise BodyUnreadable("the body is nested too deeply")
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below += item.values()
                below += item if text else ()
            elif isinstance(item, list):
                below += item
            elif isinstance(item, float) and not math.isfinite(item):
                raise BodyUnreadable("a number is too large")
            elif text and isinstance(item, str):
                _check_text(item)
        level, depth = below, depth + 1


def _check_text(text: str) -> None:
    if "\0" in text:
        raise BodyUnreadable("the body holds a NUL character")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise BodyUnreadable("the body holds half a character")
