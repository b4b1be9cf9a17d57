"""Use cases of invitations: mail one, list them, accept one, take one back.

An invitation is accepted with the mailed code, by whoever brings it, or by its id, by whoever has
proved that the address it was sent to is theirs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.accounts import store as accounts
from keyturn.server.contact_channels import store as channels
from keyturn.server.events import store as events
from keyturn.server.invitations import store
from keyturn.server.invitations.rules import is_for, proved_addresses
from keyturn.server.mail.invitation_mail import invitation_mail
from keyturn.server.one_time import store as codes_store
from keyturn.server.one_time.links import link_with
from keyturn.server.one_time.rules import CodeNotFound
from keyturn.server.one_time.service import new_code
from keyturn.server.one_time.store import Kind
from keyturn.server.teams import store as teams

if TYPE_CHECKING:
    from keyturn.server.accounts.rules import User
    from keyturn.server.clock import Clock
    from keyturn.server.invitations.rules import Invitation
    from keyturn.server.one_time.mailing import MailedCodes
    from keyturn.server.one_time.service import OneTimeCodes
    from keyturn.server.projects.rules import Project
    from keyturn.server.storage.base import Storage, Work
    from keyturn.server.teams.rules import Team

DAYS = 7


def invitation(project_id: str) -> Kind:
    """Return the kind of the codes that open invitations."""
    return Kind(name="team invitation", project_id=project_id)


class Invitations:
    """The invitations to all teams."""

    def __init__(
        self, storage: Storage, clock: Clock, codes: OneTimeCodes, mailed: MailedCodes
    ) -> None:
        self._storage, self._clock = storage, clock
        self._codes, self._mailed = codes, mailed

    async def send(
        self, project: Project, team: Team, email: str, *, callback_url: str, counted_ip: str | None
    ) -> str:
        """Invite whoever reads the mails of an address; return the invitation's id.

        Raises:
            TooMany: too many mails to this address or for this visitor.
        """
        await self._mailed.count(project.id, email, counted_ip=counted_ip)
        code = new_code()
        invitation_id = await self._storage.write(
            self._invite, project.id, team, email, code, self._clock.now_ms()
        )
        letter = invitation_mail(
            project.display_name, team.display_name, link_with(callback_url, code), days=DAYS
        )
        self._mailed.soon(self._mailed.send(email, letter))
        return invitation_id

    async def of_team(self, project_id: str, team_id: str) -> list[Invitation]:
        """Return a team's invitations that could still be accepted, oldest first."""
        return await self._storage.read(
            store.live, project_id, now=self._clock.now_ms(), team_id=team_id
        )

    async def of_user(self, project_id: str, user_id: str) -> list[Invitation]:
        """Return the invitations sent to addresses that a user has proved to be theirs."""
        return await self._storage.read(_of_user, project_id, user_id, self._clock.now_ms())

    async def look(self, project_id: str, code: str) -> Invitation:
        """Return the invitation of a code that could still be accepted.

        Raises:
            CodeNotFound, CodeExpired, CodeUsed.
        """
        return await self._storage.read(self._look, project_id, code, self._clock.now_ms())

    async def accept(self, project_id: str, user_id: str, code: str) -> None:
        """Join the team of a code. Who belongs to it already stays as they are.

        Raises:
            CodeNotFound, CodeExpired, CodeUsed: nothing was changed.
        """
        await self._storage.write(self._accept, project_id, user_id, code, self._clock.now_ms())

    async def accept_by_id(self, project_id: str, user_id: str, invitation_id: str) -> None:
        """Join the team of an invitation that was sent to an address of the user's.

        Raises:
            CodeNotFound: no such invitation, or not for this user; nothing was changed.
        """
        await self._storage.write(
            self._accept_by_id, project_id, user_id, invitation_id, self._clock.now_ms()
        )

    async def revoke(self, project_id: str, team_id: str, invitation_id: str) -> None:
        """Take an invitation back.

        Raises:
            CodeNotFound: the team has none of that id that could still be accepted.
        """
        await self._storage.write(
            self._revoke, project_id, team_id, invitation_id, self._clock.now_ms()
        )

    def _invite(self, project_id: str, team: Team, email: str, code: str, now: int) -> Work[str]:
        code_id = yield from self._codes.new(
            invitation(project_id), code, now=now, minutes=DAYS * 24 * 60, about=team.id
        )
        yield from store.insert(code_id, team.id, email)
        yield from events.record("team.invited", now=now, project_id=project_id, team=team.id)
        return code_id

    def _look(self, project_id: str, code: str, now: int) -> Work[Invitation]:
        live = yield from self._codes.look(invitation(project_id), code, now=now)
        found = yield from store.by_id(project_id, live.id, now=now)
        if found is None:
            raise CodeNotFound  # the team has been deleted since
        return found

    def _accept(self, project_id: str, user_id: str, code: str, now: int) -> Work[None]:
        found = yield from self._look(project_id, code, now)
        yield from self._codes.use(invitation(project_id), code, now=now)
        yield from self._join(project_id, user_id, found, now)

    def _accept_by_id(
        self, project_id: str, user_id: str, invitation_id: str, now: int
    ) -> Work[None]:
        found = yield from store.by_id(project_id, invitation_id, now=now)
        user = yield from accounts.by_id(project_id, user_id)
        if found is None or user is None or not is_for(found, (yield from channels.of_user(user))):
            raise CodeNotFound
        if not (yield from store.use(found.id, now=now)):
            raise CodeNotFound
        yield from self._join(project_id, user_id, found, now)

    def _join(self, project_id: str, user_id: str, found: Invitation, now: int) -> Work[None]:
        team = yield from teams.by_id(project_id, found.team_id)
        if team is None or (yield from accounts.by_id(project_id, user_id)) is None:
            raise CodeNotFound
        if (yield from teams.add_member(team, user_id, is_creator=False, now=now)):
            yield from events.record(
                "team.joined", now=now, project_id=project_id, user_id=user_id, team=team.id
            )

    def _revoke(self, project_id: str, team_id: str, invitation_id: str, now: int) -> Work[None]:
        found = yield from store.by_id(project_id, invitation_id, now=now)
        if found is None or found.team_id != team_id:
            raise CodeNotFound
        yield from codes_store.revoke(invitation(project_id), found.id)
        yield from events.record(
            "team.invitation_revoked", now=now, project_id=project_id, team=team_id
        )


def _of_user(project_id: str, user_id: str, now: int) -> Work[list[Invitation]]:
    user: User | None = yield from accounts.by_id(project_id, user_id)
    if user is None:
        return []
    found: list[Invitation] = []
    for address in proved_addresses((yield from channels.of_user(user))):
        found += yield from store.live(project_id, now=now, folded_email=address)
    return found
