"""Who is mailed a sign-in code, and whom one signs in. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keyturn.server.one_time.rules import CodeNotFound

if TYPE_CHECKING:
    from keyturn.server.accounts.rules import User
    from keyturn.server.contact_channels.rules import Channel
    from keyturn.server.projects.rules import ProjectConfig


@dataclass(eq=False)
class Unproved(Exception):
    """An account has the address, but nobody has proved yet that it is theirs."""

    email: str


def is_mailed(user: User | None, config: ProjectConfig) -> bool:
    """Say whether a mail goes out: to an account that may sign in, or to one that may come to be.

    The answer to the request is the same in every case.
    """
    return config.sign_up_enabled if user is None else user.disabled_at is None


def check_may_sign_in(user: User, channel: Channel) -> None:
    """Judge an account again when the code is brought back.

    Raises:
        CodeNotFound: the account is disabled; its codes open nothing.
        Unproved: the mail went to whoever reads it, but the account may be somebody else's, who
            signed up with an address that is not theirs.
    """
    if user.disabled_at is not None:
        raise CodeNotFound
    if not channel.is_verified:
        raise Unproved(channel.value)
