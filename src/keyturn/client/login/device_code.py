"""Signing in with a browser on any other device: the device grant (RFC 8628)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.client.login.base import Granted, Options, Talk, Verification
from keyturn.client.login.registered import client_for
from keyturn.client.requester import about
from keyturn.net.drive import run
from keyturn.protocol import device
from keyturn.protocol.client_auth import authenticating
from keyturn.protocol.retry import SKEW_WORTH_TELLING_SECONDS

if TYPE_CHECKING:
    from keyturn.client.runtime import Runtime
    from keyturn.net.stdlib import Http
    from keyturn.protocol.discovery import Metadata


def sign_in(rt: Runtime, http: Http, talk: Talk, metadata: Metadata, options: Options) -> Granted:
    """Show a code to type elsewhere and wait until that happened.

    The link with the code in it is never shown, even where the server offers one: who types the
    code has looked at this terminal, who follows a link may have been sent it.

    Raises:
        LoginDenied, LoginExpired, ExchangeFailed, ServerUnreachable, UnexpectedReply; and as
        ``client_for`` does.
    """
    client = client_for(rt, http, metadata, options)
    starting = device.start(
        metadata.device_authorization or "",
        client_id=client.id,
        scope=options.scope,
        about=about(rt.config.program),
    )
    code = run(authenticating(starting, client), http)
    talk.show_link(
        Verification(
            method="device",
            url=code.verification_uri,
            user_code=code.user_code,
            expires_at=rt.effects.now() + code.expires_in,
        ),
        open_browser=False,
    )
    polling = device.poll(
        metadata.token,
        code,
        client_id=client.id,
        wall_clock=rt.effects.now,
        hold_seconds=metadata.hold_seconds,
    )
    before = rt.effects.now() - rt.effects.monotonic()
    tokens = run(authenticating(polling, client), http)
    talk.decided()
    _note_drift(rt, rt.effects.now() - rt.effects.monotonic() - before)
    return Granted(tokens=tokens, metadata=metadata, client=client, scope=options.scope)


def _note_drift(rt: Runtime, seconds: float) -> None:
    """Say that the clock was set, or the computer slept, while somebody typed the code.

    Neither counts for the attempt: it is timed by a clock that only grows, and by the server.
    """
    if abs(seconds) > SKEW_WORTH_TELLING_SECONDS:
        way = "forward" if seconds > 0 else "back"
        rt.trace(f"this computer's clock went {abs(seconds) / 60:.0f} minutes {way} meanwhile")
