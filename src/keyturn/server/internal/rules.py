"""What an administrator may change of a project, and what a set of keys is. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from keyturn.server.projects.rules import web_origin

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from keyturn.server.projects.rules import Project
    from keyturn.server.storage.base import Row

# The id by which published clients call the project whose people administer other projects.
INTERNAL = "internal"
KINDS = ("publishable_client_key", "secret_server_key", "super_secret_admin_key")
_PERMISSIONS = (
    "team_creator_default_permissions",
    "team_member_default_permissions",
    "user_default_permissions",
)
# What this server has in one form only: that form may be said, and changes nothing.
_FIXED = {
    "email_config": {"type": "shared"},
    "email_theme": "default",
    "oauth_account_merge_strategy": "link_method",
}


class NotHere(Exception):
    """What published servers can change and this one cannot."""


class Contradiction(Exception):
    """The change makes no sense; its text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySet:
    """Keys that were given out together; ``last_four`` is what is known of each, by kind."""

    id: str
    description: str
    last_four: dict[str, str]
    created_at: int
    expires_at: int
    revoked_at: int | None


def key_sets(rows: Sequence[Row]) -> list[KeySet]:
    """Put the rows of each set together, in their order."""
    found: dict[str, KeySet] = {}
    for row in rows:
        one = found.setdefault(
            row["id"],
            KeySet(
                id=row["id"],
                description=row["description"],
                last_four={},
                created_at=row["created_at"],
                expires_at=row["expires_at"],
                revoked_at=row["revoked_at"],
            ),
        )
        if row["kind"] is not None:
            one.last_four[row["kind"]] = row["last_four"]
    return list(found.values())


def is_internal(project: Project) -> bool:
    """Say whether a project is the internal one: by its name, and because its operator says so.

    The name alone is too common to give anybody power over other projects.
    """
    return project.id == INTERNAL and project.config.administers_projects


def administers(project: Project, team_ids: Collection[str]) -> bool:
    """Say whether members of these teams of the internal project administer a project."""
    return project.config.owner_team_id in team_ids


def changed(project: Project, sent: dict[str, Any]) -> Project:
    """Return a project with what an administrator sent.

    Args:
        project: As it is.
        sent: The members of the body that were sent, by their published names.

    Raises:
        NotHere, Contradiction: it cannot be changed so.
    """
    config = _plain(sent.get("config") or {})
    if "description" in sent:
        config["description"] = sent["description"] or ""
    production = sent.get("is_production_mode")
    if production is not None and config.get("allow_localhost") is production:
        raise Contradiction("In production mode localhost is not allowed, otherwise it is")
    if production is not None:
        config["allow_localhost"] = not production
    return replace(
        project,
        display_name=sent.get("display_name", project.display_name),
        config=replace(project.config, **config),
    )


def defaults_sent(sent: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the ids of permissions that are to come by default: ``team`` and ``project``."""
    config = sent.get("config") or {}
    ids = {name: _ids(config[name]) for name in _PERMISSIONS if config.get(name) is not None}
    return {
        "team": ids.get(_PERMISSIONS[0], ()) + ids.get(_PERMISSIONS[1], ()),
        "project": ids.get(_PERMISSIONS[2], ()),
    }


def _plain(sent: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in sent.items():
        if value is None:
            continue
        if name == "domains":
            found["trusted_domains"] = tuple(_domain(each) for each in value)
        elif name in _PERMISSIONS:
            found[name] = _ids(value)
        elif name in _FIXED or name == "oauth_providers":
            if value != _FIXED.get(name):
                raise NotHere(name)
        else:
            found[name] = value
    return found


def _domain(sent: dict[str, str]) -> str:
    if sent["handler_path"] != "/handler":
        raise NotHere("handler_path")
    if web_origin(sent["domain"]) is None:
        raise Contradiction("A domain is an address that begins with http:// or https://")
    return sent["domain"]


def _ids(sent: list[dict[str, str]]) -> tuple[str, ...]:
    return tuple(each["id"] for each in sent)
