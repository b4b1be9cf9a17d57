"""Use cases of contact channels: list, add, change, remove, and prove that one is its user's."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from keyturn.server.accounts import store as accounts
from keyturn.server.contact_channels import store
from keyturn.server.contact_channels.rules import Channel, changed, primary_of, refuse_twice
from keyturn.server.events import store as events
from keyturn.server.mail.code_mails import verification_mail
from keyturn.server.one_time.links import link_with
from keyturn.server.one_time.store import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keyturn.server.accounts.rules import User
    from keyturn.server.clock import Clock
    from keyturn.server.one_time.mailing import MailedCodes
    from keyturn.server.one_time.rules import OneTimeCode
    from keyturn.server.one_time.service import OneTimeCodes
    from keyturn.server.projects.rules import Project
    from keyturn.server.storage.base import Storage, Work

VERIFICATION_MINUTES = 7 * 24 * 60


class NoSuchUser(Exception):
    """There is no such user in the project."""


class NoSuchChannel(Exception):
    """The user has no such channel."""


class UsedBySomeoneElse(Exception):
    """Another account signs in with the address."""


def verification(project_id: str) -> Kind:
    """Return the kind of the codes that prove an address."""
    return Kind(name="contact channel verification", project_id=project_id)


class ContactChannels:
    """The addresses of users."""

    def __init__(
        self, storage: Storage, clock: Clock, codes: OneTimeCodes, mailed: MailedCodes
    ) -> None:
        self._storage, self._clock = storage, clock
        self._codes, self._mailed = codes, mailed

    async def of_user(self, project_id: str, user_id: str) -> list[Channel]:
        """Return a user's channels, the primary one first; none for nobody."""
        return await self._storage.read(_of_user, project_id, user_id)

    async def create(
        self, project_id: str, user_id: str, value: str, *, is_primary: bool, **kept: bool
    ) -> Channel:
        """Add a channel; ``kept`` are ``used_for_auth`` and ``is_verified``.

        Raises:
            NoSuchUser, AddressTwice, UsedBySomeoneElse: nothing was added.
        """
        channel = Channel(
            id=str(uuid.uuid4()),
            user_id=user_id,
            value=value,
            is_primary=is_primary,
            created_at=self._clock.now_ms(),
            **kept,
        )
        return await self._storage.write(self._create, project_id, channel, self._clock.now_ms())

    async def update(
        self, project_id: str, user_id: str, channel_id: str, changes: Mapping[str, Any]
    ) -> Channel:
        """Change a channel: the members of the wire that were sent.

        Raises:
            NoSuchChannel, AddressTwice, UsedBySomeoneElse: nothing was changed.
        """
        return await self._storage.write(
            self._update, project_id, user_id, channel_id, changes, self._clock.now_ms()
        )

    async def delete(self, project_id: str, user_id: str, channel_id: str) -> None:
        """Remove a channel.

        Raises:
            NoSuchChannel: there is none.
        """
        await self._storage.write(
            self._delete, project_id, user_id, channel_id, self._clock.now_ms()
        )

    async def send_verification(
        self,
        project: Project,
        user_id: str,
        email: str,
        *,
        callback_url: str,
        counted_ip: str | None,
    ) -> None:
        """Mail a code to an address of a user that only whoever reads it can bring back.

        Raises:
            TooMany: too many mails to this address or for this visitor.
        """
        await self._mailed.count(project.id, email, counted_ip=counted_ip)
        code = await self._mailed.new(
            verification(project.id),
            minutes=VERIFICATION_MINUTES,
            user_id=user_id,
            facts={"email": email},
        )
        letter = verification_mail(project.display_name, link_with(callback_url, code))
        self._mailed.soon(self._mailed.send(email, letter))

    async def check(self, project_id: str, code: str) -> OneTimeCode:
        """Return what a code stands for that would still verify an address.

        Raises:
            CodeNotFound, CodeExpired, CodeUsed.
        """
        kind = verification(project_id)
        return await self._storage.read(self._codes.look, kind, code, now=self._clock.now_ms())

    async def verify(self, project_id: str, code: str) -> Channel:
        """Use a code up: its address is verified, if the user still has it.

        Raises:
            CodeNotFound, CodeExpired, CodeUsed, NoSuchChannel: nothing was changed.
        """
        return await self._storage.write(self._verify, project_id, code, self._clock.now_ms())

    def _create(self, project_id: str, channel: Channel, now: int) -> Work[Channel]:
        user = yield from accounts.by_id(project_id, channel.user_id)
        if user is None:
            raise NoSuchUser
        refuse_twice(channel, (yield from store.of_user(user)))
        yield from _place(user, None, channel)
        yield from _record("created", user, channel, now)
        return channel

    def _update(
        self,
        project_id: str,
        user_id: str,
        channel_id: str,
        changes: Mapping[str, Any],
        now: int,
    ) -> Work[Channel]:
        user, channel = yield from _one(project_id, user_id, channel_id)
        after = changed(channel, changes)
        refuse_twice(after, (yield from store.of_user(user)))
        yield from _place(user, channel, after)
        yield from _record("updated", user, after, now)
        return after

    def _delete(self, project_id: str, user_id: str, channel_id: str, now: int) -> Work[None]:
        user, channel = yield from _one(project_id, user_id, channel_id)
        if channel.is_primary:
            yield from _without_primary(user)
        else:
            yield from store.delete(channel)
        yield from _record("deleted", user, channel, now)

    def _verify(self, project_id: str, code: str, now: int) -> Work[Channel]:
        used = yield from self._codes.use(verification(project_id), code, now=now)
        user = yield from accounts.by_id(project_id, used.user_id or "")
        if user is None:
            raise NoSuchChannel
        for channel in (yield from store.of_user(user)):
            if channel.value == used.facts["email"]:
                verified = replace(channel, is_verified=True)
                yield from _place(user, channel, verified)
                yield from _record("verified", user, channel, now)
                return verified
        raise NoSuchChannel


def _of_user(project_id: str, user_id: str) -> Work[list[Channel]]:
    user = yield from accounts.by_id(project_id, user_id)
    return (yield from store.of_user(user)) if user else []


def _one(project_id: str, user_id: str, channel_id: str) -> Work[tuple[User, Channel]]:
    user = yield from accounts.by_id(project_id, user_id)
    for channel in (yield from store.of_user(user)) if user else []:
        if user is not None and channel.id == channel_id:
            return user, channel
    raise NoSuchChannel


def _place(user: User, before: Channel | None, after: Channel) -> Work[None]:
    """Write a channel where it belongs: into the user's row, or into one of its own."""
    if after.used_for_auth:
        holder = yield from accounts.by_sign_in_email(user.project_id, after.value)
        if holder is not None and holder.id != user.id:
            raise UsedBySomeoneElse
    if before is not None and not before.is_primary:
        yield from store.delete(before)
    if after.is_primary:
        yield from _as_primary(user, before, after)
        return
    if before is not None and before.is_primary:
        yield from _without_primary(user)
    yield from store.insert(user.project_id, after)


def _as_primary(user: User, before: Channel | None, after: Channel) -> Work[None]:
    old = primary_of(user)
    if old is not None and (before is None or not before.is_primary):
        yield from store.insert(user.project_id, replace(old, is_primary=False))
    yield from accounts.update(
        user,
        primary_email=after.value,
        primary_email_verified=after.is_verified,
        sign_in_email=after.sign_in_email,
        primary_channel_id=after.id,
    )


def _without_primary(user: User) -> Work[None]:
    yield from accounts.update(
        user, primary_email=None, primary_email_verified=False, sign_in_email=None
    )


def _record(what: str, user: User, channel: Channel, now: int) -> Work[None]:
    yield from events.record(
        f"contact_channel.{what}",
        now=now,
        project_id=user.project_id,
        user_id=user.id,
        channel_id=channel.id,
    )
