"""What a program may do if it is approved, in sentences, and for how long. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from keyturn.server.pages.words import lasts
from keyturn.server.sessions import rules

if TYPE_CHECKING:
    from keyturn.server.oauth.resources import Resources
    from keyturn.server.projects.rules import Client
    from keyturn.server.sessions.rules import Lifetime

_DAY = 24 * 3600


def grants(scope: str, declared: Mapping[str, str]) -> tuple[str, ...]:
    """Return one sentence a scope, to follow "NAME can".

    Args:
        scope: What will be granted.
        declared: What an operator wrote of scopes; one that nobody did is shown by its name.
    """
    asked = scope.split()
    found: list[str] = []
    profile, email = "profile" in asked, "email" in asked
    if profile and email:
        found.append("See your name and email address")
    elif profile or email:
        found.append("See your name" if profile else "See your email address")
    known = {"openid", "profile", "email", "offline_access"}
    for name in asked:
        if name not in known:
            found.append(declared.get(name, f"Use the permission {name}"))
    return tuple(found) or ("See your account id",)


def declared_words(client: Client, resources: Resources) -> dict[str, str]:
    """Return what operators wrote of the scopes of a client: of its own, else of its project's."""
    return {**resources.words(client.project_id), **client.scope_words}


def lifetime_words(lifetime: Lifetime) -> str:
    """Say how long a session of this lifetime lasts."""
    idle = lifetime.idle_seconds
    return lasts(
        idle_days=None if idle is None else idle // _DAY,
        most_days=lifetime.absolute_seconds // _DAY,
    )


LOOPBACK_LASTS = lifetime_words(rules.LOOPBACK)
DEVICE_LASTS = lifetime_words(rules.DEVICE)
STACK_LASTS = lifetime_words(rules.STACK)


def verdict(theirs: str | None, ours: str | None) -> Literal["same", "different", "unknown"]:
    """Compare the address of a program with the browser's."""
    if theirs is None or ours is None:
        return "unknown"
    return "same" if theirs == ours else "different"
