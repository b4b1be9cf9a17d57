"""Knowing the users of the app around us: who asks, their row here, their browser's session."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keyturn.server.accounts import store as accounts
from keyturn.server.events import store as events
from keyturn.server.mounting.rules import HostUser, host_user, sign_in_address
from keyturn.server.sessions import store as sessions

if TYPE_CHECKING:
    from starlette.requests import Request

    from keyturn.server.accounts.rules import User
    from keyturn.server.clock import Clock
    from keyturn.server.storage.base import Storage, Work

Identified = HostUser | str | int | None
Identify = Callable[["Request"], Identified | Awaitable[Identified]]


class IdTaken(Exception):
    """Another project has a user of that id, so this project cannot have one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What the app around us told when it made this one.

    Attributes:
        identify: Says who a request comes from, by the app's own cookies or headers.
        sign_in_url: The app's sign-in page; see ``sign_in_address``.
        sign_out_url: The app's page for signing out; its sign-in page where there is none.
        project_id: The project whose users these are.
    """

    identify: Identify
    sign_in_url: str
    sign_out_url: str | None
    project_id: str

    async def user_of(self, request: Request) -> HostUser | None:
        """Return who asks. What ``identify`` raises is passed on."""
        answer = self.identify(request)
        return host_user(await answer if inspect.isawaitable(answer) else answer)

    def sign_in(self, come_back_to: str, *, fresh: bool = False) -> str:
        """Return where somebody signs in who was on the way to a path of ours."""
        return sign_in_address(self.sign_in_url, come_back_to, fresh=fresh)

    def sign_out(self, come_back_to: str) -> str:
        """Return where somebody goes who signed out here, or wants to be another."""
        return self.sign_out_url or self.sign_in(come_back_to)


class HostUsers:
    """Keeps a row for each of the host's users: sessions belong to it, policy is checked on it."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage, self._clock = storage, clock

    async def recognise(self, project_id: str, user: HostUser) -> User:
        """Return the account of a host's user, made or brought up to date.

        Raises:
            IdTaken: the id belongs to a user of another project.
        """
        known = await self._storage.read(accounts.by_id, project_id, user.id)
        if known is not None and _is_current(known, user):
            return known
        return await self._storage.write(self._recognise, project_id, user, self._clock.now_ms())

    def _recognise(self, project_id: str, user: HostUser, now: int) -> Work[User]:
        made = yield from accounts.insert_of_host(project_id, user.id, now=now)
        if made:
            yield from events.record(
                "account.created", now=now, project_id=project_id, user_id=user.id
            )
        found = yield from accounts.by_id(project_id, user.id)
        if found is None:
            raise IdTaken
        told = {
            "primary_email": user.email,
            "primary_email_verified": bool(user.email) and user.email_verified,
            "display_name": user.name,
        }
        return (yield from accounts.update(found, **told)) or found

    async def close(self, project_id: str, user_id: str) -> None:
        """Let nobody of that id in any more, known by now or not, and end their sessions."""
        await self._storage.write(self._close, project_id, user_id, self._clock.now_ms())

    async def reopen(self, project_id: str, user_id: str) -> None:
        """Let them in again; what ended stays ended."""
        await self._storage.write(self._reopen, project_id, user_id)

    def _close(self, project_id: str, user_id: str, now: int) -> Work[None]:
        yield from accounts.insert_of_host(project_id, user_id, now=now)
        found = yield from accounts.by_id(project_id, user_id)
        if found is None:
            raise IdTaken
        yield from accounts.update(found, disabled_at=found.disabled_at or now)
        yield from sessions.end_of_user(user_id, reason="account closed", now=now)
        yield from events.record("account.closed", now=now, project_id=project_id, user_id=user_id)

    def _reopen(self, project_id: str, user_id: str) -> Work[None]:
        found = yield from accounts.by_id(project_id, user_id)
        if found is not None:
            yield from accounts.update(found, disabled_at=None)


def _is_current(known: User, user: HostUser) -> bool:
    verified = bool(user.email) and user.email_verified
    return (known.primary_email, bool(known.primary_email_verified), known.display_name) == (
        user.email,
        verified,
        user.name,
    )
