"""Use cases of signing in with a browser: by password and by mailed link."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from keyturn.protocol.codes import MAIL_LINK_PREFIX
from keyturn.server.accounts.rules import folded_email
from keyturn.server.contact_channels.sign_in import (
    claimed,
    ends_other_ways_in,
    may_claim,
    signing_in,
)
from keyturn.server.one_time.service import new_code
from keyturn.server.secret import new_token
from keyturn.server.sessions.rules import BROWSER
from keyturn.server.signin import store
from keyturn.server.signin.tries import tries_of

if TYPE_CHECKING:
    from keyturn.server.accounts.rules import User
    from keyturn.server.accounts.service import Accounts
    from keyturn.server.clock import Clock
    from keyturn.server.http.limits import Limit, Limits
    from keyturn.server.mail.service import Mail
    from keyturn.server.mfa.service import SecondFactor
    from keyturn.server.projects.rules import Project
    from keyturn.server.secret import ServerSecret
    from keyturn.server.sessions.rules import Origin
    from keyturn.server.sessions.service import Sessions
    from keyturn.server.storage.base import Storage, Work

LINK_MINUTES = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class MailedLink:
    """A sign-in link that was opened: whom it signs in, and where they were going.

    Attributes:
        claims: Nobody has proved the address so far; signing in ends every other way in.
    """

    project_id: str
    email: str
    continue_to: str | None
    browser_hash: bytes
    claims: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedLink:
    """What a link ended in: a session's token, or an attempt where a second factor is needed."""

    session_token: str | None = field(default=None, repr=False)
    attempt: str | None = field(default=None, repr=False)


class SignIn:
    """Signs browsers in."""

    def __init__(
        self,
        storage: Storage,
        secret: ServerSecret,
        clock: Clock,
        limits: Limits,
        accounts: Accounts,
        sessions: Sessions,
        second_factor: SecondFactor,
        mail: Mail,
        *,
        limit_volume: bool,
    ) -> None:
        self._storage, self._secret, self._clock = storage, secret, clock
        self._limits, self._accounts, self._sessions = limits, accounts, sessions
        self._second_factor, self._mail = second_factor, mail
        self._limit_volume = limit_volume

    async def with_password(
        self, project: Project, *, email: str, password: str, counted_ip: str | None
    ) -> User | None:
        """Return the account if the password is its own.

        Raises:
            TooMany: too many wrong passwords for this account or from this address.
            Overloaded: too many passwords are being hashed.
        """
        limits = self._limits_of("password", project, email, counted_ip)
        await self._limits.take(limits)
        user = await self._accounts.check_password(project.id, email, password)
        if user is not None:
            await self._limits.give_back(limits)
        return user

    async def send_link(
        self,
        project: Project,
        *,
        email: str,
        continue_to: str | None,
        browser_hash: bytes,
        counted_ip: str | None,
        base: str,
    ) -> None:
        """Mail a sign-in link if the address has an account; say nothing of whether it has.

        Raises:
            TooMany: too many mails to this address or for this visitor.
        """
        if self._limit_volume:
            await self._limits.take(self._limits_of("mail", project, email, counted_ip))
        # Looking and writing take their time, which would tell who has an account.
        self._mail.soon(self._mail_link(project, email, continue_to, browser_hash, base))

    async def _mail_link(
        self, project: Project, email: str, continue_to: str | None, browser_hash: bytes, base: str
    ) -> None:
        found = await self._storage.read(signing_in, project.id, email)
        if found is None or found[0].disabled_at is not None or not may_claim(found[1]):
            return
        user, channel = found
        token, now = new_token(MAIL_LINK_PREFIX), self._clock.now_ms()
        await self._storage.write(
            store.insert_link,
            self._secret.hash("mail link", token),
            project_id=project.id,
            purpose="sign-in",
            email=folded_email(email),
            user_id=user.id,
            browser_hash=browser_hash,
            continue_path=continue_to,
            now=now,
            expires_at=now + LINK_MINUTES * 60_000,
        )
        link = f"{base}/sign-in/link?{urlencode({'token': token})}"
        await self._mail.send(to=channel.value, **sign_in_mail(project.display_name, link))

    async def link(self, token: str) -> MailedLink | None:
        """Return what a live link stands for, without using it up."""
        row = await self._storage.read(
            store.live_link, self._secret.hash("mail link", token), now=self._clock.now_ms()
        )
        if row is None or row["purpose"] != "sign-in":
            return None
        found = await self._storage.read(signing_in, row["project_id"], row["email"])
        return MailedLink(
            claims=found is not None and ends_other_ways_in(*found),
            project_id=row["project_id"],
            email=row["email"],
            continue_to=row["continue_path"],
            browser_hash=row["browser_hash"],
        )

    async def finish_link(
        self, project: Project, token: str, *, origin: Origin
    ) -> FinishedLink | None:
        """Use a link up and sign the browser in; ``None`` if somebody was first."""
        return await self._storage.write(
            self._finish_link, project, token, origin, new_code(), self._clock.now_ms()
        )

    def _finish_link(
        self, project: Project, token: str, origin: Origin, attempt: str, now: int
    ) -> Work[FinishedLink | None]:
        row = yield from store.use_link(self._secret.hash("mail link", token), now=now)
        if row is None or row["project_id"] != project.id:
            return None
        # The address may have been given up since, and the account closed: look again.
        found = yield from signing_in(project.id, row["email"])
        if found is None or found[0].id != row["user_id"] or found[0].disabled_at is not None:
            return None
        user = yield from claimed(*found, now=now)
        if user is None:
            return None
        if user.requires_totp_mfa:
            yield from self._second_factor.begin_work(user, "browser", attempt, False, now)
            return FinishedLink(attempt=attempt)
        _, session_token = yield from self._sessions.begin_plain_work(
            project_id=project.id,
            user_id=user.id,
            kind="browser",
            lifetime=BROWSER,
            origin=origin,
            now=now,
        )
        return FinishedLink(session_token=session_token)

    def tries_at_password(
        self, project: Project, user: User, *, counted_ip: str | None
    ) -> list[Limit]:
        """Return what a try at a signed-in user's own password counts against: as signing in does.

        Whoever sits down at somebody's open browser must not be able to guess it either.
        """
        email = user.sign_in_email or user.id
        return self._limits_of("password", project, email, counted_ip)

    def _limits_of(
        self, what: str, project: Project, email: str, counted_ip: str | None
    ) -> list[Limit]:
        return tries_of(
            what, self._secret, project_id=project.id, email=email, counted_ip=counted_ip
        )


def sign_in_mail(site: str, link: str) -> dict[str, str]:
    """Return subject and text of the mail that carries a sign-in link."""
    return {
        "subject": f"Sign in to {' '.join(site.split())}",
        "text": (
            f"Open this link in the browser where you asked for it:\n\n{link}\n\n"
            f"It works once, for {LINK_MINUTES} minutes.\n"
            "If you did not ask for it, nothing happens unless the link is opened.\n"
        ),
    }
