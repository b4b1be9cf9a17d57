"""What users may do (specification: types/permissions/permission.spec.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeAlias

from keyturn.sdk.binding import S_co, Steps, operation
from keyturn.sdk.known_errors import PermissionNotFound, TeamPermissionNotFound
from keyturn.sdk.paging import Page, listing
from keyturn.sdk.resources.base_user import BaseUser
from keyturn.sdk.values import at

if TYPE_CHECKING:
    from keyturn.sdk.resources.team import BaseTeam
    from keyturn.sdk.session import Session
    from keyturn.sdk.values import Members


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamPermission:
    """A user has a permission in a team.

    Attributes:
        id: The permission, such as ``read`` or ``$manage_api_keys``.
        user_id: Who has it.
        team_id: Where.
    """

    id: str
    user_id: str
    team_id: str

    @classmethod
    def read(cls, _session: Session[Any], answer: Members) -> TeamPermission:
        """Read a permission off an answer."""
        return cls(
            id=answer.text("id"), user_id=answer.text("user_id"), team_id=answer.text("team_id")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPermission:
    """A user has a permission in the whole project.

    Attributes:
        id: The permission.
        user_id: Who has it.
    """

    id: str
    user_id: str

    @classmethod
    def read(cls, _session: Session[Any], answer: Members) -> ProjectPermission:
        """Read a permission off an answer."""
        return cls(id=answer.text("id"), user_id=answer.text("user_id"))


Permission: TypeAlias = TeamPermission | ProjectPermission


class PermissionOperations(BaseUser[S_co], Generic[S_co]):
    """What a user may do, in a team or in the whole project."""

    @listing
    def list_permissions(
        self, *, team: BaseTeam[Any] | str | None = None, recursive: bool = True
    ) -> Steps[Page[Permission, S_co]]:
        """List what the user may do (``GET /team-permissions``, ``GET /project-permissions``).

        Args:
            team: In which team, or its id; left out: in the whole project.
            recursive: Also what those permissions contain, rather than what was granted alone.
        """
        return self._permissions(team, recursive=recursive)

    @operation
    def get_permission(
        self, permission_id: str, *, team: BaseTeam[Any] | str | None = None
    ) -> Steps[Permission | None]:
        """Return a permission that the user has, however it came by it; ``None``: it has not.

        Endpoint: ``GET /team-permissions``, ``GET /project-permissions``.

        Args:
            permission_id: Which.
            team: In which team, or its id; left out: in the whole project.
        """
        page = yield from self._permissions(team, recursive=True, permission_id=permission_id)
        return next((each for each in page.items if each.id == permission_id), None)

    @operation
    def has_permission(
        self, permission_id: str, *, team: BaseTeam[Any] | str | None = None
    ) -> Steps[bool]:
        """Say whether the user may do something.

        Endpoint: ``GET /team-permissions``, ``GET /project-permissions``.

        Args:
            permission_id: What.
            team: In which team, or its id; left out: in the whole project.
        """
        steps = PermissionOperations.get_permission.steps(self, permission_id, team=team)
        return (yield from steps) is not None

    def _permissions(
        self, team: BaseTeam[Any] | str | None, *, recursive: bool, permission_id: str | None = None
    ) -> Steps[Page[Permission, S_co]]:
        if team is None:
            return self._session.pages(
                at("project-permissions"),
                ProjectPermission.read,
                user_id=self._me,
                recursive=recursive,
                permission_id=permission_id,
            )
        return self._session.pages(
            at("team-permissions"),
            TeamPermission.read,
            user_id=self._me,
            team_id=_id_of(team),
            recursive=recursive,
            permission_id=permission_id,
        )


class ServerPermissionOperations(PermissionOperations[S_co], Generic[S_co]):
    """What a user may do, and changing it."""

    @operation
    def grant_permission(
        self, permission_id: str, *, team: BaseTeam[Any] | str | None = None
    ) -> Steps[None]:
        """Allow the user something.

        Endpoint: ``POST /team-permissions/{team}/{user}/{id}``, ``POST
        /project-permissions/{user}/{id}``.

        Args:
            permission_id: What; granted already, it stays so.
            team: In which team, or its id; left out: in the whole project.

        Raises:
            PermissionNotFound: there is no such permission of that scope.
            TeamMembershipNotFound: the user is not a member of the team.
        """
        yield from self._session.post(self._permission(permission_id, team))

    @operation
    def revoke_permission(
        self, permission_id: str, *, team: BaseTeam[Any] | str | None = None
    ) -> Steps[None]:
        """Take a granted permission back; not granted, it stays so.

        Endpoint: ``DELETE /team-permissions/{team}/{user}/{id}``, ``DELETE
        /project-permissions/{user}/{id}``.

        Args:
            permission_id: Which. What it is contained in stays granted.
            team: In which team, or its id; left out: in the whole project.

        Raises:
            TeamMembershipNotFound: the user is not a member of the team.
        """
        try:
            yield from self._session.delete(self._permission(permission_id, team))
        except (PermissionNotFound, TeamPermissionNotFound):
            return

    def _permission(self, permission_id: str, team: BaseTeam[Any] | str | None) -> str:
        if team is None:
            return at("project-permissions", self.id, permission_id)
        return at("team-permissions", _id_of(team), self.id, permission_id)


def _id_of(team: BaseTeam[Any] | str) -> str:
    return team if isinstance(team, str) else team.id
