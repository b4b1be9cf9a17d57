"""Spans for OpenTelemetry: what they say, and what they must not."""

from collections.abc import Callable, Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from keyturn.server.operating.tracing import Traced, traced
from tests.server.in_process_ import InProcess

SECRET = "a-secret-that-nobody-else-may-see"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
Start = Callable[..., InProcess]


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """Collect spans as a program does that has set up an SDK before it starts the server."""
    found, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(found))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    yield found
    provider.shutdown()


def spans(exporter: InMemorySpanExporter) -> list[ReadableSpan]:
    found = list(exporter.get_finished_spans())
    exporter.clear()
    return found


def test_a_span_names_route_and_status_and_holds_nothing_that_was_sent(
    exporter: InMemorySpanExporter, server: InProcess
) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": SECRET, "client_id": "keyturn-cli"}
    server.post("/oauth/token", data=form)
    server.get(f"/oauth/register/{SECRET}", headers={"authorization": f"Bearer {SECRET}"})
    server.get(f"/{SECRET}?code={SECRET}", headers={"cookie": SECRET, "user-agent": SECRET})
    found = spans(exporter)
    assert [span.name for span in found] == [
        "POST /oauth/token",
        "GET /oauth/register/{client_id}",
        "GET other",
    ]
    statuses = [(span.attributes or {})["http.response.status_code"] for span in found]
    assert statuses == [400, 401, 404]
    assert not any(SECRET in span.to_json() for span in found)


def test_a_span_carries_the_name_that_the_answer_carries(
    exporter: InMemorySpanExporter, server: InProcess
) -> None:
    answer = server.get("/oauth/jwks")
    [span] = spans(exporter)
    assert (span.attributes or {})["keyturn.request_id"] == answer.headers["x-request-id"]


def test_only_a_trusted_proxy_says_which_trace_a_request_belongs_to(
    exporter: InMemorySpanExporter, start_server: Start
) -> None:
    server = start_server(trusted_proxies=("127.0.0.1",))
    server.get("/health", headers=PARENT)
    server.get("/health", headers=PARENT, ip="192.0.2.1")
    of_proxy, of_stranger = spans(exporter)
    assert of_proxy.context is not None
    assert of_stranger.context is not None
    assert f"{of_proxy.context.trace_id:032x}" == TRACE
    assert f"{of_stranger.context.trace_id:032x}" != TRACE


def test_where_nobody_collects_spans_there_is_no_layer_for_them(server: InProcess) -> None:
    async def app(*_: object) -> None:
        """Answer nothing."""

    assert traced(app, server.settings) is app


def test_where_somebody_does_there_is(exporter: InMemorySpanExporter, server: InProcess) -> None:
    async def app(*_: object) -> None:
        """Answer nothing."""

    assert isinstance(traced(app, server.settings), Traced)
