"""Signing a command-line program in (specification: apps/client-app.spec.md, promptCliLogin).

The person opens a link and confirms there; the program polls meanwhile. Whoever opens the link
approves for whoever made it, so the login code is shown here and there, to be compared.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Generic
from urllib.parse import quote, urlsplit

from keyturn.protocol.display import printable
from keyturn.protocol.errors import LoginExpired
from keyturn.protocol.tokens import clean_token
from keyturn.protocol.waiting import LONGEST_HOLD_SECONDS, MARGIN, Pace, poll_until_decided
from keyturn.protocol.wire import json_request
from keyturn.sdk.answers import read_json
from keyturn.sdk.api import CLIENT_VERSION
from keyturn.sdk.apps.base import BaseApp
from keyturn.sdk.binding import S_co, Steps, operation
from keyturn.sdk.known_errors import CliAuthError, CliAuthExpired, CliAuthUsed, InvalidPollingCode
from keyturn.sdk.values import Members, at, present, wrong

if TYPE_CHECKING:
    from collections.abc import Callable

    from keyturn.protocol.wire import Reply, Request

CONFIRM_TARGET = "/handler/cli-auth-confirm"
DEFAULT_WAIT = timedelta(seconds=2)
DEFAULT_LIFETIME = timedelta(minutes=10)


class CliLoginOperations(BaseApp[S_co], Generic[S_co]):
    """Signing in from a terminal."""

    @operation
    def prompt_cli_login(
        self,
        *,
        app_url: str,
        anon_refresh_token: str | None = None,
        prompt_link: Callable[[str, str], object] | None = None,
        wait: timedelta = DEFAULT_WAIT,
        max_attempts: int | None = None,
        expires_in: timedelta = DEFAULT_LIFETIME,
        confirm_target: str = CONFIRM_TARGET,
    ) -> Steps[str]:
        """Have somebody sign this program in (``POST /auth/cli``, ``POST /auth/cli/poll``).

        Returns the session's refresh token. Cancelling the task, or Ctrl-C, ends the waiting.
        Servers that can are asked to hold their answer until there is one.

        Args:
            app_url: The web application where people confirm.
            anon_refresh_token: A session without a person that the sign-in takes over.
            prompt_link: Shows the link and the login code, which the person compares; both go to
                stderr where left out. Neither holds anything that a terminal would obey.
            wait: How long to stay away between two polls.
            max_attempts: How often to ask at most.
            expires_in: How long the person has.
            confirm_target: As ``build_cli_auth_confirm_url`` has it.

        Raises:
            CliAuthExpired: nobody confirmed in time.
            CliAuthUsed: the tokens have been fetched already.
            CliAuthError: asked ``max_attempts`` times, or the server no longer knows the attempt.
        """
        session = self._as_project
        body = present(
            expires_in_millis=expires_in // timedelta(milliseconds=1),
            anon_refresh_token=anon_refresh_token,
        )
        started = yield from session.post(at("auth", "cli"), body)
        code = clean_token(started.text("login_code")) or wrong("login_code")
        url = self.build_cli_auth_confirm_url(code, app_url=app_url, confirm_target=confirm_target)
        (prompt_link or _show)(url, code)
        attempts = _Attempts(max_attempts)
        try:
            return (
                yield from poll_until_decided(
                    self._poll(started.text("polling_code")),
                    attempts.read,
                    pace=Pace(
                        interval_seconds=wait.total_seconds() / MARGIN,
                        hold_seconds=LONGEST_HOLD_SECONDS,
                    ),
                    started_at=self._api.clock.monotonic(),
                    expires_in=expires_in.total_seconds(),
                )
            )
        except LoginExpired:
            raise CliAuthExpired("Nobody confirmed this sign-in in time.") from None

    def build_cli_auth_confirm_url(
        self, login_code: str, *, app_url: str, confirm_target: str = CONFIRM_TARGET
    ) -> str:
        """Return the page where a sign-in is confirmed.

        Args:
            login_code: The attempt's.
            app_url: The web application.
            confirm_target: The page's path below ``app_url``, or its whole address.

        Raises:
            ValueError: the page would not be on the web.
        """
        whole = urlsplit(confirm_target).scheme != ""
        url = confirm_target if whole else f"{app_url.rstrip('/')}/{confirm_target.lstrip('/')}"
        if urlsplit(url).scheme not in ("http", "https"):
            raise ValueError("app_url is a page's http(s) address")
        joint = "&" if urlsplit(url).query else "?"
        return f"{url}{joint}login_code={quote(login_code, safe='')}"

    def _poll(self, polling_code: str) -> Request:
        client = self._api.client
        return json_request(
            "POST",
            client.url(at("auth", "cli", "poll")),
            payload={"polling_code": polling_code},
            headers={**client.headers(), "X-Stack-Client-Version": CLIENT_VERSION},
        )


class _Attempts:
    """Reads the answers to polls, and counts them."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._made = 0

    def read(self, reply: Reply, _pace: Pace) -> str | None:
        """Return the refresh token, or ``None`` while nobody has decided."""
        self._made += 1
        try:
            answer = Members.of(read_json(reply))
        except InvalidPollingCode as error:
            raise CliAuthError("The server no longer knows this sign-in.") from error
        match answer.text("status"):
            case "success":
                return answer.text("refresh_token")
            case "expired":
                raise CliAuthExpired("Nobody confirmed this sign-in in time.")
            case "used":
                raise CliAuthUsed("This sign-in's tokens have been fetched already.")
            case "waiting":
                if self._made == self._most:
                    raise CliAuthError(f"Nobody confirmed after {self._made} questions.")
                return None
            case _:
                wrong("status")


def _show(url: str, login_code: str) -> None:
    sys.stderr.write(
        f"Open this page to sign in: {printable(url, limit=2000)}\n"
        f"It must show the same code: {printable(login_code)}\n"
    )
    sys.stderr.flush()
