"""Serves an ASGI app over real HTTP on a free loopback port, for as long as a test needs it."""

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import uvicorn
from starlette.types import ASGIApp

from keyturn.server.pages.assets import FindBrand
from keyturn.server.pages.brand import Brand


def only(brand: Brand) -> FindBrand:
    """Return what finds that one brand and no other."""

    async def find(slug: str) -> Brand | None:
        return brand if slug == brand.slug else None

    return find


@contextmanager
def served(app: ASGIApp, *, host: str = "127.0.0.1") -> Iterator[str]:
    """Yield the base URL of ``app``, answering in a thread of its own."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, 0), family=family)
    config = uvicorn.Config(app, log_level="error", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        named = f"[{host}]" if ":" in host else host
        yield f"http://{named}:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def get(url: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    """Return the answer to a GET and its body; ``if_none_match`` sends ``If-None-Match``."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request("GET", url.removeprefix(f"http://{parts.netloc}"), headers=named)
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()
