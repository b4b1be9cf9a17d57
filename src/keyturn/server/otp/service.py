"""Use cases of mailed sign-in codes: send one, look at one, sign in or up with one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from keyturn.server.accounts import store as accounts_store
from keyturn.server.accounts.service import SignUpDisabled
from keyturn.server.contact_channels.sign_in import signing_in
from keyturn.server.mail.code_mails import sign_in_code_mail
from keyturn.server.one_time.links import link_with
from keyturn.server.one_time.service import SHORT_LENGTH
from keyturn.server.one_time.store import Kind
from keyturn.server.otp.rules import check_may_sign_in, is_mailed

if TYPE_CHECKING:
    from keyturn.server.accounts.rules import User
    from keyturn.server.accounts.service import Accounts
    from keyturn.server.clock import Clock
    from keyturn.server.one_time.mailing import MailedCodes
    from keyturn.server.one_time.rules import OneTimeCode
    from keyturn.server.one_time.service import OneTimeCodes
    from keyturn.server.projects.rules import Project
    from keyturn.server.sessions.rules import Origin, Session
    from keyturn.server.sessions.service import Sessions
    from keyturn.server.storage.base import Storage, Work

SIGN_IN_MINUTES = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeemed:
    """Whom a code signed in.

    Attributes:
        begun: The session and its refresh token; ``None`` where a second factor comes first.
    """

    user: User
    is_new: bool
    begun: tuple[Session, str] | None = field(repr=False)


class SignInCodes:
    """Codes that sign in whoever reads the mails of an address."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        codes: OneTimeCodes,
        mailed: MailedCodes,
        accounts: Accounts,
        sessions: Sessions,
    ) -> None:
        self._storage, self._clock = storage, clock
        self._codes, self._mailed = codes, mailed
        self._accounts, self._sessions = accounts, sessions

    async def send(
        self, project: Project, email: str, *, callback_url: str, counted_ip: str | None
    ) -> str:
        """Mail a code; return its long part, which the six typed characters need to be a code.

        What is done before the answer is the same whether or not the address has an account; the
        code is kept in either case, so that guessing at it tells nothing either.

        Raises:
            TooMany: too many mails to this address or for this visitor.
        """
        await self._mailed.count(project.id, email, counted_ip=counted_ip)
        code = await self._mailed.new(
            _kind(project), minutes=SIGN_IN_MINUTES, facts={"email": email}
        )
        self._mailed.soon(self._mail(project, email, code, callback_url))
        return code[SHORT_LENGTH:]

    async def check(self, project: Project, code: str) -> OneTimeCode:
        """Return what a code stands for that would still sign in. Counts as a guess.

        Raises:
            CodeNotFound, CodeExpired, CodeUsed, TooManyGuesses.
        """
        kind, now = _kind(project), self._clock.now_ms()
        await self._storage.write(self._codes.count_guess, kind, code, now=now)
        return await self._storage.read(self._codes.look, kind, code, now=now)

    async def sign_in(
        self, project: Project, code: str, *, guest: User | None, origin: Origin
    ) -> Redeemed:
        """Use a code up and begin a session; an address without an account gets one.

        Args:
            project: The project.
            code: The code, its typed part in any case.
            guest: The anonymous user that asks, who becomes the new account if there is one.
            origin: Where the session begins.

        Raises:
            CodeNotFound, CodeExpired, CodeUsed, TooManyGuesses, Unproved, SignUpDisabled: nothing
                but the guess was counted.
        """
        now = self._clock.now_ms()
        await self._storage.write(self._codes.count_guess, _kind(project), code, now=now)
        return await self._storage.write(self._sign_in, project, code, guest, origin, now)

    async def _mail(self, project: Project, email: str, code: str, callback_url: str) -> None:
        found = await self._storage.read(signing_in, project.id, email)
        user, address = (found[0], found[1].value) if found else (None, email)
        if not is_mailed(user, project.config):
            return
        letter = sign_in_code_mail(
            project.display_name,
            link_with(callback_url, code),
            code[:SHORT_LENGTH],
            minutes=SIGN_IN_MINUTES,
        )
        await self._mailed.send(address, letter)

    def _sign_in(
        self, project: Project, code: str, guest: User | None, origin: Origin, now: int
    ) -> Work[Redeemed]:
        used = yield from self._codes.use(_kind(project), code, now=now)
        found = yield from signing_in(project.id, used.facts["email"])
        if found is None:
            user = yield from self._new_account(project, used.facts["email"], guest, now)
        else:
            user, channel = found
            check_may_sign_in(user, channel)
            user = (yield from accounts_store.update(user, otp_auth_enabled=True)) or user
        begun = yield from self._sessions.begin_stack_work(user, origin=origin, now=now)
        return Redeemed(user=user, is_new=found is None, begun=begun)

    def _new_account(
        self, project: Project, email: str, guest: User | None, now: int
    ) -> Work[User]:
        if not project.config.sign_up_enabled:
            raise SignUpDisabled
        if guest is not None:
            # It may have become an account while the mail was read.
            guest = yield from accounts_store.by_id(project.id, guest.id)
        if guest is not None and guest.is_anonymous:
            user = yield from self._accounts.upgrade_work(project, guest.id, email, None, now)
        else:
            user = yield from self._accounts.sign_up_work(project, email, None, now)
        proved = yield from accounts_store.update(
            user, primary_email_verified=True, otp_auth_enabled=True
        )
        return proved or user


def _kind(project: Project) -> Kind:
    return Kind(name="sign-in code", project_id=project.id)
