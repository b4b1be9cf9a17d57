"""Reading a response body without letting the server decide how much memory that takes."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from keyturn.protocol.errors import UnexpectedReply
from keyturn.protocol.wire import MAX_BODY_BYTES

if TYPE_CHECKING:
    from http.client import HTTPResponse

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS  # zlib looks at the header to tell the two apart.


def read_body(response: HTTPResponse) -> bytes:
    """Return the decoded body of ``response``.

    Raises:
        UnexpectedReply: more than MAX_BODY_BYTES, on the wire or decompressed, or encoded in a way
            nobody asked for.
        OSError, HTTPException: it broke off.
    """
    raw = response.read(MAX_BODY_BYTES + 1)
    if response.length or len(raw) > MAX_BODY_BYTES:
        raise _broken_off(response, raw)
    encoding = (response.getheader("content-encoding") or "identity").strip().lower()
    if encoding in ("identity", ""):
        return raw
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise UnexpectedReply(f"HTTP {response.status}: the answer is encoded in an unknown way")
    return _decompressed(raw, response.status)


def _decompressed(raw: bytes, status: int) -> bytes:
    machine = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        body = machine.decompress(raw, MAX_BODY_BYTES + 1)
    except zlib.error:
        raise UnexpectedReply(f"HTTP {status}: the answer cannot be decompressed") from None
    if len(body) > MAX_BODY_BYTES:
        raise UnexpectedReply(f"HTTP {status}: the answer is too big")
    if not machine.eof:
        raise UnexpectedReply(f"HTTP {status}: the answer is incomplete")
    return body


def _broken_off(response: HTTPResponse, raw: bytes) -> Exception:
    if len(raw) > MAX_BODY_BYTES:
        return UnexpectedReply(f"HTTP {response.status}: the answer is too big")
    return ConnectionError("the answer broke off")
