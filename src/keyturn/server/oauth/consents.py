"""What people have approved for clients that keep a secret, for ``prompt=none`` and nothing else.

A page is shown for every other request, and for every request of a public client: anybody could
send one in a public client's name (server promise S-51).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.storage.base import Work, first, run

if TYPE_CHECKING:
    from keyturn.server.oauth.asked import AuthorizationRequest


def remember(asked: AuthorizationRequest, *, user_id: str, now: int) -> Work[None]:
    """Keep what a person has just approved, beside what they approved earlier."""
    if asked.client.is_public:
        return
    client_id = asked.client.id
    before = yield from first("consent", user_id=user_id, client_id=client_id)
    merged = {
        name: sorted(wanted | set(before[name].split() if before else ()))
        for name, wanted in _wanted(asked).items()
    }
    yield from run(
        "save_consent",
        user_id=user_id,
        client_id=client_id,
        scope=" ".join(merged["scope"]),
        resource=" ".join(merged["resource"]),
        claims=" ".join(merged["claims"]),
        now=now,
    )


def covers(asked: AuthorizationRequest, *, user_id: str) -> Work[bool]:
    """Say whether a person has approved all of this for this client and not taken it back."""
    if asked.client.is_public:
        return False
    given = yield from first("consent", user_id=user_id, client_id=asked.client.id)
    if given is None:
        return False
    return all(wanted <= set(given[name].split()) for name, wanted in _wanted(asked).items())


def _wanted(asked: AuthorizationRequest) -> dict[str, set[str]]:
    return {
        "scope": set(asked.scope.split()),
        "resource": set(asked.resource),
        "claims": set(asked.claims.names),
    }
