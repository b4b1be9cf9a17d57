"""API keys of users and of teams (specification: types/common/api-keys.spec.md)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Generic

from keyturn.sdk.binding import S_co, Steps, operation
from keyturn.sdk.paging import Page, listing
from keyturn.sdk.resource import Resource
from keyturn.sdk.resources.base_user import BaseUser
from keyturn.sdk.values import UNSET, Members, Unset, at, given

if TYPE_CHECKING:
    from keyturn.sdk.session import Session


@dataclass(eq=False, kw_only=True)
class ApiKey(Resource[S_co], Generic[S_co]):
    """A key that a program calls with on behalf of a user or a team.

    Attributes:
        id: What names the key; not the key itself.
        description: What it is for.
        is_public: Whether it may lie where others see it.
        created_at: When it was made.
        expires_at: When it stops opening anything; ``None``: never.
        revoked_at: When somebody revoked it, if anybody has.
        last_four: The end of its text, to recognise it by.
    """

    _path: ClassVar[str] = ""

    id: str
    description: str
    is_public: bool
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_four: str

    @property
    def is_valid(self) -> bool:
        """Whether it opens anything now, as far as this program knows."""
        now = datetime.fromtimestamp(self._session.api.clock.now(), UTC)
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    @operation
    def update(self, *, description: str | Unset = UNSET) -> Steps[None]:
        """Change the key (``PATCH /user-api-keys/{id}``, ``PATCH /team-api-keys/{id}``).

        Its end cannot be moved: no server of this API does that.

        Args:
            description: What it is for.

        Raises:
            ApiKeyNotFound: there is no such key any more.
        """
        yield from self._patch(given(description=description))

    @operation
    def revoke(self) -> Steps[None]:
        """Make the key useless at once and for ever.

        Endpoint: ``PATCH /user-api-keys/{id}``, ``PATCH /team-api-keys/{id}``.

        Raises:
            ApiKeyNotFound: there is no such key any more.
        """
        yield from self._patch({"revoked": True})

    def _patch(self, body: dict[str, Any]) -> Steps[None]:
        answer = yield from self._session.patch(at(self._path, self.id), body)
        self._become(ApiKey(**_key_fields(self._session, answer)))


@dataclass(eq=False, kw_only=True)
class UserApiKey(ApiKey[S_co], Generic[S_co]):
    """A key of a user.

    Attributes:
        user_id: Whose it is.
    """

    _path = "user-api-keys"

    user_id: str

    @classmethod
    def read(cls, session: Session[S_co], answer: Members) -> UserApiKey[S_co]:
        """Read a key off an answer."""
        return cls(**_key_fields(session, answer), user_id=answer.text("user_id"))


@dataclass(eq=False, kw_only=True)
class UserApiKeyFirstView(UserApiKey[S_co], Generic[S_co]):
    """A new key of a user, the only time that its text is there.

    Attributes:
        api_key: The key itself. Nobody can read it again.
    """

    api_key: str = field(repr=False)

    @classmethod
    def read(cls, session: Session[S_co], answer: Members) -> UserApiKeyFirstView[S_co]:
        """Read a new key off an answer."""
        return cls(
            **_key_fields(session, answer),
            user_id=answer.text("user_id"),
            api_key=answer.text("value"),
        )


@dataclass(eq=False, kw_only=True)
class TeamApiKey(ApiKey[S_co], Generic[S_co]):
    """A key of a team.

    Attributes:
        team_id: Whose it is.
    """

    _path = "team-api-keys"

    team_id: str

    @classmethod
    def read(cls, session: Session[S_co], answer: Members) -> TeamApiKey[S_co]:
        """Read a key off an answer."""
        return cls(**_key_fields(session, answer), team_id=answer.text("team_id"))


@dataclass(eq=False, kw_only=True)
class TeamApiKeyFirstView(TeamApiKey[S_co], Generic[S_co]):
    """A new key of a team, the only time that its text is there.

    Attributes:
        api_key: The key itself. Nobody can read it again.
    """

    api_key: str = field(repr=False)

    @classmethod
    def read(cls, session: Session[S_co], answer: Members) -> TeamApiKeyFirstView[S_co]:
        """Read a new key off an answer."""
        return cls(
            **_key_fields(session, answer),
            team_id=answer.text("team_id"),
            api_key=answer.text("value"),
        )


class UserApiKeyOperations(BaseUser[S_co], Generic[S_co]):
    """A user's API keys."""

    @listing
    def list_api_keys(self) -> Steps[Page[UserApiKey[S_co], S_co]]:
        """List the user's keys (``GET /user-api-keys``), newest first, ended ones too.

        Raises:
            StackStatusError: the project has no API keys of users.
        """
        return self._session.pages(at("user-api-keys"), UserApiKey.read, user_id=self._me)

    @operation
    def create_api_key(
        self, *, description: str, expires_at: datetime | None = None, is_public: bool = False
    ) -> Steps[UserApiKeyFirstView[S_co]]:
        """Make a key (``POST /user-api-keys``). The answer alone holds its text.

        Args:
            description: What it is for.
            expires_at: When it stops opening anything, with a time zone; ``None``: never.
            is_public: Whether it may lie where others see it.

        Raises:
            StackStatusError: the project has no API keys of users.
        """
        body = _new_key(description, expires_at, is_public=is_public)
        answer = yield from self._session.post(at("user-api-keys"), {**body, "user_id": self._me})
        return UserApiKeyFirstView.read(self._session, answer)


class TeamApiKeyOperations(Resource[S_co], Generic[S_co]):
    """A team's API keys, for servers and for members who may manage them."""

    if TYPE_CHECKING:
        id: str

    @listing
    def list_api_keys(self) -> Steps[Page[TeamApiKey[S_co], S_co]]:
        """List the team's keys (``GET /team-api-keys``), newest first, ended ones too.

        Raises:
            ApiKeyNotFound: the user may not manage them.
            StackStatusError: the project has no API keys of teams.
        """
        return self._session.pages(at("team-api-keys"), TeamApiKey.read, team_id=self.id)

    @operation
    def create_api_key(
        self, *, description: str, expires_at: datetime | None = None, is_public: bool = False
    ) -> Steps[TeamApiKeyFirstView[S_co]]:
        """Make a key (``POST /team-api-keys``). The answer alone holds its text.

        Args:
            description: What it is for.
            expires_at: When it stops opening anything, with a time zone; ``None``: never.
            is_public: Whether it may lie where others see it.

        Raises:
            ApiKeyNotFound: the user may not manage them.
            StackStatusError: the project has no API keys of teams.
        """
        body = _new_key(description, expires_at, is_public=is_public)
        answer = yield from self._session.post(at("team-api-keys"), {**body, "team_id": self.id})
        return TeamApiKeyFirstView.read(self._session, answer)


def _new_key(description: str, expires_at: datetime | None, *, is_public: bool) -> dict[str, Any]:
    # Published servers want to be told that there is no end.
    return given(description=description, expires_at_millis=expires_at, is_public=is_public)


def _key_fields(session: Session[Any], answer: Members) -> dict[str, Any]:
    value = answer.json("value")
    return {
        "_session": session,
        "id": answer.text("id"),
        "description": answer.text("description"),
        "is_public": answer.flag("is_public", default=False),
        "created_at": answer.moment("created_at_millis"),
        "expires_at": answer.moment_or_none("expires_at_millis"),
        "revoked_at": answer.moment_or_none("manually_revoked_at_millis"),
        "last_four": (
            value[-4:] if isinstance(value, str) else answer.members("value").text("last_four")
        ),
    }
