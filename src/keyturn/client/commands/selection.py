"""What decides which account is used here when a command names none, told to people.

The decision itself is ``keyturn.client.hot.named_account`` and ``stores.accounts.pick``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.client import ACCOUNT_FILE, named_account, variable, variable_prefix
from keyturn.protocol.errors import AccountAmbiguous, AccountNotFound

if TYPE_CHECKING:
    from keyturn.client.commands.run import Call
    from keyturn.client.session import SessionInfo


class Selection:
    """An account asked for by the surroundings.

    Attributes:
        source: What asks for it: ``ACME_ACCOUNT`` or ``.keyturn-account``.
        reference: The id, email or label it gives.
        session: Whose session that is; ``None`` where it fits no stored one, or several.
    """

    __slots__ = ("reference", "session", "source")

    def __init__(self, source: str, reference: str, session: SessionInfo | None) -> None:
        self.source: str = source
        self.reference: str = reference
        self.session: SessionInfo | None = session

    @property
    def name(self) -> str:
        """What to call that account."""
        return self.session.display_name if self.session else self.reference


def selected_here(call: Call) -> Selection | None:
    """Return what ``<APP>_ACCOUNT`` or the nearest ``.keyturn-account`` asks for, if anything."""
    auth = call.auth
    reference = named_account(auth)
    if reference is None:
        return None
    by_variable = bool(variable(auth.name, "ACCOUNT"))
    source = variable_prefix(auth.name) + "_ACCOUNT" if by_variable else ACCOUNT_FILE
    try:
        session = auth.session(account=reference)
    except (AccountNotFound, AccountAmbiguous):
        session = None
    return Selection(source, reference, session)


def warn_of_shadows(call: Call, chosen: SessionInfo | None) -> None:
    """Say what in the surroundings is used here instead of ``chosen``, the usual account."""
    console = call.console
    here = selected_here(call)
    if here is not None and here.session is None:
        console.mark(
            "warn", f"{here.source} asks for {here.reference!r}, which names no one account here."
        )
    elif here is not None and _id(here.session) != _id(chosen):
        console.mark("warn", f"{here.source} chooses {here.name} here instead.")
    if call.auth.env_token_set():
        name = call.auth.env_token_name()
        console.mark("warn", f"{name} is set in the environment and is used instead.")


def _id(session: SessionInfo | None) -> str | None:
    return session.account_id if session else None
