"""Use cases of the second factor: an attempt after the first one, and finishing it.

Whoever has shown the first factor gets an attempt: a code that begins the session together with
what their authenticator shows. It works once, for five minutes, and not after a new password.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from keyturn.server.accounts import store as accounts
from keyturn.server.http.limits import Limit
from keyturn.server.http.origin import subscriber
from keyturn.server.one_time.rules import CodeNotFound
from keyturn.server.one_time.service import new_code
from keyturn.server.one_time.store import Kind
from keyturn.server.sessions.rules import BROWSER, STACK

if TYPE_CHECKING:
    from keyturn.server.accounts.rules import User
    from keyturn.server.clock import Clock
    from keyturn.server.http.limits import Limits
    from keyturn.server.mfa.secrets import TotpSecrets
    from keyturn.server.one_time.rules import OneTimeCode
    from keyturn.server.one_time.service import OneTimeCodes
    from keyturn.server.projects.rules import Project
    from keyturn.server.secret import ServerSecret
    from keyturn.server.sessions.rules import Lifetime, Origin, Session
    from keyturn.server.sessions.service import Sessions
    from keyturn.server.storage.base import Storage, Work

ATTEMPT_MINUTES = 5
# A million codes, three of which are good at any time. Whoever has the password finds one with
# 50 tries a day once in 18 years.
PER_ACCOUNT = ((10, 600), (50, 24 * 3600))
PER_ADDRESS = (50, 600)

# What the attempt ends in; an attempt of one kind is none of the other.
For = Literal["stack", "browser"]
_LIFETIMES: dict[For, Lifetime] = {"stack": STACK, "browser": BROWSER}


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorShown:
    """Both factors were shown: the session that begins with it."""

    user: User
    is_new_user: bool
    session: Session
    token: str = field(repr=False)


class SecondFactor:
    """Attempts of users that need a second factor."""

    def __init__(
        self,
        storage: Storage,
        secret: ServerSecret,
        clock: Clock,
        limits: Limits,
        codes: OneTimeCodes,
        totp: TotpSecrets,
        sessions: Sessions,
    ) -> None:
        self._storage, self._secret, self._clock = storage, secret, clock
        self._limits, self._codes = limits, codes
        self._totp, self._sessions = totp, sessions

    async def begin(self, user: User, what: For, *, is_new_user: bool = False) -> str:
        """Return the code of an attempt of somebody who has just shown the first factor."""
        code = new_code()
        now = self._clock.now_ms()
        await self._storage.write(self.begin_work, user, what, code, is_new_user, now)
        return code

    def begin_work(
        self, user: User, what: For, code: str, is_new_user: bool, now: int
    ) -> Work[None]:
        """Begin an attempt inside the transaction in which the first factor was used up."""
        # Looked at again: checking a password may have brought its hash up to date.
        user = (yield from accounts.by_id(user.project_id, user.id)) or user
        yield from self._codes.new(
            _kind(user.project_id, what),
            code,
            now=now,
            minutes=ATTEMPT_MINUTES,
            user_id=user.id,
            facts={"is_new_user": is_new_user, "first_factor": self._first_factor(user)},
        )

    async def pending(self, project: Project, what: For, code: str) -> OneTimeCode:
        """Return an attempt that could still be finished.

        Raises:
            CodeNotFound, CodeExpired, CodeUsed.
        """
        return await self._storage.read(
            self._codes.look, _kind(project.id, what), code, now=self._clock.now_ms()
        )

    async def finish(
        self,
        project: Project,
        what: For,
        code: str,
        typed: str,
        *,
        origin: Origin,
        counted_ip: str | None,
    ) -> SecondFactorShown:
        """Finish an attempt with the digits that an authenticator shows, and begin the session.

        A try is counted before it is judged, for the account, the visitor and the attempt.

        Raises:
            CodeNotFound, CodeExpired, CodeUsed, TooManyGuesses: the attempt is over.
            WrongTotp: another try may do.
            TooMany: too many tries for this account or from this address.
        """
        kind, now = _kind(project.id, what), self._clock.now_ms()
        attempt = await self.pending(project, what, code)
        tries = self._tries(attempt.user_id or "", counted_ip)
        await self._limits.take(tries)
        await self._storage.write(self._codes.count_guess, kind, code, now=now)
        shown = await self._storage.write(self._finish, project, what, code, typed, origin, now)
        await self._limits.give_back(tries)
        return shown

    def _finish(
        self, project: Project, what: For, code: str, typed: str, origin: Origin, now: int
    ) -> Work[SecondFactorShown]:
        attempt = yield from self._codes.use(_kind(project.id, what), code, now=now)
        user = yield from accounts.by_id(project.id, attempt.user_id or "")
        # The account may have been closed, or its password changed, since the first factor.
        if user is None or user.disabled_at is not None:
            raise CodeNotFound
        if not hmac.compare_digest(self._first_factor(user), attempt.facts["first_factor"]):
            raise CodeNotFound
        yield from self._totp.use(user.id, typed, now=now)
        session, token = yield from self._sessions.begin_plain_work(
            project_id=project.id,
            user_id=user.id,
            kind=what,
            lifetime=_LIFETIMES[what],
            origin=origin,
            now=now,
        )
        is_new_user = bool(attempt.facts["is_new_user"])
        return SecondFactorShown(user=user, is_new_user=is_new_user, session=session, token=token)

    def _first_factor(self, user: User) -> str:
        """Return what tells whether the password is still the one it was."""
        return self._secret.hash("first factor", f"{user.id}|{user.password_hash}").hex()

    def _tries(self, user_id: str, counted_ip: str | None) -> list[Limit]:
        # Every attempt of an account counts alike: a new one begins no new count.
        account = self._secret.hash("limited account", user_id).hex()
        found = [
            Limit(f"second factor of account {account} in {seconds} s", most, seconds)
            for most, seconds in PER_ACCOUNT
        ]
        if counted_ip is not None:
            found.append(Limit(f"second factor of {subscriber(counted_ip)}", *PER_ADDRESS))
        return found


def _kind(project_id: str, what: For) -> Kind:
    return Kind(name=f"second factor of a {what} session", project_id=project_id)
