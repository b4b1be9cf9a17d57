"""Signing in with a browser on any other device: the device grant (RFC 8628)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.client.login.base import Granted, Options, Talk, Verification
from keyturn.client.requester import about
from keyturn.net.drive import run
from keyturn.protocol import device

if TYPE_CHECKING:
    from keyturn.client.runtime import Runtime
    from keyturn.net.stdlib import Http
    from keyturn.protocol.discovery import Metadata


def sign_in(rt: Runtime, http: Http, talk: Talk, metadata: Metadata, options: Options) -> Granted:
    """Show a code to type elsewhere and wait until that happened.

    The link with the code in it is never shown, even where the server offers one: who types the
    code has looked at this terminal, who follows a link may have been sent it.

    Raises:
        LoginDenied, LoginExpired, ExchangeFailed, ServerUnreachable, UnexpectedReply.
    """
    client_id = rt.config.client_id
    code = run(
        device.start(
            metadata.device_authorization or "",
            client_id=client_id,
            scope=options.scope,
            about=about(rt.config.program),
        ),
        http,
    )
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
        client_id=client_id,
        wall_clock=rt.effects.now,
        hold_seconds=metadata.hold_seconds,
    )
    tokens = run(polling, http)
    talk.decided()
    return Granted(tokens=tokens, metadata=metadata)
