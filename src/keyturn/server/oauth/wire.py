"""The OAuth endpoints as plain ASGI apps: whatever happens becomes JSON that nobody caches."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from keyturn.server.accounts.passwords import Overloaded
from keyturn.server.http.exchange import rest
from keyturn.server.oauth.call import Call
from keyturn.server.oauth.errors import ClientGone, Refused, unavailable
from keyturn.server.storage.base import StorageUnavailable
from keyturn.server.waiting import Later

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

log: logging.Logger = logging.getLogger("keyturn.oauth")

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


Handler = Callable[[Call], Awaitable[Answer | Later[Answer]]]


class Endpoint:
    """An ASGI app that answers the methods it has handlers for, and preflights."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self._handlers = dict(handlers)
        if "GET" in handlers:
            self._handlers["HEAD"] = handlers["GET"]
        self._allow = ", ".join([*self._handlers, "OPTIONS"])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever goes wrong; whoever has hung up gets nothing."""
        try:
            answer = await self._asked(scope, receive)
            if isinstance(answer, Later):
                rest(receive)
                answer = await answer.answer()
        except ClientGone:
            return
        except Exception as error:
            answer = _failure(scope, error)
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


def _failure(scope: Scope, error: Exception) -> Answer:
    if isinstance(error, Refused):
        return refusal(error)
    if isinstance(error, (StorageUnavailable, Overloaded)):
        return refusal(unavailable())
    _log_surprise(scope, error)
    return refusal(Refused("server_error", "the server has failed; its log says how", 500))


def _log_surprise(scope: Scope, error: Exception) -> None:
    """Log where it happened, without the message, which may quote what must not be in a log."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    kind = type(error).__name__
    log.error("%s %s failed with %s\n%s", scope["method"], scope["path"], kind, frames)


def refusal(refused: Refused) -> Answer:
    """Return the error answer of RFC 6749 section 5.2."""
    body = {"error": refused.code, "error_description": refused.description}
    return Answer(body, refused.status, refused.headers)
