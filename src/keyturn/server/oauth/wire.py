"""HTTP for the OAuth endpoints, as plain ASGI: bounded forms in, JSON out, nothing cached.

Token requests are what a server does most, so no framework object is built for them.
"""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from keyturn.server.accounts.passwords import Overloaded
from keyturn.server.http.body import has_hung_up, parse_json
from keyturn.server.http.errors import BodyUnreadable
from keyturn.server.http.exchange import has_arrived, rest
from keyturn.server.http.origin import claimed_user_agent, client_ip, counted_ip
from keyturn.server.oauth import rules
from keyturn.server.oauth.errors import ClientGone, Refused, invalid_request, unavailable
from keyturn.server.sessions.rules import Origin
from keyturn.server.storage.base import StorageUnavailable
from keyturn.server.waiting import Later

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from keyturn.server.services import Services

log: logging.Logger = logging.getLogger("keyturn.oauth")

LARGEST_BODY = 64 * 1024
BODY_TIMEOUT_SECONDS = 15.0
FORM_TYPE = "application/x-www-form-urlencoded"
JSON_TYPE = "application/json"

_COMPACT = json.JSONEncoder(separators=(",", ":"))
_NO_STORE = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"))
_IS_JSON = (b"content-type", b"application/json")
# No credentials of a browser are ever looked at here, so any origin may ask (S-5).
_ALWAYS = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"Preference-Applied, Retry-After, WWW-Authenticate"),
    (b"x-content-type-options", b"nosniff"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One response: a JSON object, or nothing."""

    body: Mapping[str, Any] | None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class Call:
    """One request, read only as far as a handler asks."""

    __slots__ = ("_headers", "_receive", "_scope", "services")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._scope, self._receive = scope, receive
        self._headers: dict[bytes, list[str]] = {}
        for name, value in scope["headers"]:
            self._headers.setdefault(name, []).append(value.decode("latin-1"))
        self.services: Services = scope["app"].state.services

    @property
    def method(self) -> str:
        """How it was sent."""
        return str(self._scope["method"])

    def path_part(self, name: str) -> str:
        """Return the part of the path that the route calls ``name``."""
        return str(self._scope["path_params"][name])

    def headers(self, name: bytes) -> list[str]:
        """Return every value of a header; ``name`` is lower case."""
        return self._headers.get(name, [])

    def header(self, name: bytes) -> str | None:
        """Return a header's only value, or ``None``.

        Raises:
            Refused: it comes twice.
        """
        values = self.headers(name)
        if len(values) > 1:
            raise invalid_request("a header is given more than once")
        return values[0] if values else None

    def origin(self) -> Origin:
        """Return where the request came from."""
        agents = self.headers(b"user-agent")
        return Origin(ip=self.ip(), user_agent=claimed_user_agent(agents[0] if agents else None))

    def counted_ip(self) -> str | None:
        """Return the address that volume counts against, if it is one person's."""
        return counted_ip(Request(self._scope))

    def ip(self) -> str | None:
        """Return the address the request came from, as ``origin`` does."""
        peer = self._scope["client"]
        forwarded = ",".join(self.headers(b"x-forwarded-for")) or None
        trusted = self.services.settings.trusted_proxies
        return _client_ip(peer[0] if peer else None, forwarded, trusted)

    async def form(self) -> dict[str, str]:
        """Return the parameters of the body (server promise S-20).

        Raises:
            Refused: not a form, too large, too slow, or malformed.
        """
        kind = (self.header(b"content-type") or "").partition(";")[0]
        if kind.strip().lower() != FORM_TYPE:
            raise invalid_request("the body must be application/x-www-form-urlencoded")
        try:
            return rules.read_parameters(await self._body())
        except rules.Malformed as malformed:
            raise invalid_request(str(malformed)) from None

    async def json(self) -> dict[str, Any]:
        """Return the body, a JSON object (RFC 7591 section 3.1).

        Raises:
            Refused: not that, too large, too slow, or with a member twice.
        """
        kind = (self.header(b"content-type") or "").partition(";")[0]
        if kind.strip().lower() != JSON_TYPE:
            raise invalid_request("the body must be application/json")
        try:
            found = parse_json(await self._body())
        except BodyUnreadable as unreadable:
            raise invalid_request(unreadable.reason) from None
        if not isinstance(found, dict):
            raise invalid_request("the body must be a JSON object")
        return found

    @property
    def is_gone(self) -> Callable[[], Awaitable[bool]]:
        """Return what says whether whoever asked has hung up; it keeps nothing of the call."""
        return partial(has_hung_up, self._receive)

    async def _body(self) -> bytes:
        declared = self.header(b"content-length") or ""
        if declared.isdecimal() and int(declared[:12]) > LARGEST_BODY:
            raise _too_large()
        if has_arrived(self._receive):
            return await self._read()
        try:
            async with asyncio.timeout(BODY_TIMEOUT_SECONDS):
                return await self._read()
        except TimeoutError:
            raise Refused("invalid_request", "the body came too slowly", 408) from None

    async def _read(self) -> bytes:
        body, more = b"", True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            body += message.get("body", b"")
            if len(body) > LARGEST_BODY:
                raise _too_large()
            more = message.get("more_body", False)
        return body


def _too_large() -> Refused:
    return Refused("invalid_request", "the body is too large", 413)


# The same few proxies and callers ask again and again; reading an address costs as much as a query.
_client_ip = lru_cache(maxsize=4096)(client_ip)

Handler = Callable[[Call], Awaitable[Answer | Later[Answer]]]


class Endpoint:
    """An ASGI app that answers the methods it has handlers for, and preflights."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self._handlers = dict(handlers)
        if "GET" in handlers:
            self._handlers["HEAD"] = handlers["GET"]
        self._allow = ", ".join([*self._handlers, "OPTIONS"])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whoever has hung up gets nothing."""
        try:
            answer = await self._settled(scope, self._asked(scope, receive))
            if isinstance(answer, Later):
                rest(receive)
                answer = await self._settled(scope, answer.answer())
        except ClientGone:
            return
        assert isinstance(answer, Answer)  # noqa: S101 - who has waited does not wait again
        raw = [*_ALWAYS] if "Cache-Control" in answer.headers else [*_ALWAYS, *_NO_STORE]
        for name, value in answer.headers.items():
            raw.append((name.lower().encode("latin-1"), value.encode("latin-1")))
        body = b""
        if answer.body is not None:
            body = _COMPACT.encode(answer.body).encode()
            raw.append(_IS_JSON)
        if answer.status != 204:
            raw.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})
        await send(
            {"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body}
        )

    async def _asked(self, scope: Scope, receive: Receive) -> Answer | Later[Answer]:
        handler = self._handlers.get(scope["method"])
        if handler is not None:
            return await handler(Call(scope, receive))
        if scope["method"] == "OPTIONS":
            return self._preflight()
        raise Refused("invalid_request", "not a method of this endpoint", 405, self._allowed())

    async def _settled(
        self, scope: Scope, work: Awaitable[Answer | Later[Answer]]
    ) -> Answer | Later[Answer]:
        """Turn whatever goes wrong into an answer."""
        try:
            return await work
        except Refused as refused:
            return refusal(refused)
        except ClientGone:
            raise
        except (StorageUnavailable, Overloaded):
            return refusal(unavailable())
        except Exception as error:
            _log_surprise(scope, error)
            return refusal(Refused("server_error", "the server has failed; its log says how", 500))

    def _allowed(self) -> dict[str, str]:
        return {"Allow": self._allow}

    def _preflight(self) -> Answer:
        return Answer(
            None,
            204,
            {
                **self._allowed(),
                "Access-Control-Allow-Methods": self._allow,
                "Access-Control-Allow-Headers": "Authorization, Content-Type, Prefer",
                "Access-Control-Max-Age": "86400",
            },
        )


def _log_surprise(scope: Scope, error: Exception) -> None:
    """Log where it happened, without the message, which may quote what must not be in a log."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    kind = type(error).__name__
    log.error("%s %s failed with %s\n%s", scope["method"], scope["path"], kind, frames)


def refusal(refused: Refused) -> Answer:
    """Return the error answer of RFC 6749 section 5.2."""
    body = {"error": refused.code, "error_description": refused.description}
    return Answer(body, refused.status, refused.headers)
