"""Names of requests, the metrics' labels, and tracebacks without text."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from keyturn.server.operating import request_id
from keyturn.server.operating.log import JsonLines, TextLines
from keyturn.server.operating.metrics import Metrics, serve
from keyturn.server.settings import SettingsProblem, load
from tests.server.in_process_ import InProcess

MADE_UP = "made-up-by-somebody"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[InProcess]:
    server = InProcess(tmp_path / "data", trusted_proxies="10.0.0.1")
    yield server
    server.close()


def asked(server: InProcess, ip: str, *names: str) -> str:
    headers = [("x-request-id", name) for name in names]
    return str(server.get("/health", ip=ip, headers=headers).headers["x-request-id"])


@pytest.mark.proves("S-62")
def test_a_request_is_named_by_the_server_and_by_a_trusted_proxy_alone(server: InProcess) -> None:
    assert asked(server, "203.0.113.7", MADE_UP) != MADE_UP
    assert asked(server, "203.0.113.7") != asked(server, "203.0.113.7")
    assert asked(server, "10.0.0.1", MADE_UP) == MADE_UP


@pytest.mark.parametrize("name", ["short", "a" * 65, "has space here", "line%0abreak"])
def test_even_a_trusted_proxy_names_nothing_that_is_no_name(server: InProcess, name: str) -> None:
    assert asked(server, "10.0.0.1", name) != name


def test_two_names_are_none(server: InProcess) -> None:
    assert asked(server, "10.0.0.1", MADE_UP, "another-name-1") not in (MADE_UP, "another-name-1")


def test_the_stack_api_shows_the_same_name_in_its_own_header_and_no_other(
    server: InProcess,
) -> None:
    answer = server.get(
        "/api/v1/projects/current", ip="10.0.0.1", headers={"x-request-id": MADE_UP}
    )
    assert "x-request-id" not in answer.headers
    assert answer.headers["x-stack-request-id"] == MADE_UP


@pytest.mark.proves("T-11")
def test_no_label_holds_what_a_caller_can_choose(server: InProcess) -> None:
    metrics = server.app.state.metrics = Metrics()
    for number in range(20):
        server.get(f"/made-up-{number}?code=canary")
        server.get(f"/p/made-up-{number}/sign-in")
        server.request(f"MADEUP{number}", "/oauth/token")
        server.get(f"/api/v1/users/made-up-{number}")
    told = generate_latest(metrics.registry).decode()
    assert "made-up" not in told.lower()
    assert "MADEUP" not in told
    assert "canary" not in told
    assert 'keyturn_requests_total{method="other",route="/oauth/token",status="405"} 20.0' in told
    assert 'route="/api/v1/users/{user_id}"' in told
    assert "keyturn_requests_in_progress 0.0" in told


def test_metrics_are_served_at_their_own_address_and_not_beside_the_pages(
    server: InProcess,
) -> None:
    metrics = server.app.state.metrics = Metrics()
    assert server.get("/metrics").status_code == 404
    stop = serve(metrics.registry, "127.0.0.1:0")
    stop()


@pytest.mark.parametrize("address", ["9102", ":9102", "127.0.0.1", "127.0.0.1:http", "h:70000"])
def test_an_address_for_metrics_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(SettingsProblem, match=r"^metrics: "):
        load(environ={"KEYTURN_METRICS": address})


@pytest.mark.proves("T-9")
@pytest.mark.parametrize("formatter", [TextLines("%(message)s"), JsonLines()])
def test_a_traceback_in_the_log_has_frames_and_type_and_no_text(
    formatter: logging.Formatter,
) -> None:
    typed = "can" + "ary"
    try:
        raise ValueError(typed)
    except ValueError as error:
        found = (type(error), error, error.__traceback__)
    record = logging.LogRecord("x", logging.ERROR, "f", 1, "it %s", ("broke",), found)
    line = formatter.format(record)
    assert "it broke" in line
    assert "ValueError" in line
    assert "test_watching.py" in line
    assert "canary" not in line


def test_outside_a_request_there_is_no_name() -> None:
    assert request_id.current() is None
