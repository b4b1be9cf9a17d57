"""A server that misbehaves as told, reached through a real HTTP client; and a clock to look at."""

import asyncio
import base64
import inspect
import json
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import httpx2

from keyturn.sdk import Async, StackClientApp

R = TypeVar("R")

BASE_URL = "https://api.example"
NOW = 1_795_000_000.0
USER: dict[str, Any] = {
    "id": "u1", "display_name": "Ada", "primary_email": None, "primary_email_verified": False,
    "profile_image_url": None, "signed_up_at_millis": 0, "client_metadata": None,
    "client_read_only_metadata": None, "has_password": True, "otp_auth_enabled": False,
    "oauth_providers": [], "selected_team": None,
}  # fmt: skip
PROJECT: dict[str, Any] = {
    "id": "p", "display_name": "P", "config": {
        "sign_up_enabled": True, "credential_enabled": True, "magic_link_enabled": True,
        "oauth_providers": [], "client_team_creation_enabled": False,
        "client_user_deletion_enabled": False,
    },
}  # fmt: skip

Answer = httpx2.Response | Exception
Answering = Callable[[httpx2.Request], Answer]


def known_error(code: str, *, status: int = 400, family: str = "stack") -> httpx2.Response:
    """Answer as servers do that were asked to override an error's status."""
    return httpx2.Response(
        200,
        headers={f"x-{family}-known-error": code, f"x-{family}-actual-status": str(status)},
        json={"code": code, "error": f"about {code}", "details": {"because": "of that"}},
    )


def token(*, issued_at: float = NOW, lasts: float = 600, name: str = "a") -> str:
    """Return an access token as far as a client reads it."""
    claims = {"sub": "u1", "iat": issued_at, "exp": issued_at + lasts, "name": name}
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{body}.sig"


def renewed(access: str, **more: Any) -> httpx2.Response:
    """Answer a refresh grant."""
    return httpx2.Response(200, json={"access_token": access, "token_type": "Bearer", **more})


class SetClock:
    """Stands still until a pause or a test moves it."""

    def __init__(self) -> None:
        self.moved = 0.0
        self.pauses: list[float] = []

    def now(self) -> float:
        return NOW + self.moved

    def monotonic(self) -> float:
        return self.moved

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.moved += seconds

    async def sleep_async(self, seconds: float) -> None:
        self.sleep(seconds)
        await asyncio.sleep(0)


class Fake:
    """Answers each request as ``answering`` says, and remembers them."""

    def __init__(self, *, awaitable: bool) -> None:
        self.awaitable = awaitable
        self.clock = SetClock()
        self.requests: list[httpx2.Request] = []
        self.answering: Answering = lambda request: httpx2.Response(200, json=PROJECT)

    def answers(self, *answers: Answer) -> None:
        """Answer the next requests with these, one by one; the last one for ever."""
        left = list(answers)
        self.answering = lambda request: left.pop(0) if len(left) > 1 else left[0]

    def app(self, tokens: Any = None, **options: Any) -> Any:
        """Return a client app of that server."""
        given = {
            "project_id": "p",
            "base_url": BASE_URL,
            "token_store": tokens,
            "clock": self.clock,
            **options,
        }
        if self.awaitable:
            async_client = httpx2.AsyncClient(transport=httpx2.MockTransport(self._answer_async))
            return StackClientApp[Async](**{"http_client": async_client, **given})
        client = httpx2.Client(transport=httpx2.MockTransport(self._answer))
        return StackClientApp(http_client=client, **given)

    def sent(self, path: str) -> list[httpx2.Request]:
        """Return the requests for a path of the API."""
        return [r for r in self.requests if r.url.path == f"/api/v1{path}"]

    def play(self, body: Callable[[], Coroutine[Any, Any, R]]) -> R:
        return asyncio.run(body())

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answer = self.answering(request)
        if isinstance(answer, Exception):
            raise answer
        # A response is read once; tests give the same one to several requests.
        return httpx2.Response(answer.status_code, headers=answer.headers, content=answer.content)

    async def _answer_async(self, request: httpx2.Request) -> httpx2.Response:
        await asyncio.sleep(0)  # so that others get their turn, as on a network
        return self._answer(request)


async def done(value: Any) -> Any:
    """Return what a call brought, in either form."""
    return await value if inspect.isawaitable(value) else value
