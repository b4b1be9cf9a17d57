"""What passkeys need from storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.passkeys.rules import Passkey
from keyturn.server.storage.base import Work, first

if TYPE_CHECKING:
    from keyturn.server.passkeys.ceremony import Registered


def find(project_id: str, credential_id: str) -> Work[Passkey | None]:
    """Return the passkey of a credential."""
    row = yield from first("passkey", project_id=project_id, credential_id=credential_id)
    return Passkey.from_row(row) if row else None


def replace(project_id: str, user_id: str, new: Registered, *, now: int) -> Work[bool]:
    """Make a credential the user's one passkey; false if it is somebody else's."""
    yield from delete_of_user(user_id)
    row = yield from first(
        "insert_passkey",
        project_id=project_id,
        credential_id=new.credential_id,
        user_id=user_id,
        public_key=new.public_key,
        sign_count=new.sign_count,
        now=now,
    )
    return row is not None


def delete_of_user(user_id: str) -> Work[bool]:
    """Forget a user's passkey; false if there was none."""
    row = yield from first("delete_passkey_of_user", user_id=user_id)
    return row is not None


def use(passkey: Passkey, *, sign_count: int, now: int) -> Work[bool]:
    """Note that a passkey was used; false if it is no longer the one that was read."""
    row = yield from first(
        "use_passkey",
        project_id=passkey.project_id,
        credential_id=passkey.credential_id,
        user_id=passkey.user_id,
        sign_count_before=passkey.sign_count,
        sign_count=sign_count,
        now=now,
    )
    return row is not None
