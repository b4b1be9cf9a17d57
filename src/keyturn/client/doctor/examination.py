"""What the checks look at: read once, and asked of the server once, however many need it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from keyturn.client import environment_token
from keyturn.client.refresh import valid_session
from keyturn.client.stores.accounts import display_name
from keyturn.net.drive import run
from keyturn.protocol.discovery import Metadata, discover
from keyturn.protocol.errors import KeyturnError
from keyturn.protocol.wire import Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keyturn.client.runtime import Runtime
    from keyturn.net.stdlib import Http
    from keyturn.protocol.tokens import Session
    from keyturn.protocol.wire import Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the sign-in server answered.

    Attributes:
        reply: The last reply, whatever it says; ``None``: there was none.
        now: This computer's time when it came, in epoch seconds.
        metadata: The issuer's metadata, where the reply is that.
        error: Why there is no reply, or no metadata in it.
    """

    reply: Reply | None
    now: float
    metadata: Metadata | None = None
    error: KeyturnError | None = None


class Examination:
    """One look at a program's sign-in, shared by all checks.

    Args:
        rt: The program's parts.
        account: Whose session; the usual one where left out.
        environ: The environment.
    """

    def __init__(
        self, rt: Runtime, account: str | None, *, environ: Mapping[str, str] | None = None
    ) -> None:
        self.rt: Runtime = rt
        self.environ: Mapping[str, str] = os.environ if environ is None else environ
        self._account = account

    @cached_property
    def known(self) -> Session | KeyturnError:
        """Whose session is stored, as the index knows without a secret; or why there is none."""
        try:
            return self.rt.session(self._account)
        except KeyturnError as error:
            return error

    @cached_property
    def credential(self) -> Session | KeyturnError:
        """The session as a command would use it, renewed where it is due; or why there is none.

        The one read of secrets: a keyring may be behind it, and a grant.
        """
        try:
            return valid_session(self.rt, self._account)
        except KeyturnError as error:
            return error

    @property
    def who(self) -> str | None:
        """What to call the signed-in account, where there is one."""
        found = self.known
        return None if isinstance(found, KeyturnError) else display_name(found.account)

    @property
    def environment_token(self) -> str | None:
        """The token that rules while ``<APP>_TOKEN`` is set."""
        return environment_token(self.rt.config)

    @property
    def account_was_named(self) -> bool:
        """Whether the caller asked for one account."""
        return self._account is not None

    @cached_property
    def server(self) -> Answer:
        """What the server answers to one question that needs no token."""
        rt = self.rt
        try:
            with rt.http() as http:
                return self._ask(http)
        except KeyturnError as error:
            return Answer(reply=None, now=rt.effects.now(), error=error)

    def _ask(self, http: Http) -> Answer:
        sender = _Remembering(http)
        rt, metadata, problem = self.rt, None, None
        try:
            if rt.config.stack is not None or rt.config.provider is not None:
                sender.send(Request(method="GET", url=rt.config.issuer))
            else:
                metadata = run(discover(rt.config.issuer), sender)
        except KeyturnError as error:
            problem = error
        now = rt.effects.now()
        return Answer(reply=sender.reply, now=now, metadata=metadata, error=problem)


class _Remembering:
    """Sends, and keeps the last reply: its Date and its coming at all are evidence too."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self.reply: Reply | None = None

    def send(self, request: Request) -> Reply:
        self.reply = None
        self.reply = self._http.send(request)
        return self.reply

    def pause(self, seconds: float) -> float:
        return self._http.pause(seconds)
