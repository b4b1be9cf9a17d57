"""``auth list``: who is signed in, from the store alone."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from keyturn.client.commands.document import kept_in, session_document
from keyturn.client.commands.selection import selected_here, warn_of_shadows
from keyturn.client.commands.table import JSON, VERBOSE, Option
from keyturn.client.commands.text import clean, host_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keyturn.client.commands.document import Document
    from keyturn.client.commands.run import Call
    from keyturn.client.session import SessionInfo

OPTIONS: Sequence[Option] = (JSON, VERBOSE)
_NAME_WIDTH = 20


def run(call: Call) -> int:
    """List the signed-in accounts, the default first. Nobody signed in is an empty list."""
    sessions = call.auth.sessions()
    if call.console.as_json:
        call.console.document(_document(call, sessions))
        return 0
    for line in _table(sessions):
        call.console.answer(line)
    _talk(call, sessions)
    return 0


def _table(sessions: Sequence[SessionInfo]) -> list[str]:
    names = [clean(name) for name in _names(sessions)]
    name_width = max([_NAME_WIDTH, *map(len, names)])
    host_width = max([0, *(len(session.issuer_host) for session in sessions)])
    return [
        f"  {name:<{name_width}}  {session.issuer_host:<{host_width}}   "
        f"{'default' if session.is_default else ''}".rstrip()
        for name, session in zip(names, sessions, strict=True)
    ]


def _names(sessions: Sequence[SessionInfo]) -> list[str]:
    """Return what to call each; two of one name are told apart by what ``switch`` takes: the id."""
    shared = Counter(session.display_name for session in sessions)
    return [
        name if shared[name := session.display_name] == 1 else f"{name} ({session.account_id})"
        for session in sessions
    ]


def _talk(call: Call, sessions: Sequence[SessionInfo]) -> None:
    console = call.console
    if not sessions:
        console.talk(f"Nobody is signed in to {host_of(call.auth.issuer)}.")
        console.talk(f"Run `{call.typed('login')}` to sign in.")
        return
    places = {kept_in(session) for session in sessions}
    for session in sessions:
        if len(places) > 1:
            console.talk(f"{session.display_name} is kept in {kept_in(session)}.")
    if len(places) == 1:
        console.talk(f"Kept in {places.pop()}.")
    default = next((session for session in sessions if session.is_default), None)
    warn_of_shadows(call, default)
    if default is None and selected_here(call) is None:
        console.talk(f"None is the default. Pick one with `{call.typed('switch')}`.")


def _document(call: Call, sessions: Sequence[SessionInfo]) -> Document:
    here = selected_here(call)
    return {
        "accounts": [session_document(session) for session in sessions],
        "issuer": call.auth.issuer,
        "selected_by": here and here.source,
        "selected": here.session.account_id if here and here.session else None,
        "environment_variable": call.auth.env_token_name() if call.auth.env_token_set() else None,
    }
