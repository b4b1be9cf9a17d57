"""The real server and both forms of the SDK against it, so that a test is written once.

The server runs in a thread of its own. The blocking form reaches it over a served port; the
awaitable one in process, on the server's own event loop (and in full runs the other way round,
too). A test's body is a coroutine function
that says ``await done(...)`` of every call, which in the blocking form has been made by then.
"""

import asyncio
import inspect
import socket
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar, overload
from uuid import uuid4

import httpx2
import uvicorn

from keyturn.sdk import Async, Page, StackClientApp, StackServerApp
from keyturn.sdk.token_store import MemoryTokenStore
from keyturn.server.projects.rules import Project, ProjectConfig
from keyturn.server.projects.service import ProjectKeys
from tests.server.in_process_ import InProcess
from tests.server.mail.test_sending import outbox
from tests.server.stack.mailbox_ import code_in

R = TypeVar("R")

PASSWORD = "correct horse battery"
LONGEST_TEST_SECONDS = 60


class Stage:
    """One started server, for both forms."""

    def __init__(self, data: Path, **settings: Any) -> None:
        self._data, self._settings = data, settings
        self._started: Future[None] = Future()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self._started.result(timeout=LONGEST_TEST_SECONDS)

    def _serve(self) -> None:
        try:
            self.server = InProcess(self._data, rate_limits="off", **self._settings)
            listening = socket.create_server(("127.0.0.1", 0))
            self.port: int = listening.getsockname()[1]
            config = uvicorn.Config(self.server.app, lifespan="off", log_level="error")
            self._uvicorn = uvicorn.Server(config)
            self.server.run(self._until_told(listening))
            self.server.close()
        except BaseException as error:
            if self._started.done():
                raise
            self._started.set_exception(error)

    async def _until_told(self, listening: socket.socket) -> None:
        self._loop = asyncio.get_running_loop()
        self._started.set_result(None)
        await self._uvicorn.serve(sockets=[listening])

    def close(self) -> None:
        self._uvicorn.should_exit = True
        self._thread.join(timeout=LONGEST_TEST_SECONDS)

    def run(self, work: Coroutine[Any, Any, R]) -> R:
        """Run a coroutine in the server's event loop and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(LONGEST_TEST_SECONDS)

    def project(self, **config: Any) -> "StagedProject":
        """Make a project of its own."""
        services = self.server.services
        made = self.run(services.projects.create("Engines", config=ProjectConfig(**config)))
        return StagedProject(self, *made)


class StagedProject:
    """A project and its keys."""

    def __init__(self, stage: Stage, project: Project, keys: ProjectKeys) -> None:
        self.stage, self.project, self.keys = stage, project, keys

    @property
    def id(self) -> str:
        return self.project.id


class Form:
    """One form of the SDK against one stage."""

    def __init__(self, stage: Stage, *, awaitable: bool, served: bool | None = None) -> None:
        """Take a stage; ``served``: over its port, else in process, as is usual for the form."""
        self.stage = stage
        self.awaitable = awaitable
        self.served = not awaitable if served is None else served
        self._apps: list[Any] = []
        self._clients: list[Any] = []

    def client(self, project: StagedProject, **options: Any) -> Any:
        """Return a client app with a token store of its own, unless it is given one."""
        given = {"token_store": MemoryTokenStore(), **options}
        return self._app(StackClientApp, StackClientApp[Async], project, **given)

    def server(self, project: StagedProject, **options: Any) -> Any:
        """Return a server app."""
        given = {"secret_server_key": project.keys.secret_server_key, **options}
        return self._app(StackServerApp, StackServerApp[Async], project, **given)

    def _app(self, blocking: Any, awaitable: Any, project: StagedProject, **options: Any) -> Any:
        given = {
            "project_id": project.id,
            "publishable_client_key": project.keys.publishable_client_key,
            "base_url": f"http://127.0.0.1:{self.stage.port}",
            **options,
        }
        if not self.served:
            given = {"http_client": self._in_process(), **given}
        app = (awaitable if self.awaitable else blocking)(**given)
        self._apps.append(app)
        return app

    def _in_process(self) -> Any:
        transport = httpx2.ASGITransport(app=self.stage.server.app)
        if self.awaitable:
            client: Any = httpx2.AsyncClient(transport=transport)
        else:
            client = httpx2.Client(transport=Handed(self.stage, transport))
        self._clients.append(client)
        return client

    def play(self, body: Callable[[], Coroutine[Any, Any, R]]) -> R:
        """Run a test's body in this form, and close what it opened."""

        async def whole() -> R:
            try:
                return await body()
            finally:
                for each in self._apps:
                    await done(each.close())
                for each in self._clients:
                    await done(each.aclose() if self.awaitable else each.close())

        if self.awaitable and not self.served:
            return self.stage.run(whole())
        return asyncio.run(whole())


class Handed(httpx2.BaseTransport):
    """Hands a blocking client's requests to the server in process, on its own event loop."""

    def __init__(self, stage: Stage, transport: httpx2.ASGITransport) -> None:
        self._stage, self._transport = stage, transport

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request and return its whole answer."""

        async def send() -> httpx2.Response:
            answer = await self._transport.handle_async_request(request)
            content = await answer.aread()
            return httpx2.Response(answer.status_code, headers=answer.headers, content=content)

        return self._stage.run(send())


@overload
async def done(value: Awaitable[R]) -> R: ...
@overload
async def done(value: R) -> R: ...
async def done(value: Any) -> Any:
    """Return what a call brought, in either form."""
    return await value if inspect.isawaitable(value) else value


async def collected(listed: Any) -> list[Any]:
    """Return the items of all pages of a listing, in either form."""
    return list(listed) if isinstance(listed, Page) else [item async for item in listed]


async def page_of(listed: Any) -> Any:
    """Return the first page of a listing, in either form."""
    return await done(listed)


def new_email() -> str:
    return f"{uuid4().hex[:12]}@example.com"


async def signed_up(form: Form, project: StagedProject, email: str | None = None) -> Any:
    """Sign somebody up; return the app whose session that is."""
    app = form.client(project)
    await done(app.sign_up_with_credential(email=email or new_email(), password=PASSWORD))
    return app


async def on_server(form: Form, work: Coroutine[Any, Any, R]) -> R:
    """Run a coroutine in the server's event loop, from a test's body in either form."""
    loop = form.stage._loop
    if asyncio.get_running_loop() is loop:
        return await work
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, loop))


async def mailed_code(form: Form, address: str) -> str:
    """Return the code in the newest mail to ``address``."""
    server = form.stage.server
    await on_server(form, server.services.mail.drain())
    mails = [mail for mail in outbox(server.settings.data) if mail["To"] == address]
    return code_in(mails[-1])


async def verified(form: Form, project: StagedProject) -> Any:
    """Return an app that somebody is signed in to whose address is known to be theirs."""
    email = new_email()
    made = await done(
        form.server(project).create_user(primary_email=email, primary_email_verified=True)
    )
    session = await done(made.create_session())
    return form.client(project, token_store=session.get_tokens())
