"""Use cases of passkeys: register one, sign in with it.

Each ceremony begins with a challenge, which is a code that works once: what answered it cannot be
brought a second time. A challenge to register is good for the user it was made for alone.
"""

from __future__ import annotations

import asyncio
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from keyturn.server.accounts import store as accounts
from keyturn.server.events import store as events
from keyturn.server.one_time.rules import CodeNotFound
from keyturn.server.one_time.service import new_code
from keyturn.server.one_time.store import Kind
from keyturn.server.passkeys import ceremony, store
from keyturn.server.passkeys.rules import CeremonyFailed, is_handle_of, page_of, rp_id_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keyturn.server.accounts.rules import User
    from keyturn.server.clock import Clock
    from keyturn.server.one_time.service import OneTimeCodes
    from keyturn.server.passkeys.ceremony import Registered
    from keyturn.server.passkeys.rules import Passkey
    from keyturn.server.projects.rules import Project
    from keyturn.server.sessions.rules import Origin, Session
    from keyturn.server.sessions.service import Sessions
    from keyturn.server.storage.base import Storage, Work

CHALLENGE_BYTES = 32
# What a browser gives the person, and a little for the way here and back.
CHALLENGE_MINUTES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A ceremony: what the browser needs, and the code that its answer is brought with."""

    options: dict[str, Any] = field(repr=False)
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """Whom a passkey signed in; ``begun`` is ``None`` where a second factor comes first."""

    user: User
    begun: tuple[Session, str] | None = field(repr=False)


class Passkeys:
    """The passkeys of every project."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        codes: OneTimeCodes,
        sessions: Sessions,
        *,
        base_url: str,
    ) -> None:
        self._storage, self._clock = storage, clock
        self._codes, self._sessions = codes, sessions
        self._base_url = base_url

    async def begin_registration(self, project: Project, user: User) -> Begun:
        """Challenge a browser to make a passkey for a user."""
        challenge, code = await self._challenge(_registration(project), user.id)
        options = await asyncio.to_thread(ceremony.registration_options, project, user, challenge)
        return Begun(options=options, code=code)

    async def begin_authentication(self, project: Project) -> Begun:
        """Challenge a browser to use a passkey, whosever it is."""
        challenge, code = await self._challenge(_authentication(project), None)
        options = await asyncio.to_thread(ceremony.authentication_options, challenge)
        return Begun(options=options, code=code)

    async def register(
        self, project: Project, user: User, code: str, credential: Mapping[str, Any]
    ) -> str:
        """Make what answered the challenge the user's passkey; return the credential's id.

        Raises:
            CodeNotFound, CodeExpired, CodeUsed: there is no such challenge for this user.
            CeremonyFailed: the challenge is not answered; nothing was changed.
        """
        kind = _registration(project)
        challenge, origin = await self._challenged(kind, code, credential)
        new = await asyncio.to_thread(
            ceremony.check_registration,
            credential,
            challenge=challenge,
            origin=origin,
            rp_id=rp_id_of(project.config, origin, base_url=self._base_url),
        )
        await self._storage.write(self._register, project, user, code, new, self._clock.now_ms())
        return new.credential_id

    async def sign_in(
        self, project: Project, code: str, credential: Mapping[str, Any], *, origin: Origin
    ) -> Recognised:
        """Sign in whose passkey answered the challenge.

        Raises:
            CodeNotFound, CodeExpired, CodeUsed: there is no such challenge.
            CeremonyFailed: the challenge is not answered; nothing was changed.
        """
        challenge, page = await self._challenged(_authentication(project), code, credential)
        passkey = await self._storage.read(store.find, project.id, str(credential.get("id", "")))
        if passkey is None:
            raise CeremonyFailed("passkey not found")
        sign_count = await asyncio.to_thread(
            ceremony.check_authentication,
            credential,
            passkey,
            challenge=challenge,
            origin=page,
            rp_id=rp_id_of(project.config, page, base_url=self._base_url),
        )
        if not is_handle_of(credential, passkey.user_id):
            raise CeremonyFailed("the passkey is another user's")
        return await self._storage.write(
            self._sign_in, project, code, passkey, sign_count, origin, self._clock.now_ms()
        )

    async def _challenge(self, kind: Kind, user_id: str | None) -> tuple[bytes, str]:
        challenge, code = secrets.token_bytes(CHALLENGE_BYTES), new_code()
        await self._storage.write(
            self._codes.new,
            kind,
            code,
            now=self._clock.now_ms(),
            minutes=CHALLENGE_MINUTES,
            user_id=user_id,
            facts={"challenge": urlsafe_b64encode(challenge).decode()},
        )
        return challenge, code

    async def _challenged(
        self, kind: Kind, code: str, credential: Mapping[str, Any]
    ) -> tuple[bytes, str]:
        """Return the challenge of a live code, and the page on which it was answered."""
        found = await self._storage.read(self._codes.look, kind, code, now=self._clock.now_ms())
        return urlsafe_b64decode(found.facts["challenge"]), page_of(credential)

    def _register(
        self, project: Project, user: User, code: str, new: Registered, now: int
    ) -> Work[None]:
        used = yield from self._codes.use(_registration(project), code, now=now)
        found = yield from accounts.by_id(project.id, user.id)
        if found is None or used.user_id != user.id:
            raise CodeNotFound
        if not (yield from store.replace(project.id, user.id, new, now=now)):
            raise CeremonyFailed("the passkey is another user's")
        yield from accounts.update(found, passkey_auth_enabled=True)
        yield from events.record(
            "passkey.registered", now=now, project_id=project.id, user_id=user.id
        )

    def _sign_in(
        self,
        project: Project,
        code: str,
        passkey: Passkey,
        sign_count: int,
        origin: Origin,
        now: int,
    ) -> Work[Recognised]:
        yield from self._codes.use(_authentication(project), code, now=now)
        user = yield from accounts.by_id(project.id, passkey.user_id)
        if user is None or user.disabled_at is not None:
            raise CeremonyFailed("passkey not found")
        if not (yield from store.use(passkey, sign_count=sign_count, now=now)):
            raise CeremonyFailed("the passkey has been used or replaced meanwhile")
        begun = yield from self._sessions.begin_stack_work(user, origin=origin, now=now)
        return Recognised(user=user, begun=begun)


def _registration(project: Project) -> Kind:
    return Kind(name="passkey registration", project_id=project.id)


def _authentication(project: Project) -> Kind:
    return Kind(name="passkey authentication", project_id=project.id)
