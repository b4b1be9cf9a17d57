"""One request to an OAuth endpoint, read only as far as its handler asks (server promise S-20).

Token requests are what a server does most, so no framework object is built for them.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from keyturn.server.http.body import has_hung_up, parse_json
from keyturn.server.http.errors import BodyUnreadable
from keyturn.server.http.exchange import has_arrived
from keyturn.server.http.origin import claimed_user_agent, client_ip, counted_ip
from keyturn.server.oauth import rules
from keyturn.server.oauth.errors import ClientGone, Refused, invalid_request
from keyturn.server.sessions.rules import Origin

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Receive, Scope

    from keyturn.server.services import Services

LARGEST_BODY = 64 * 1024
BODY_TIMEOUT_SECONDS = 15.0
FORM_TYPE = "application/x-www-form-urlencoded"
JSON_TYPE = "application/json"


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
