"""Signing in through a browser on this computer: loopback redirect and PKCE (RFC 8252, RFC 7636).

The code comes back to a port that only this computer can be reached at, which is also what makes a
link that was sent to somebody else worthless to its sender.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from keyturn.client.login.base import Granted, Options, Talk, Verification
from keyturn.client.login.registered import client_for, port_for
from keyturn.client.requester import about
from keyturn.net.drive import run
from keyturn.net.loopback import CallbackServer
from keyturn.protocol.authorize import (
    Attempt,
    authorization_url,
    exchange,
    read_callback,
    require_s256,
)
from keyturn.protocol.client_auth import authenticating
from keyturn.protocol.pkce import new_verifier

if TYPE_CHECKING:
    from keyturn.client.runtime import Runtime
    from keyturn.net.stdlib import Http
    from keyturn.protocol.client_auth import Client
    from keyturn.protocol.discovery import Metadata

LIMIT_SECONDS = 600.0


def sign_in(rt: Runtime, http: Http, talk: Talk, metadata: Metadata, options: Options) -> Granted:
    """Send the person to the browser here and wait for it to come back.

    Raises:
        PortUnavailable, CallbackTimeout, LoginDenied, ExchangeFailed, ServerUnreachable,
        UnexpectedReply; and as ``client_for`` does.
    """
    require_s256(metadata)
    effects = rt.effects
    # Bound before the link is shown: nobody else can take the port in between.
    with CallbackServer(port=port_for(rt, options), monotonic=effects.monotonic) as server:
        client = client_for(rt, http, metadata, options, port=server.port)
        attempt = _attempt(rt, metadata, client, server.redirect_uri, options.scope)
        url = authorization_url(
            metadata.authorization or "",
            attempt,
            scope=options.scope,
            about=about(rt.config.program),
        )
        expires_at = effects.now() + LIMIT_SECONDS
        until = effects.monotonic() + LIMIT_SECONDS
        link = Verification(method="loopback", url=url, expires_at=expires_at)
        talk.show_link(link, open_browser=options.open_browser)
        code = server.wait(
            lambda query: read_callback(query, attempt), until=until, on_tick=talk.tick
        )
    talk.decided()
    redeeming = exchange(metadata.token, attempt, code, now=effects.now())
    tokens = run(authenticating(redeeming, client), http)
    return Granted(
        tokens=tokens,
        metadata=metadata,
        client=client,
        scope=options.scope,
        nonce=attempt.nonce,
    )


def _attempt(
    rt: Runtime, metadata: Metadata, client: Client, redirect_uri: str, scope: str | None
) -> Attempt:
    random_bytes = rt.effects.random_bytes
    openid = "openid" in (scope or "").split()
    return Attempt(
        issuer=metadata.issuer,
        iss_in_callback=metadata.iss_in_callback,
        client_id=client.id,
        redirect_uri=redirect_uri,
        state=base64.urlsafe_b64encode(random_bytes(24)).decode("ascii"),
        verifier=new_verifier(random_bytes),
        nonce=random_bytes(16).hex() if openid else None,
    )
