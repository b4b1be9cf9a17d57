"""``auth switch``: choose the account that is used when none is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.client.commands.document import session_document, who
from keyturn.client.commands.selection import warn_of_shadows
from keyturn.client.commands.table import JSON, VERBOSE, Option

if TYPE_CHECKING:
    from keyturn.client.commands.run import Call

OPTIONS = (
    Option("account", metavar="REF", help="The account: its id, email address or label."),
    JSON,
    VERBOSE,
)


def run(call: Call) -> int:
    """Pin the named account. Several of that name is an error, never the first one.

    Raises:
        AccountNotFound, AccountAmbiguous: ``account`` fits nobody, or several.
    """
    session = call.auth.switch(str(call.options["account"]))
    if call.console.as_json:
        call.console.document(session_document(session))
        return 0
    call.console.answer(f"Now using {who(session)}.")
    warn_of_shadows(call, session)
    return 0
