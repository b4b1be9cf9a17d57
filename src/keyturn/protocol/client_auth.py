"""How a program says which client it is, and proves it where the server gave it a secret.

A native app has no secret worth the name (RFC 8252 section 8.5), but some servers hand one out and
then insist on it. Requests are built as a public client's; what a secret adds comes last and in
one place, so that no grant can forget it.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from keyturn.protocol.errors import KeyturnError
from keyturn.protocol.wire import Request

if TYPE_CHECKING:
    from keyturn.protocol.wire import Steps

T = TypeVar("T")

NONE, BASIC, POST = "none", "client_secret_basic", "client_secret_post"
METHODS = (NONE, BASIC, POST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One client at one issuer.

    Attributes:
        id: Public.
        secret: ``None`` for a public client.
        method: How the secret is sent: one of METHODS (RFC 7591 section 2).

    Raises:
        ValueError: no such method, or one that needs a secret without it.
    """

    id: str
    secret: str | None = field(default=None, repr=False)
    method: str = NONE

    def __post_init__(self) -> None:
        if self.method not in METHODS or (self.secret is None and self.method != NONE):
            raise ValueError(f"a client cannot prove itself by {self.method!r} here")


def authenticated(request: Request, client: Client) -> Request:
    """Return a form that names ``client`` with the proof that it is (RFC 6749 section 2.3.1).

    For Basic, both halves are percent-encoded first: a secret may have a colon in it.
    """
    if client.secret is None or request.body is None:
        return request
    if client.method == BASIC:
        pair = f"{quote(client.id, safe='')}:{quote(client.secret, safe='')}"
        header = "Basic " + base64.b64encode(pair.encode("ascii")).decode("ascii")
        return replace(request, headers={**request.headers, "Authorization": header})
    if client.method == POST:
        return replace(request, body=request.body + _secret_field(client.secret))
    return request


def authenticating(steps: Steps[T], client: Client) -> Steps[T]:
    """Run ``steps`` with every form they send proven to come from ``client``."""
    try:
        step = next(steps)
        while True:
            try:
                proven = authenticated(step, client) if isinstance(step, Request) else step
                outcome = yield proven
            except KeyturnError as error:
                step = steps.throw(error)
            else:
                step = steps.send(outcome)
    except StopIteration as done:
        result: T = done.value
        return result


def _secret_field(secret: str) -> bytes:
    return b"&client_secret=" + quote(secret, safe="").encode("ascii")
