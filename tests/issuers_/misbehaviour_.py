"""Answers of servers as they are, which say nothing about the session they were asked about.

Also a proxy, and a JWT that nobody will verify.
"""

import base64
import gzip
import json
import socket
import threading
import zlib
from collections.abc import Callable

from tests.issuers_.http_ import Answer, as_json

PAGE = {"Content-Type": "text/html; charset=utf-8"}


def _encoded(body: bytes, encoding: str) -> Answer:
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
    return Answer(200, body, headers)


def _raw(head: str, body: bytes = b"") -> Answer:
    return Answer(raw=head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)


# What came instead of tokens. None of it ends a session: it is temporary, K-28.
BAD_DAYS: dict[str, Answer] = {
    "too many requests": as_json({"error": "slow_down"}, 429, **{"Retry-After": "5"}),
    "a broken server": Answer(500),
    "a bad gateway's page": Answer(502, b"<html>Bad gateway</html>", PAGE),
    "a server that is being mended": as_json({"error": "temporarily_unavailable"}, 503),
    "a gateway that gave up": Answer(504),
    "a hotel's welcome": Answer(200, b"<html>Welcome! Accept our terms.</html>", PAGE),
    "a page that calls itself JSON": Answer(200, b"<html>", {"Content-Type": "application/json"}),
    "a filter's page": Answer(403, b"<html>Blocked by your organisation</html>", PAGE),
    "a page that is missing": Answer(404, b"<html>Not found</html>", PAGE),
    "a hotel's redirect": Answer(302, b"", {"Location": "http://portal.example/"}),
    "network authentication": Answer(511, b"<html>Sign in to the network</html>", PAGE),
    "nothing": Answer(200),
    "half a document": Answer(200, b'{"access_token": "a'),
    "an answer that breaks off": _raw("HTTP/1.1 200 OK\nContent-Length: 500", b'{"access_tok'),
    "a chunk that breaks off": _raw("HTTP/1.1 200 OK\nTransfer-Encoding: chunked", b"50\r\n{"),
    "a connection that is closed": Answer(raw=b""),
    "something that is no HTTP": Answer(raw=b"SSH-2.0-OpenSSH_9.2\r\n"),
    "a list": as_json(["access_token"]),
    "another document": as_json({"token": "a"}),
    "a token that is a number": as_json({"access_token": 7, "expires_in": 600}),
    "an empty token": as_json({"access_token": "  ", "expires_in": 600}),
    "a token with a line break": as_json({"access_token": "a\r\nX-Evil: 1"}),
    "no UTF-8": Answer(200, b'{"access_token": "\xff\xfe"}'),
    "no number": Answer(200, b'{"access_token": "a", "expires_in": NaN}'),
    "a deep document": Answer(200, b'{"a":' * 5000 + b"1" + b"}" * 5000),
    "a huge document": Answer(200, b'{"a":"' + b"x" * 1_100_000 + b'"}'),
    "a gzip bomb": _encoded(gzip.compress(b"[" * 50_000_000), "gzip"),
    "a deflate bomb": _encoded(zlib.compress(b" " * 50_000_000), "deflate"),
    "an encoding that nobody knows": _encoded(b"{}", "br"),
}

# Refusals that say nothing about the session: "sign in again", and it is kept, K-28.
REFUSALS: dict[str, Answer] = {
    "the client is unknown": as_json({"error": "invalid_client"}, 401),
    "the client may not": as_json({"error": "unauthorized_client"}, 400),
    "the request is not understood": as_json({"error": "invalid_request"}, 400),
    "the scope is too much": as_json({"error": "invalid_scope"}, 400),
    "forbidden": as_json({"error": "access_denied"}, 403),
}


def jwt(**claims: object) -> str:
    """Return a token with these claims; nobody here checks a signature."""
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"eyJhbGciOiJFUzI1NiJ9.{payload}.c2ln"


def proxy_talk(
    heads: list[bytes], *, allow: bool = True, target: int = 0
) -> Callable[[socket.socket, int], None]:
    """Return the talk of an HTTP proxy that connects to a port of this computer, or declines.

    Args:
        heads: Gets what each client sent first.
        allow: Whether it connects.
        target: The port, whatever host is asked for.
    """

    def talk(connection: socket.socket, number: int) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += connection.recv(1)
        heads.append(head)
        if not allow:
            connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", target)) as onward:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            threading.Thread(target=_pump, args=(onward, connection), daemon=True).start()
            _pump(connection, onward)

    return talk


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        return
