"""The device authorization grant (RFC 8628): show a link and a code, poll until it is decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from keyturn.protocol.display import printable
from keyturn.protocol.errors import LoginDenied, LoginExpired
from keyturn.protocol.jwt import finite_number
from keyturn.protocol.refusal import error_code, refused
from keyturn.protocol.tokens import Tokens, read_tokens
from keyturn.protocol.waiting import Pace, poll_until_decided
from keyturn.protocol.wire import form_request, send, unexpected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keyturn.protocol.wire import Reply, Steps

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
DEFAULT_INTERVAL_SECONDS = 5.0  # RFC 8628 section 3.2
_LONGEST_INTERVAL_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCode:
    """What the server gave this attempt (RFC 8628 section 3.2).

    Attributes:
        device_code: The secret half; only the token endpoint sees it.
        user_code: What the person types, fit to print.
        verification_uri: Where the person types it.
        complete_uri: The same with the code in it, where the server offers one.
        expires_in: Seconds from ``started_at``.
        interval: Seconds between two polls.
        started_at: The monotonic time of the answer.
    """

    device_code: str = field(repr=False)
    user_code: str
    verification_uri: str
    complete_uri: str | None
    expires_in: float
    interval: float
    started_at: float


def start(
    endpoint: str, *, client_id: str, scope: str | None, about: Mapping[str, str]
) -> Steps[DeviceCode]:
    """Ask for a device code (RFC 8628 section 3.1).

    Args:
        endpoint: The device authorization endpoint.
        client_id: This program's client.
        scope: What to ask for; ``None`` leaves it to the server.
        about: What the program says of itself: host_name, system, program.

    Raises:
        ExchangeFailed, UnexpectedReply, ServerUnreachable.
    """
    reply = yield from send(
        form_request(endpoint, {"client_id": client_id, "scope": scope or None, **about})
    )
    if reply.status != 200:
        raise refused(reply)
    return read_start(reply)


def read_start(reply: Reply) -> DeviceCode:
    """Read the answer to ``start``.

    Raises:
        UnexpectedReply: a required member is missing, or the link is no http(s) address.
    """
    answer = reply.json_object()
    complete = answer.get("verification_uri_complete")
    return DeviceCode(
        device_code=reply.text("device_code"),
        user_code=printable(reply.text("user_code"), limit=64),
        verification_uri=_web_address(reply, reply.text("verification_uri")),
        complete_uri=_web_address(reply, complete) if isinstance(complete, str) else None,
        expires_in=_required_number(reply, answer.get("expires_in")),
        interval=_interval(answer.get("interval")),
        started_at=reply.at,
    )


def poll(
    endpoint: str,
    code: DeviceCode,
    *,
    client_id: str,
    wall_clock: Callable[[], float],
    hold_seconds: float = 0.0,
) -> Steps[Tokens]:
    """Poll until the person has decided (RFC 8628 section 3.4).

    Args:
        endpoint: The token endpoint.
        code: The attempt.
        client_id: This program's client.
        wall_clock: Returns epoch seconds; used where only a JWT tells when its token ends.
        hold_seconds: How long the server offers to hold an answer; 0: it does not.

    Raises:
        LoginDenied: the person declined.
        LoginExpired: nobody decided in time.
        ExchangeFailed, UnexpectedReply.
    """
    request = form_request(
        endpoint,
        {"grant_type": GRANT_TYPE, "device_code": code.device_code, "client_id": client_id},
    )
    return poll_until_decided(
        request,
        lambda reply, pace: read_poll(reply, pace, now=wall_clock()),
        pace=Pace(interval_seconds=code.interval, hold_seconds=hold_seconds),
        started_at=code.started_at,
        expires_in=code.expires_in,
    )


def read_poll(reply: Reply, pace: Pace, *, now: float) -> Tokens | None:
    """Turn one poll's answer into tokens, or ``None`` while nobody has decided.

    Raises:
        LoginDenied, LoginExpired, ExchangeFailed, UnexpectedReply.
    """
    if reply.status == 200:
        return read_tokens(reply, now=now)
    match error_code(reply):
        case "authorization_pending":
            return None
        case "slow_down":
            pace.slow_down()
            return None
        case "access_denied":
            raise LoginDenied
        case "expired_token":
            raise LoginExpired
        case _:
            raise refused(reply)


def _required_number(reply: Reply, value: object) -> float:
    number = finite_number(value)
    if number is None:
        raise unexpected(reply, "it does not say how long the code lives")
    return number


def _interval(value: object) -> float:
    stated = finite_number(value)
    # Zero would be a busy loop, and an hour a way to look hung.
    return min(max(stated, 1.0), _LONGEST_INTERVAL_SECONDS) if stated else DEFAULT_INTERVAL_SECONDS


def _web_address(reply: Reply, url: str) -> str:
    if not url.startswith(("https://", "http://")) or not all("!" <= c <= "~" for c in url):
        raise unexpected(reply, "the link to visit is no http(s) address")
    return url
