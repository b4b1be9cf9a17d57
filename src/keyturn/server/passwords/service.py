"""Use cases of a forgotten password: mail a code, look at one, set a new password with one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.accounts import store as accounts
from keyturn.server.accounts.service import RESET_CODE, refuse_unfit
from keyturn.server.contact_channels.sign_in import claimed, may_claim, signing_in
from keyturn.server.events import store as events
from keyturn.server.mail.code_mails import password_reset_mail
from keyturn.server.one_time import store as code_store
from keyturn.server.one_time.links import link_with
from keyturn.server.one_time.rules import CodeNotFound
from keyturn.server.one_time.store import Kind
from keyturn.server.sessions import store as sessions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keyturn.server.accounts.passwords import Passwords
    from keyturn.server.accounts.rules import User
    from keyturn.server.clock import Clock
    from keyturn.server.one_time.mailing import MailedCodes
    from keyturn.server.one_time.rules import OneTimeCode
    from keyturn.server.one_time.service import OneTimeCodes
    from keyturn.server.projects.rules import Project
    from keyturn.server.storage.base import Storage, Work

RESET_MINUTES = 60


class PasswordResets:
    """Lets whoever reads the mails of an account's address choose its password."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        codes: OneTimeCodes,
        mailed: MailedCodes,
        passwords: Passwords,
    ) -> None:
        self._storage, self._clock = storage, clock
        self._codes, self._mailed, self._passwords = codes, mailed, passwords

    async def send(
        self,
        project: Project,
        email: str,
        *,
        callback_url: str,
        counted_ip: str | None,
        facts: Mapping[str, str | None] | None = None,
    ) -> None:
        """Mail a code if the address has an account; say nothing of whether it has.

        Args:
            project: The project.
            email: The address as somebody typed it.
            callback_url: Where the link leads, already found to be trusted.
            counted_ip: What the visitor's limit counts against.
            facts: What whoever opens the link's page wants to know again.

        Raises:
            TooMany: too many mails to this address or for this visitor.
        """
        await self._mailed.count(project.id, email, counted_ip=counted_ip)
        # Looking and writing take their time, which would tell who has an account.
        self._mailed.soon(self._mail(project, email, callback_url, facts or {}))

    async def check(self, project: Project, code: str) -> OneTimeCode:
        """Return what a code stands for that would still replace a password.

        Raises:
            CodeNotFound, CodeExpired, CodeUsed.
        """
        kind, now = _kind(project), self._clock.now_ms()
        return await self._storage.read(self._codes.look, kind, code, now=now)

    async def reset(self, project: Project, code: str, password: str) -> User:
        """Use a code up: the account has a new password, and every session of it ends.

        Raises:
            CodeNotFound, CodeExpired, CodeUsed, PasswordRefused: nothing was changed.
            Overloaded: too many passwords are being hashed.
        """
        refuse_unfit(project, password)
        # Hashing is dear; nobody gets it for a code that opens nothing.
        await self.check(project, code)
        encoded = await self._passwords.hash(password)
        return await self._storage.write(self._reset, project, code, encoded, self._clock.now_ms())

    async def _mail(
        self, project: Project, email: str, callback_url: str, facts: Mapping[str, str | None]
    ) -> None:
        found = await self._storage.read(signing_in, project.id, email)
        if found is None or found[0].disabled_at is not None or not may_claim(found[1]):
            return
        user, channel = found
        code = await self._mailed.new(
            _kind(project),
            minutes=RESET_MINUTES,
            user_id=user.id,
            facts={**facts, "email": channel.folded},
        )
        letter = password_reset_mail(
            project.display_name, link_with(callback_url, code), minutes=RESET_MINUTES
        )
        await self._mailed.send(channel.value, letter)

    def _reset(self, project: Project, code: str, encoded: str, now: int) -> Work[User]:
        used = yield from self._codes.use(_kind(project), code, now=now)
        # The address may have been given up since, and the account closed: look again.
        found = yield from signing_in(project.id, used.facts["email"])
        if found is None or found[0].id != used.user_id or found[0].disabled_at is not None:
            raise CodeNotFound
        user = yield from claimed(*found, now=now)
        if user is None:
            raise CodeNotFound
        yield from accounts.update(user, password_hash=encoded)
        yield from code_store.revoke_of_user(RESET_CODE, user.id)
        yield from sessions.end_of_user(user.id, reason="password changed", now=now)
        yield from events.record("password.reset", now=now, project_id=project.id, user_id=user.id)
        return user


def _kind(project: Project) -> Kind:
    return Kind(name=RESET_CODE, project_id=project.id)
