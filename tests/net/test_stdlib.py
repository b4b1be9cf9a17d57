"""The client's HTTP against servers that misbehave in every way a server can."""

import gzip
import os
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from keyturn.net.stdlib import Http
from keyturn.protocol.errors import ServerUnreachable, UnexpectedReply
from keyturn.protocol.wire import MAX_BODY_BYTES, Request, form_request
from tests.issuers_.certificates_ import Certificate, self_signed
from tests.issuers_.http_ import Answer, LittleServer, RawServer, as_json
from tests.issuers_.misbehaviour_ import proxy_talk


def make_http(environ: dict[str, str] | None = None, **options: object) -> Http:
    """Return an Http by the real clock, in an environment of its own."""
    return Http(
        monotonic=time.monotonic,
        sleep=time.sleep,
        environ=environ or {},
        user_agent="test/1",
        **options,  # type: ignore[arg-type]
    )


@pytest.fixture
def http() -> Iterator[Http]:
    """Yield an Http and close it."""
    with make_http() as made:
        yield made


def get(url: str, **changes: float) -> Request:
    """Return a GET."""
    return Request(method="GET", url=url, **changes)  # type: ignore[arg-type]


def raw(answer: bytes) -> Callable[[socket.socket, int], None]:
    """Return a talk that reads a request and sends ``answer``."""

    def talk(connection: socket.socket, number: int) -> None:
        connection.recv(65536)
        connection.sendall(answer)

    return talk


def test_a_whole_exchange_arrives_as_it_was_sent(http: Http) -> None:
    with LittleServer({"/x": lambda asked: as_json({"a": 1}, 201, Date="now")}) as server:
        reply = http.send(form_request(f"{server.url}/x?q=1", {"b": "2"}))
    (asked,) = server.asked
    assert (asked.method, asked.query, asked.form) == ("POST", {"q": "1"}, {"b": "2"})
    assert asked.headers["user-agent"] == "test/1"
    assert asked.headers["host"] == server.url.removeprefix("http://")
    assert asked.headers["accept-encoding"] == "identity"
    assert (reply.status, reply.json_object()) == (201, {"a": 1})
    assert reply.headers["content-type"] == "application/json"
    assert reply.at > reply.elapsed_seconds > 0


def test_one_connection_serves_a_whole_flow(http: Http) -> None:
    with LittleServer({"/x": lambda asked: as_json({})}) as server:
        for _ in range(5):
            http.send(get(f"{server.url}/x"))
        assert server.connections == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.proves("K-30")
def test_a_redirect_is_handed_back_and_never_followed(http: Http, status: int) -> None:
    with LittleServer() as thief:
        location = {"Location": f"{thief.url}/token"}
        with LittleServer({"/token": lambda asked: Answer(status, b"", location)}) as server:
            reply = http.send(form_request(f"{server.url}/token", {"refresh_token": "canary"}))
        assert reply.status == status
        assert thief.asked == []


@pytest.mark.proves("K-30")
@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b"x" * (MAX_BODY_BYTES + 9),
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * (MAX_BODY_BYTES + 9),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n200000\r\n" + b"x" * 0x200000,
    ],
    ids=["announced", "until close", "chunked"],
)
def test_a_huge_body_is_cut_off(http: Http, answer: bytes) -> None:
    with RawServer(raw(answer)) as server, pytest.raises(UnexpectedReply, match="too big"):
        http.send(get(server.url))


def encoded(body: bytes, encoding: str) -> Answer:
    """Return an answer with a content encoding nobody asked for."""
    return Answer(200, body, {"Content-Encoding": encoding})


@pytest.mark.proves("K-30")
@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (encoded(gzip.compress(b"\0" * 50_000_000), "gzip"), "too big"),
        (encoded(zlib.compress(b"\0" * 50_000_000), "deflate"), "too big"),
        (encoded(b"no gzip", "gzip"), "cannot be decompressed"),
        (encoded(gzip.compress(b"half" * 99)[:-9], "gzip"), "incomplete"),
        (encoded(b"x", "br"), "unknown way"),
    ],
    ids=["bomb", "zlib bomb", "garbage", "truncated", "unknown"],
)
def test_decompression_is_bounded(http: Http, answer: Answer, why: str) -> None:
    with (
        LittleServer({"/x": lambda asked: answer}) as server,
        pytest.raises(UnexpectedReply, match=why),
    ):
        http.send(get(f"{server.url}/x"))


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "identity", ""])
def test_a_modest_body_arrives_whatever_its_encoding(http: Http, encoding: str) -> None:
    body = b'{"a": 1}'
    if "gzip" in encoding:
        body = gzip.compress(body)
    elif encoding == "deflate":
        body = zlib.compress(body)
    with LittleServer({"/x": lambda asked: encoded(body, encoding)}) as server:
        assert http.send(get(f"{server.url}/x")).json_object() == {"a": 1}


@pytest.mark.proves("K-28")
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * 70_000 + b"\r\n\r\n",
    ],
    ids=lambda answer: repr(answer[:60]),
)
def test_an_answer_that_breaks_off_or_is_no_http_is_network_trouble(
    http: Http, answer: bytes
) -> None:
    with RawServer(raw(answer)) as server, pytest.raises(ServerUnreachable) as caught:
        http.send(get(server.url))
    assert caught.value.kind == "connection"


def trickle(connection: socket.socket, number: int) -> None:
    """Send a byte every 50 ms, for as long as anybody listens."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    stop = threading.Event()
    while not stop.wait(0.05):
        connection.sendall(b"x")


def silence(connection: socket.socket, number: int) -> None:
    """Say nothing until the other side gives up."""
    while connection.recv(65536):
        pass


@pytest.mark.proves("K-30")
@pytest.mark.parametrize("talk", [trickle, silence])
def test_the_time_for_a_whole_exchange_is_limited(
    http: Http, talk: Callable[[socket.socket, int], None]
) -> None:
    started = time.monotonic()
    with RawServer(talk) as server, pytest.raises(ServerUnreachable) as caught:
        http.send(get(server.url, limit_seconds=0.4))
    assert caught.value.kind == "timeout"
    assert str(caught.value).endswith("did not answer within 0.4 seconds.")
    assert time.monotonic() - started < 3


def test_a_held_answer_gets_its_time_on_top_and_the_wait_ticks() -> None:
    ticks: list[float] = []

    def hold(connection: socket.socket, number: int) -> None:
        connection.recv(65536)
        threading.Event().wait(1.3)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with make_http(on_tick=lambda: ticks.append(1)) as http, RawServer(hold) as server:
        reply = http.send(get(server.url, limit_seconds=0.5, hold_seconds=5))
    assert reply.status == 200
    assert reply.elapsed_seconds > 1.2
    assert len(ticks) == 1


def test_a_pause_lasts_and_ticks_on_the_clock_that_was_handed_in() -> None:
    now, ticks = [100.0], []

    def sleep(seconds: float) -> None:
        now[0] += seconds

    http = Http(
        monotonic=lambda: now[0],
        sleep=sleep,
        environ={},
        user_agent="test/1",
        on_tick=lambda: ticks.append(now[0]),
    )
    assert http.pause(2.5) == 102.5
    assert ticks == [101.0, 102.0, 102.5]
    assert http.pause(0) == 102.5


def test_nobody_listening_and_nobody_found_are_told_apart(http: Http) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ServerUnreachable, match="Nothing answers") as caught:
        http.send(get(f"http://127.0.0.1:{port}/"))
    assert caught.value.kind == "connection"
    for host in ("nobody.invalid", "a" * 64 + ".example"):
        with pytest.raises(ServerUnreachable, match="was found") as caught:
            http.send(get(f"http://{host}/"))
        assert caught.value.kind == "name"


@pytest.mark.proves("K-23")
def test_a_connection_that_the_server_closed_while_idle_is_not_used_again(http: Http) -> None:
    closed = threading.Event()

    def talk(connection: socket.socket, number: int) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % number)
        connection.shutdown(socket.SHUT_RDWR)
        closed.set()

    with RawServer(talk) as server:
        assert http.send(get(server.url)).body == b"0"
        closed.wait(5)
        assert http.send(get(server.url)).body == b"1"


@pytest.mark.proves("K-23")
def test_a_request_whose_answer_was_lost_is_not_sent_twice(http: Http) -> None:
    requests: list[bytes] = []

    def talk(connection: socket.socket, number: int) -> None:
        while data := connection.recv(65536):
            requests.append(data)
            if len(requests) == 2:
                return
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with RawServer(talk) as server:
        http.send(get(server.url))
        with pytest.raises(ServerUnreachable):
            http.send(form_request(server.url, {"refresh_token": "r1"}))
        assert len(requests) == 2


def test_what_happened_is_told_without_path_or_body() -> None:
    told: list[tuple[str, str, int | None]] = []

    def listen(method: str, host: str, status: int | None, seconds: float) -> None:
        told.append((method, host, status))

    with LittleServer() as server, make_http(on_exchange=listen) as http:
        http.send(get(f"{server.url}/secret"))
        host = server.url.removeprefix("http://")
        server.stop()
        http.close()
        with pytest.raises(ServerUnreachable):
            http.send(get(f"{server.url}/secret"))
    assert told == [("GET", host, 404), ("GET", host, None)]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Return a certificate for ``localhost`` that signs itself."""
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def tls_server(certificate: Certificate) -> Iterator[LittleServer]:
    """Yield a server that speaks TLS, as ``localhost``."""
    with LittleServer({"/": lambda asked: Answer()}, certificate=certificate) as server:
        yield server


@pytest.mark.proves("K-30")
def test_certificates_are_checked_and_ssl_cert_file_is_honoured(
    tls_server: LittleServer, certificate: Certificate
) -> None:
    url = f"https://localhost:{tls_server.port}/"
    with make_http({"SSL_CERT_FILE": str(certificate.path)}) as trusting:
        assert trusting.send(get(url)).status == 200
        assert trusting.send(get(url)).status == 200
    with make_http() as usual, pytest.raises(ServerUnreachable, match="was not accepted") as caught:
        usual.send(get(url))
    assert caught.value.kind == "tls"


@pytest.mark.proves("K-30")
def test_a_certificate_for_another_host_is_not_accepted(
    tls_server: LittleServer, certificate: Certificate
) -> None:
    with (
        make_http({"SSL_CERT_FILE": str(certificate.path)}) as http,
        pytest.raises(ServerUnreachable, match=r"certificate of 127\.0\.0\.1") as caught,
    ):
        http.send(get(f"https://127.0.0.1:{tls_server.port}/"))
    assert caught.value.kind == "tls"


def test_a_server_that_speaks_no_tls_and_a_missing_certificate_file_say_so(tmp_path: Path) -> None:
    with RawServer(raw(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        with make_http() as http, pytest.raises(ServerUnreachable, match="No secure connection"):
            http.send(get(f"https://localhost:{server.port}/"))
        missing = {"SSL_CERT_FILE": str(tmp_path / "missing.pem")}
        with make_http(missing) as http, pytest.raises(ServerUnreachable, match="SSL_CERT_FILE"):
            http.send(get(f"https://localhost:{server.port}/"))


@pytest.mark.proves("K-30")
def test_a_proxy_is_used_with_its_password_and_sees_no_more_than_host_and_port(
    tls_server: LittleServer, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A loopback host is never sent through a proxy, so the name is one that only the proxy knows.
    seen: list[bytes] = []
    with RawServer(proxy_talk(seen, allow=True, target=tls_server.port)) as proxy:
        environ = {
            "https_proxy": f"http://user:pass%20word@127.0.0.1:{proxy.port}",
            "SSL_CERT_FILE": str(certificate.path),
        }
        with make_http(environ) as http, pytest.raises(ServerUnreachable, match=r"id\.example"):
            http.send(get("https://id.example/secret-path"))
    assert seen == [
        b"CONNECT id.example:443 HTTP/1.1\r\nHost: id.example:443\r\n"
        b"Proxy-Authorization: Basic dXNlcjpwYXNzIHdvcmQ=\r\n\r\n"
    ]


@pytest.mark.proves("K-30")
def test_a_proxy_that_declines_is_named_without_its_password() -> None:
    with RawServer(proxy_talk([], allow=False, target=0)) as proxy:
        environ = {"HTTPS_PROXY": f"http://user:canary@127.0.0.1:{proxy.port}"}
        with make_http(environ) as http, pytest.raises(ServerUnreachable) as caught:
            http.send(get("https://id.example/"))
    assert caught.value.kind == "proxy"
    assert "refused to connect to id.example:443: 407" in str(caught.value)
    assert "canary" not in str(caught.value)


@pytest.mark.proves("K-30")
@pytest.mark.parametrize("host", ["127.0.0.1", "nobody.invalid"])
def test_a_proxy_that_is_not_there_is_named_and_not_the_server(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    environ = {"HTTPS_PROXY": f"http://user:canary@{host}:{port}"}
    with make_http(environ) as http, pytest.raises(ServerUnreachable) as caught:
        http.send(get("https://id.example/"))
    assert caught.value.kind == "proxy"
    assert str(caught.value) == f"The proxy {host}:{port} does not answer."


@pytest.mark.proves("K-30")
def test_the_verification_cannot_be_switched_off_by_the_environment(
    tls_server: LittleServer,
) -> None:
    environ = {"PYTHONHTTPSVERIFY": "0", "CURL_CA_BUNDLE": "", "SSL_CERT_FILE": ""}
    with make_http(environ) as http, pytest.raises(ServerUnreachable, match="was not accepted"):
        http.send(get(f"https://localhost:{tls_server.port}/"))
    assert "PYTHONHTTPSVERIFY" not in os.environ
