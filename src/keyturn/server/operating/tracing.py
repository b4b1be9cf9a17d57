"""OpenTelemetry: one span for each request, where the program that runs us has set up an SDK.

A span says what metrics and log say: method, declared route, status, the request's name. Never an
address as it was asked for, a header or an exception's text, any of which may hold a secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.server.http.origin import is_trusted
from keyturn.server.operating import request_id
from keyturn.server.operating.watch import METHODS, OTHER, routes_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.context import Context
    from opentelemetry.trace import Span
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from keyturn.server.settings import Settings

# Of W3C Trace Context: who sends them decides which trace a span belongs to.
_CONTEXT_HEADERS = frozenset({b"traceparent", b"tracestate"})
_SERVER_ERROR = 500


def traced(app: ASGIApp, settings: Settings) -> ASGIApp:
    """Return the app with a span around each request, or as it is where nobody collects any."""
    try:
        from opentelemetry import trace
    except ImportError:  # without the extra "otel"
        return app
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return app
    return Traced(app, settings)


class Traced:
    """Makes a span for each request. An ASGI middleware."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        from opentelemetry import propagate, trace

        self._app, self._proxies = app, settings.trusted_proxies
        self._tracer, self._kind = trace.get_tracer("keyturn"), trace.SpanKind.SERVER
        self._error = trace.Status(trace.StatusCode.ERROR)
        self._extract = propagate.extract
        self._routes: dict[Any, str] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the app."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        method = scope["method"] if scope["method"] in METHODS else OTHER
        with self._tracer.start_as_current_span(
            method,
            context=self._context(scope),
            kind=self._kind,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                await self._app(scope, receive, sending)
            finally:
                self._describe(span, scope, method, status)

    def _describe(self, span: Span, scope: Scope, method: str, status: int) -> None:
        if self._routes is None:
            self._routes = routes_of(scope["app"])
        route = self._routes.get(scope.get("endpoint"), OTHER)
        span.update_name(f"{method} {route}")
        span.set_attribute("http.request.method", method)
        span.set_attribute("http.route", route)
        span.set_attribute("keyturn.request_id", request_id.current() or "")
        if status:
            span.set_attribute("http.response.status_code", status)
        if not status or status >= _SERVER_ERROR:
            span.set_status(self._error)

    def _context(self, scope: Scope) -> Context | None:
        """Return the trace that a trusted proxy has begun; a stranger's word begins none."""
        peer = scope.get("client")
        if not peer or not is_trusted(peer[0], self._proxies):
            return None
        carrier: Mapping[str, str] = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in scope["headers"]
            if name in _CONTEXT_HEADERS
        }
        return self._extract(carrier)
