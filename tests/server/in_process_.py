"""The real server, in this process: the app with its lifespan, its database on disk, a set clock.

Tests stay blocking; ``run`` takes them into the server's event loop where several requests at once
are the point.
"""

import asyncio
import functools
import os
from collections.abc import Awaitable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import httpx2

from keyturn.server.accounts import store as accounts
from keyturn.server.accounts.rules import User
from keyturn.server.app import create_app, services_of
from keyturn.server.projects.rules import Project
from keyturn.server.services import Services
from keyturn.server.sessions.rules import Origin, Session
from keyturn.server.settings import Settings
from tests.postgres_ import shared

if TYPE_CHECKING:
    from fastapi import FastAPI

R = TypeVar("R")

BASE_URL = "http://127.0.0.1:8102"


class SetClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now_ms: int = 1_795_000_000_000) -> None:
        self.now = now_ms

    def now_ms(self) -> int:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += round(seconds * 1000)


class InProcess:
    """One started server; ``default`` is its project, ``keyturn-cli`` that project's client."""

    def __init__(
        self,
        data: Path,
        *,
        clock: SetClock | None = None,
        host: dict[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        """Start it; ``host`` is what an app around it passes to ``create_app``."""
        self.clock = clock or SetClock()
        if os.environ.get("KEYTURN_TEST_DATABASE") == "postgresql":
            settings.setdefault("database", _database_of(data))
        self.settings = Settings.model_validate({"data": data, "base_url": BASE_URL, **settings})
        self.app: FastAPI = create_app(self.settings, clock=self.clock, **(host or {}))
        self._runner = asyncio.Runner()
        self._lifespan = self.app.router.lifespan_context(self.app)
        self._runner.run(_awaited(self._lifespan.__aenter__()))
        if self.run(self.services.projects.find("default")) is None:
            self.run(self.services.projects.create_default())

    @property
    def services(self) -> Services:
        return services_of(self.app)

    @property
    def project(self) -> Project:
        found = self.run(self.services.projects.find("default"))
        assert found is not None
        return found

    def run(self, work: Coroutine[Any, Any, R]) -> R:
        """Run a coroutine in the server's event loop."""
        return self._runner.run(work)

    def client(self, *, ip: str = "127.0.0.1", **options: Any) -> httpx2.AsyncClient:
        """Return an awaitable client that appears to call from ``ip``."""
        transport = httpx2.ASGITransport(app=self.app, client=(ip, 50000))
        return httpx2.AsyncClient(transport=transport, base_url=BASE_URL, **options)

    def request(
        self, method: str, path: str, *, ip: str = "127.0.0.1", **options: Any
    ) -> httpx2.Response:
        """Send one request and return its answer; redirects are not followed."""

        async def send() -> httpx2.Response:
            async with self.client(ip=ip) as client:
                return await client.request(method, path, **options)

        return self.run(send())

    def get(self, path: str, **options: Any) -> httpx2.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx2.Response:
        return self.request("POST", path, **options)

    def person(self, email: str | None = None, *, project_id: str = "default") -> User:
        """Create an account without the cost of hashing a password."""
        address = email or f"{uuid4().hex[:12]}@example.com"
        user = self.run(
            self.services.storage.write(
                accounts.insert,
                str(uuid4()),
                project_id,
                now=self.clock.now,
                email=address,
                email_verified=True,
                display_name="Ada Lovelace",
            )
        )
        assert user is not None
        return user

    def browser(self, user: User) -> tuple[Session, str]:
        """Sign a browser in; return its session and the token of its cookie."""
        origin = Origin(ip="127.0.0.1", user_agent="Mozilla/5.0 (X11; Linux x86_64)")
        return self.run(
            self.services.sessions.begin_browser(
                project_id=user.project_id, user_id=user.id, origin=origin
            )
        )

    def close(self) -> None:
        """Stop the server as a shutdown does."""
        self._runner.run(_awaited(self._lifespan.__aexit__(None, None, None)))
        self._runner.close()


@functools.cache
def _database_of(data: Path) -> str:
    """Return the PostgreSQL database that goes with a data folder, also after a restart."""
    return shared().create_schema()


async def _awaited(work: Awaitable[R]) -> R:
    return await work
