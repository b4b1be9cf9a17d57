"""Access tokens of the Stack-compatible API (server promise S-10): ES256, one key set an audience.

A token for an anonymous or restricted user has an issuer, audience and keys of its own, so that a
verifier who knows the plain keys only cannot take it for an ordinary user's.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from keyturn.server.keys import jwt

if TYPE_CHECKING:
    from keyturn.server.accounts.rules import User
    from keyturn.server.clock import Clock
    from keyturn.server.keys.service import SigningKeys
    from keyturn.server.projects.rules import Project
    from keyturn.server.projects.service import Projects
    from keyturn.server.sessions.rules import Session

Audience = Literal["project", "restricted", "anon"]
AUDIENCES: tuple[Audience, ...] = ("project", "restricted", "anon")
_AUD_SUFFIX = {"project": "", "restricted": ":restricted", "anon": ":anon"}
_ISS_PART = {
    "project": "projects",
    "restricted": "projects-restricted-users",
    "anon": "projects-anonymous-users",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What this server looks at in a token of its own. ``expires_at`` in ms since 1970."""

    project_id: str
    user_id: str
    session_id: str
    is_anonymous: bool
    restriction: str | None
    expires_at: int


def audience_of(user: User) -> Audience:
    """Return the audience a user's tokens are for."""
    if user.is_anonymous:
        return "anon"
    return "restricted" if user.restriction else "project"


def purpose_of(project_id: str, audience: Audience) -> str:
    """Return the name of the key set that signs for an audience."""
    return f"{project_id}:{audience}"


class AccessTokens:
    """Writes access tokens and reads them back."""

    def __init__(
        self, keys: SigningKeys, projects: Projects, clock: Clock, *, base_url: str, seconds: int
    ) -> None:
        self._keys, self._projects, self._clock = keys, projects, clock
        self._base_url = base_url
        self.seconds: int = seconds

    async def issue(self, project: Project, user: User, session: Session) -> str:
        """Return a token for one session."""
        audience = audience_of(user)
        keys = await self._keys.of(purpose_of(project.id, audience))
        now = self._clock.now_ms() // 1000
        return jwt.sign(self._claims(project, user, session, audience, now), keys.signing)

    async def read(self, token: str) -> Claims | None:
        """Return what a token says, or ``None`` if it is not one that this server wrote.

        Whether its time is over, and whether its session still lives, is for the caller.
        """
        named = _audience_named(token)
        if named is None or await self._projects.find(named[0]) is None:
            return None  # keys are made on first use, so never for a project that is not there
        project_id, audience = named
        keys = await self._keys.of(purpose_of(project_id, audience))
        try:
            found = jwt.read(token, keys.published, typ="JWT")
        except jwt.BadToken:
            return None
        if found.get("iss") != self._issuer(project_id, audience):
            return None
        return _claims_of(found)

    async def jwks(
        self, project_id: str, *, anonymous: bool, restricted: bool
    ) -> list[dict[str, str]]:
        """Return the public keys of a project: the plain ones, and those asked for besides."""
        wanted = {"project": True, "restricted": restricted, "anon": anonymous}
        found: list[dict[str, str]] = []
        for audience in AUDIENCES:
            if wanted[audience]:
                found += (await self._keys.of(purpose_of(project_id, audience))).jwks()
        return found

    def _issuer(self, project_id: str, audience: Audience) -> str:
        return f"{self._base_url}/api/v1/{_ISS_PART[audience]}/{project_id}"

    def _claims(
        self, project: Project, user: User, session: Session, audience: Audience, now: int
    ) -> dict[str, Any]:
        return {
            "sub": user.id,
            "project_id": project.id,
            "branch_id": "main",
            "refresh_token_id": session.id,
            "role": "authenticated",
            "name": user.display_name,
            "email": user.primary_email,
            "email_verified": user.primary_email_verified,
            "selected_team_id": user.selected_team_id,
            "signed_up_at": user.signed_up_at // 1000,
            "is_anonymous": user.is_anonymous,
            "is_restricted": user.restriction is not None,
            "restricted_reason": {"type": user.restriction} if user.restriction else None,
            "requires_totp_mfa": user.requires_totp_mfa,
            "iss": self._issuer(project.id, audience),
            "aud": project.id + _AUD_SUFFIX[audience],
            "iat": now,
            "exp": now + self.seconds,
        }


def _audience_named(token: str) -> tuple[str, Audience] | None:
    """Return project and audience that a token claims, unverified: it says which keys to try."""
    if len(token) > jwt.LARGEST_TOKEN or token.count(".") != 2:
        return None
    body = token.split(".")[1]
    try:
        value = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (ValueError, RecursionError):
        return None
    named = value.get("aud") if isinstance(value, dict) else None
    if not isinstance(named, str):
        return None
    project_id, _, _suffix = named.partition(":")
    for audience in AUDIENCES:
        if named == project_id + _AUD_SUFFIX[audience]:
            return project_id, audience
    return None


def _claims_of(found: dict[str, Any]) -> Claims:
    reason = found["restricted_reason"]
    return Claims(
        project_id=found["project_id"],
        user_id=found["sub"],
        session_id=found["refresh_token_id"],
        is_anonymous=found["is_anonymous"],
        restriction=reason["type"] if reason else None,
        expires_at=found["exp"] * 1000,
    )
