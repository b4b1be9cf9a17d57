"""Registering this program at a server, and finding out how the server takes loopback ports.

A native app's address is registered without a port, and any port is then to be taken (RFC 8252
section 7.3). Some servers compare the whole address all the same. None of them says so to the
program: it is the browser that would show an error. So the program asks first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.net.drive import run
from keyturn.net.loopback import HOST, PATH
from keyturn.protocol.authorize import Attempt, authorization_url
from keyturn.protocol.errors import RegistrationFailed
from keyturn.protocol.pkce import new_verifier
from keyturn.protocol.register import RedirectRefused, Registration, register
from keyturn.protocol.wire import Request

if TYPE_CHECKING:
    from keyturn.client.runtime import Runtime
    from keyturn.net.stdlib import Http
    from keyturn.protocol.client_auth import Client
    from keyturn.protocol.discovery import Metadata

_ANY_PORT = f"http://{HOST}{PATH}"


def obtain(
    rt: Runtime, http: Http, metadata: Metadata, *, scope: str | None, port: int | None
) -> tuple[Registration, int | None]:
    """Register, with any port if the server takes that, else with ``port``.

    Returns what was registered, and its port if it is bound to one.

    Raises:
        RegistrationFailed, ServerUnreachable, UnexpectedReply.
    """
    try:
        made = _register(rt, http, metadata, _ANY_PORT, scope)
    except RedirectRefused:
        made = None
    if made is not None and (port is None or _takes(rt, http, metadata, made.client, port, scope)):
        return made, None
    if port is None:
        raise RegistrationFailed("The sign-in server takes no program that has no port of its own.")
    rt.trace(f"the server wants one port, and gets {port}")
    try:
        return _register(rt, http, metadata, f"http://{HOST}:{port}{PATH}", scope), port
    except RedirectRefused:
        raise RegistrationFailed(
            "The sign-in server takes no program that a browser comes back to."
        ) from None


def _register(
    rt: Runtime, http: Http, metadata: Metadata, redirect_uri: str, scope: str | None
) -> Registration:
    name = rt.config.program
    return run(register(metadata, name=name, redirect_uri=redirect_uri, scope=scope), http)


def _takes(
    rt: Runtime, http: Http, metadata: Metadata, client: Client, port: int, scope: str | None
) -> bool:
    """Ask for the sign-in page as a browser would, with a state and a verifier never used again.

    An address that it does not know, a server must not redirect to (RFC 6749 section 4.1.2.1).
    """
    if metadata.authorization is None:
        return True
    random_bytes = rt.effects.random_bytes
    trial = Attempt(
        issuer=metadata.issuer,
        iss_in_callback=False,
        client_id=client.id,
        redirect_uri=f"http://{HOST}:{port}{PATH}",
        state=random_bytes(16).hex(),
        verifier=new_verifier(random_bytes),
    )
    url = authorization_url(metadata.authorization, trial, scope=scope, about={})
    return http.send(Request(method="GET", url=url, headers={"Accept": "text/html"})).status != 400
