"""Requests, replies and pauses as plain values, so that protocol code is tested without a network.

A flow is a generator: it yields a Request and receives a Reply, or yields a Pause and receives the
time. ``keyturn.net.drive`` has the only loops that run one.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from keyturn.protocol.errors import UnexpectedReply

MAX_BODY_BYTES = 1024 * 1024
MAX_JSON_DEPTH = 32

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request.

    Attributes:
        method: In capitals.
        url: Absolute; carries no secret.
        headers: As sent.
        body: The bytes to send; ``None``: no body and no content type.
        limit_seconds: How long the whole exchange may take; ``None``: the sender's usual limit.
        hold_seconds: How much longer the server was asked to hold its answer (``Prefer: wait``).
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    limit_seconds: float | None = None
    hold_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Do nothing for a while; the driver answers with the monotonic time afterwards."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A whole HTTP response.

    Attributes:
        status: The HTTP status.
        headers: Names in lower case.
        body: Decoded from its content encoding, at most MAX_BODY_BYTES.
        elapsed_seconds: From the first byte sent to the last one received.
        at: When the last byte arrived, by the driver's monotonic clock.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    elapsed_seconds: float = 0.0
    at: float = 0.0

    def json_object(self) -> dict[str, Any]:
        """Return the body as a JSON object.

        Raises:
            UnexpectedReply: too big, not UTF-8, not JSON, not an object, or nested too deeply.
        """
        if len(self.body) > MAX_BODY_BYTES:
            raise unexpected(self, "the answer is too big")
        try:
            value = json.loads(self.body.decode("utf-8"), parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            raise unexpected(self, "the answer is not JSON") from None
        if not isinstance(value, dict):
            raise unexpected(self, "the answer is not a JSON object")
        if _deeper_than(value, MAX_JSON_DEPTH):
            raise unexpected(self, "the answer is nested too deeply")
        return value

    def json_object_or_none(self) -> dict[str, Any] | None:
        """Return the body as a JSON object, or ``None`` where it is none: a portal, a proxy."""
        try:
            return self.json_object()
        except UnexpectedReply:
            return None

    def text(self, key: str) -> str:
        """Return the string at ``key``, which must be there and not empty.

        Raises:
            UnexpectedReply: it is not.
        """
        value = self.json_object().get(key)
        if not isinstance(value, str) or not value:
            raise unexpected(self, f"there is no text {key!r}")
        return value


Steps = Generator[Request | Pause, Any, T]


def send(request: Request) -> Steps[Reply]:
    """Yield one request and return its reply."""
    reply: Reply = yield request
    return reply


def pause(seconds: float) -> Steps[float]:
    """Yield one pause and return the monotonic time after it."""
    now: float = yield Pause(seconds=seconds)
    return now


def form_request(
    url: str, fields: Mapping[str, str | None], *, headers: Mapping[str, str] | None = None
) -> Request:
    """Build a form-encoded POST that asks for JSON; fields that are ``None`` are left out."""
    body = urlencode({name: value for name, value in fields.items() if value is not None})
    return Request(
        method="POST",
        url=url,
        headers={
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
            **(headers or {}),
        },
        body=body.encode("ascii"),
    )


def json_request(
    method: str,
    url: str,
    *,
    payload: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Request:
    """Build a request that asks for JSON and, where there is a payload, sends some."""
    content = {} if payload is None else {"Content-Type": "application/json"}
    return Request(
        method=method,
        url=url,
        headers={"Accept": "application/json", **content, **(headers or {})},
        body=None if payload is None else json.dumps(payload).encode("ascii"),
    )


def limited(request: Request, seconds: float) -> Request:
    """Return ``request`` with a limit of its own."""
    return replace(request, limit_seconds=seconds)


def unexpected(reply: Reply, why: str) -> UnexpectedReply:
    """Describe a reply without quoting it: bodies may carry tokens."""
    return UnexpectedReply(f"HTTP {reply.status}: {why}")


def host_of(url: str) -> str:
    """Return the host of ``url``, with its port where it names one, for messages."""
    return urlsplit(url).netloc.rpartition("@")[2]


def is_loopback(host: str) -> bool:
    """Say whether ``host`` is this computer: 127.0.0.0/8, ``::1`` or ``localhost``."""
    return host in ("localhost", "::1") or (
        host.startswith("127.") and host.count(".") == 3 and host.replace(".", "").isdecimal()
    )


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")  # RFC 8259 section 6


def _deeper_than(value: object, limit: int) -> bool:
    level: list[object] = [value]
    for _ in range(limit):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return False
    return True


def _children(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
