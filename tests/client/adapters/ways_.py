"""One request through each library that has an adapter, and an API that takes some tokens only."""

import asyncio
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import httpx
import httpx2
import requests

from keyturn.client.auth import Auth
from tests.issuers_.http_ import Answer, Asked, LittleServer


@dataclass(frozen=True)
class Seen:
    """What came back, and the error that the library makes of a bad status."""

    status: int
    body: str
    error: Exception | None


Way = Callable[..., Seen]

# Made once: each client would read all certificates anew, for servers that have none.
TLS = ssl.create_default_context()


def _blocking(library: ModuleType) -> Way:
    def ask(auth: Auth, *urls: str, method: str = "GET", content: Any = None, **whose: Any) -> Seen:
        how = {"auth": auth.httpx(**whose), "follow_redirects": True, "verify": TLS}
        with library.Client(**how) as client:
            for url in urls:
                response = client.request(method, url, content=content)
        return _seen(response, library.HTTPStatusError)

    return ask


def _awaitable(library: ModuleType) -> Way:
    async def asked(
        auth: Auth, urls: tuple[str, ...], method: str, content: Any, whose: dict[str, Any]
    ) -> Seen:
        # The length is stated: the little server reads no chunks.
        headers = {"Content-Length": str(len(content))} if content else {}
        if hasattr(content, "__next__"):
            content = _async(content)
        how = {"auth": auth.httpx(**whose), "follow_redirects": True, "verify": TLS}
        async with library.AsyncClient(**how) as client:
            for url in urls:
                response = await client.request(method, url, content=content, headers=headers)
        return _seen(response, library.HTTPStatusError)

    def ask(auth: Auth, *urls: str, method: str = "GET", content: Any = None, **whose: Any) -> Seen:
        return asyncio.run(asked(auth, urls, method, content, whose))

    return ask


async def _async(parts: Iterator[bytes]) -> Any:
    for part in parts:
        yield part


def _with_requests(
    auth: Auth, *urls: str, method: str = "GET", content: Any = None, **whose: Any
) -> Seen:
    with requests.Session() as session:
        session.auth = auth.requests(**whose)
        for url in urls:
            response = session.request(method, url, data=content)
    return _seen(response, requests.HTTPError)


def _seen(response: Any, kind: type[Exception]) -> Seen:
    try:
        response.raise_for_status()
    except kind as error:
        return Seen(response.status_code, response.text, error)
    return Seen(response.status_code, response.text, None)


WAYS: dict[str, Way] = {
    "httpx2": _blocking(httpx2),
    "httpx2-async": _awaitable(httpx2),
    "httpx": _blocking(httpx),
    "httpx-async": _awaitable(httpx),
    "requests": _with_requests,
}


class Api(LittleServer):
    """Answers ``/things`` with what was sent, unless the token is one of ``refused``.

    Attributes:
        refused: Tokens that are answered with 401.
        redirects: Path to address: answered with 307, whatever the token.
    """

    def __init__(self) -> None:
        super().__init__()
        self.refused: set[str] = set()
        self.redirects: dict[str, str] = {}
        # Under a second name it is another origin, although the same port.
        self.other_name = self.url.replace("127.0.0.1", "localhost")

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        self.asked.append(asked)
        if asked.path in self.redirects:
            return Answer(307, b"", {"Location": self.redirects[asked.path]})
        if asked.path in self.routes:
            return self.routes[asked.path](asked)
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        return Answer(401 if not token or token in self.refused else 200, asked.body)

    def tokens(self) -> list[str | None]:
        """Return what each request carried, in order; ``None``: nothing."""
        headers = [asked.headers.get("authorization") for asked in self.asked]
        return [header and header.removeprefix("Bearer ") for header in headers]
