"""What an account cannot take along when it becomes somebody's: every way in that it had.

A guest's session may have been planted: somebody starts a program as a guest and lets another
person turn that guest into their account. Whoever did so must not keep a way in (server promise
S-9), be it a session, or a passkey, key or address that they gave the guest beforehand. What the
guest made stays; whoever it is now registers their passkey or second factor anew.

The same holds for an account whose address nobody had proved, once somebody proves it.
"""

from __future__ import annotations

from keyturn.server.accounts.rules import User
from keyturn.server.sessions import store as sessions
from keyturn.server.storage.base import Work, first, run


def leave_no_way_in(guest: User, *, now: int, reason: str = "upgraded") -> Work[User]:
    """End and forget everything that signs in as a user; return it as it is then."""
    yield from sessions.end_of_user(guest.id, reason=reason, now=now)
    for statement in (
        "forget_planted_passkey",
        "forget_planted_addresses",
        "forget_planted_provider_accounts",
    ):
        yield from run(statement, user_id=guest.id)
    yield from run("revoke_planted_api_keys", user_id=guest.id, now=now)
    row = yield from first("forget_planted_secrets", user_id=guest.id)
    return User.from_row(row) if row else guest
