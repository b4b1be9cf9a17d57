"""The CLI sign-in of the Stack-compatible API: start, show a link, poll until somebody decides.

This door can be phished by its nature: whoever opens the link approves for whoever made it. The
code to compare, shown here and on the page, is what stands against that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from keyturn.protocol.codes import grouped
from keyturn.protocol.errors import LoginExpired
from keyturn.protocol.refusal import error_code, refused
from keyturn.protocol.waiting import Pace, poll_until_decided
from keyturn.protocol.wire import json_request, send, unexpected

if TYPE_CHECKING:
    from keyturn.protocol.stack import StackClient
    from keyturn.protocol.wire import Reply, Steps

LIFETIME_SECONDS = 600.0
INTERVAL_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CliLogin:
    """One attempt.

    Attributes:
        polling_code: The secret half; only the poll carries it.
        login_code: The half that stands in the link.
        started_at: The monotonic time of the answer.
    """

    polling_code: str = field(repr=False)
    login_code: str = field(repr=False)
    started_at: float

    @property
    def compare_code(self) -> str:
        """What the page must show as well: the first eight characters, ``XXXX-XXXX``."""
        return grouped(self.login_code)


def confirm_url(app_url: str, login_code: str) -> str:
    """Return the page where the person approves this attempt."""
    return f"{app_url}/handler/cli-auth-confirm?login_code={quote(login_code, safe='')}"


def start(client: StackClient, *, anonymous_refresh_token: str | None) -> Steps[CliLogin]:
    """Start an attempt (``POST /auth/cli``).

    Args:
        client: The project.
        anonymous_refresh_token: A session without a person that the sign-in should take over.

    Raises:
        ExchangeFailed: the project or its key is unknown, or the anonymous session has ended.
        UnexpectedReply, ServerUnreachable.
    """
    payload: dict[str, object] = {"expires_in_millis": int(LIFETIME_SECONDS * 1000)}
    if anonymous_refresh_token is not None:
        payload["anon_refresh_token"] = anonymous_refresh_token
    reply = yield from send(
        json_request("POST", client.url("/auth/cli"), payload=payload, headers=client.headers())
    )
    if reply.status != 200:
        raise refused(reply)
    return CliLogin(
        polling_code=reply.text("polling_code"),
        login_code=reply.text("login_code"),
        started_at=reply.at,
    )


def poll(client: StackClient, attempt: CliLogin, *, hold_seconds: float) -> Steps[str]:
    """Poll until the person has decided and return the refresh token (``POST /auth/cli/poll``).

    ``Prefer: wait`` is asked for without being announced: servers that do not know it ignore it
    (RFC 7240 section 2), and their early answer brings the interval back.

    Raises:
        LoginExpired: declined, too late, or used by somebody else; this API tells no difference.
        ExchangeFailed, UnexpectedReply.
    """
    request = json_request(
        "POST",
        client.url("/auth/cli/poll"),
        payload={"polling_code": attempt.polling_code},
        headers=client.headers(),
    )
    return poll_until_decided(
        request,
        lambda reply, _pace: read_poll(reply),
        pace=Pace(interval_seconds=INTERVAL_SECONDS, hold_seconds=hold_seconds),
        started_at=attempt.started_at,
        expires_in=LIFETIME_SECONDS,
    )


def read_poll(reply: Reply) -> str | None:
    """Turn one poll's answer into the refresh token, or ``None`` while nobody has decided.

    Raises:
        LoginExpired, ExchangeFailed, UnexpectedReply.
    """
    if error_code(reply) == "INVALID_POLLING_CODE":
        raise LoginExpired("The server no longer knows this sign-in.")
    if reply.status not in (200, 201):
        raise refused(reply)
    match reply.text("status"):
        case "waiting":
            return None
        case "success":
            return reply.text("refresh_token")
        case "expired" | "used":
            raise LoginExpired("This sign-in was declined, or nobody confirmed it in time.")
        case _:
            raise unexpected(reply, "the sign-in is in a state this version does not know")
