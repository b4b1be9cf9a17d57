"""One name for each request: in the log, in the answer, and with whoever asks why.

The name is this server's own. What a caller sends is used only where a trusted proxy sent it and it
looks like a name: anything else could make two requests look like one, or write into the log.
"""

from __future__ import annotations

import random
import re
from contextvars import ContextVar
from typing import TYPE_CHECKING

from keyturn.server.http.origin import is_trusted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import Scope

HEADER = b"x-request-id"
_NAME = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_current: ContextVar[str | None] = ContextVar("keyturn_request_id", default=None)


def current() -> str | None:
    """Return the name of the request that is being answered, if there is one."""
    return _current.get()


def begin(scope: Scope, trusted_proxies: Sequence[str]) -> str:
    """Name a request; ``current`` is that name in everything it sets in motion."""
    name = _given(scope, trusted_proxies) or f"{random.getrandbits(128):032x}"
    _current.set(name)
    return name


def _given(scope: Scope, trusted_proxies: Sequence[str]) -> str | None:
    if not trusted_proxies:
        return None
    given = [value for header, value in scope["headers"] if header == HEADER]
    if len(given) != 1 or not _NAME.fullmatch(given[0]):
        return None
    peer = scope.get("client")
    return str(given[0], "ascii") if peer and is_trusted(peer[0], trusted_proxies) else None
