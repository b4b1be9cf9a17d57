"""The same calls for asyncio. Each runs in a worker thread and may be cancelled at any moment.

Cancelling ``login`` ends the sign-in before the cancellation goes on: its port is closed, nothing
is stored, and what the server may have granted in the meantime is revoked. Every other call is left
to run to its end in its thread, where nobody waits for it: a grant that was sent is stored by
whoever sent it, and its locks are released. So there is no moment at which a session is lost.

Only asyncio of the standard library is used, and with it anyio on asyncio.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from keyturn.client import auth as blocking
from keyturn.client import has_record, valid_token
from keyturn.client.login.base import Options
from keyturn.client.signin import login

if TYPE_CHECKING:
    from collections.abc import Callable

    from keyturn.client.adapters.httpx_auth import HttpxAuth
    from keyturn.client.config import Identify, StackProject
    from keyturn.client.doctor.findings import Finding
    from keyturn.client.effects import Effects
    from keyturn.client.legacy import LegacyStore
    from keyturn.client.login.base import LoginEvent, LoginOutcome
    from keyturn.client.migrate import MigrationOutcome
    from keyturn.client.provider import Provider
    from keyturn.client.session import LogoutOutcome, SessionInfo
    from keyturn.client.stores.base import SessionStore
    from keyturn.client.stores.raw import RawTokenStore

T = TypeVar("T")


class Auth:
    """Sign-in for one program, for code that runs on asyncio. Constructing it does no I/O.

    Takes what ``keyturn.Auth`` takes, and raises what that raises, here and in every call.
    ``identify=`` is called on a worker thread.

    Attributes:
        blocking: The ``keyturn.Auth`` that does the work: for ``attach_click`` and its like.
    """

    def __init__(
        self,
        name: str,
        *,
        issuer: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        stack: StackProject | None = None,
        provider: Provider | None = None,
        scope: str | None = None,
        storage: str = "auto",
        home: str | None = None,
        program: str | None = None,
        effects: Effects | None = None,
        identify: Identify | None = None,
        legacy: LegacyStore | None = None,
        store: SessionStore | RawTokenStore | None = None,
    ) -> None:
        self.blocking: blocking.Auth = blocking.Auth(
            name,
            issuer=issuer,
            client_id=client_id,
            client_secret=client_secret,
            stack=stack,
            provider=provider,
            scope=scope,
            storage=storage,
            home=home,
            program=program,
            effects=effects,
            identify=identify,
            legacy=legacy,
            store=store,
        )

    @classmethod
    def of(cls, auth: blocking.Auth) -> Auth:
        """Return the awaitable calls of a ``keyturn.Auth`` that is there already."""
        new = cls.__new__(cls)
        new.blocking = auth
        return new

    async def token(self, *, account: str | None = None) -> str:
        """Return an access token that can be used now; see ``keyturn.Auth.token``.

        A stored token that is valid is read without a thread: one small file, no lock.
        """
        auth = self.blocking
        found = valid_token(auth, account, auth._now())
        if found is not None:
            return found
        return await asyncio.to_thread(auth.token, account=account)

    async def token_instead_of(self, rejected: str, *, account: str | None = None) -> str:
        """Return another token after a 401; see ``keyturn.Auth.token_instead_of``."""
        return await asyncio.to_thread(self.blocking.token_instead_of, rejected, account=account)

    async def refresh(self, *, account: str | None = None) -> SessionInfo:
        """Renew the session now; see ``keyturn.Auth.refresh``."""
        return await asyncio.to_thread(self.blocking.refresh, account=account)

    async def has_session(self) -> bool:
        """Say whether any session is stored here; see ``keyturn.Auth.has_session``."""
        return bool(has_record(self.blocking)) or await asyncio.to_thread(self.blocking.has_session)

    async def session(self, *, account: str | None = None) -> SessionInfo | None:
        """Return what the store knows of a session; see ``keyturn.Auth.session``."""
        return await asyncio.to_thread(self.blocking.session, account=account)

    async def sessions(self) -> list[SessionInfo]:
        """Return every session, the default first; see ``keyturn.Auth.sessions``."""
        return await asyncio.to_thread(self.blocking.sessions)

    async def switch(self, account: str) -> SessionInfo:
        """Make ``account`` the default; see ``keyturn.Auth.switch``."""
        return await asyncio.to_thread(self.blocking.switch, account)

    def env_token_name(self) -> str:
        """Return the name of the variable whose token wins over the store: ``ACME_TOKEN``."""
        return self.blocking.env_token_name()

    def env_token_set(self) -> bool:
        """Say whether that variable holds a token now."""
        return self.blocking.env_token_set()

    async def login(
        self,
        *,
        method: str = "auto",
        open_browser: bool = True,
        scope: str | None = None,
        port: int = 0,
        force: bool = False,
        storage: str | None = None,
        on_event: Callable[[LoginEvent], None] | None = None,
    ) -> LoginOutcome:
        """Sign a person in and store the session; see ``keyturn.Auth.login``.

        ``on_event`` is called on the event loop's thread, in order, and what it raises ends the
        sign-in. Cancelled, this waits until the sign-in has ended: about a second, or as long as
        an exchange with the server that has begun may take. A session that was stored just before
        the cancellation stays stored.
        """
        auth = self.blocking
        options = Options(
            method=method,
            open_browser=open_browser,
            scope=scope or auth._scope,
            port=port,
            force=force,
            storage=storage or auth._storage,
        )
        attempt = _Attempt(asyncio.get_running_loop(), on_event)
        options = replace(options, check=attempt.check)
        return await attempt.run(lambda: login(auth._runtime(), options, attempt.say))

    async def login_with_token(self, token: str) -> LoginOutcome:
        """Store an access token brought along; see ``keyturn.Auth.login_with_token``."""
        return await asyncio.to_thread(self.blocking.login_with_token, token)

    async def anonymous(self) -> SessionInfo:
        """Start a session without a person; see ``keyturn.Auth.anonymous``."""
        return await asyncio.to_thread(self.blocking.anonymous)

    async def logout(self, *, account: str | None = None) -> LogoutOutcome:
        """Revoke the session and forget it; see ``keyturn.Auth.logout``."""
        return await asyncio.to_thread(self.blocking.logout, account=account)

    async def userinfo(self, *, account: str | None = None) -> dict[str, object]:
        """Ask the server who this session belongs to; see ``keyturn.Auth.userinfo``."""
        return await asyncio.to_thread(self.blocking.userinfo, account=account)

    async def migrate(self, legacy: LegacyStore | None = None) -> MigrationOutcome:
        """Take over an older version's token; see ``keyturn.Auth.migrate``."""
        return await asyncio.to_thread(self.blocking.migrate, legacy)

    async def doctor(self, *, account: str | None = None) -> list[Finding]:
        """Check whatever a sign-in depends on here; see ``keyturn.Auth.doctor``."""
        return await asyncio.to_thread(self.blocking.doctor, account=account)

    def httpx(self, *, origin: str | None = None, account: str | None = None) -> HttpxAuth:
        """Return an auth object for ``httpx.AsyncClient``; see ``keyturn.Auth.httpx``."""
        return self.blocking.httpx(origin=origin, account=account)

    def trace(self, listener: Callable[[str], None] | None) -> None:
        """Have ``listener`` told, on worker threads, what happens; see ``keyturn.Auth.trace``."""
        self.blocking.trace(listener)


class _Stopped(BaseException):
    """Nobody waits for this sign-in any more. No Exception, so that nothing on the way takes it."""


class _Attempt:
    """One sign-in on a worker thread, and the way to end it from the event loop."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        listener: Callable[[LoginEvent], None] | None,
    ) -> None:
        self._loop = loop
        self._listener = listener
        self._stopped = threading.Event()
        self._failure: BaseException | None = None

    def check(self) -> None:
        """End the sign-in where it should end. Called on the worker thread."""
        if self._stopped.is_set():
            raise _Stopped

    def say(self, event: LoginEvent) -> None:
        """Hand an event over to the event loop. Called on the worker thread."""
        # Not waited for: a loop that has stopped would keep the thread for ever.
        if self._listener is not None:
            self._loop.call_soon_threadsafe(self._deliver, self._listener, event)

    async def run(self, work: Callable[[], T]) -> T:
        """Return what ``work`` does, or raise what it, the listener or the canceller raised."""
        context = contextvars.copy_context()
        running = self._loop.run_in_executor(None, context.run, work)
        running.add_done_callback(_look_at)
        try:
            await asyncio.wait((running,))
        except asyncio.CancelledError:
            self._stopped.set()
            await _end_of(running)
            raise
        if self._failure is not None:
            raise self._failure
        return running.result()

    def _deliver(self, listener: Callable[[LoginEvent], None], event: LoginEvent) -> None:
        if self._stopped.is_set():
            return
        try:
            listener(event)
        except BaseException as error:
            self._failure = error
            self._stopped.set()


async def _end_of(running: asyncio.Future[T]) -> None:
    """Wait until the thread is done, however often that is cancelled: anyio does so at every turn.

    It looks at the stop once a second and has a time limit on all else, so this ends by itself.
    """
    while not running.done():
        try:
            await asyncio.wait((running,))
        except asyncio.CancelledError:
            continue


def _look_at(done: asyncio.Future[T]) -> None:
    """Take note of how it ended, so that asyncio does not report an exception nobody asked for."""
    if not done.cancelled():
        done.exception()
