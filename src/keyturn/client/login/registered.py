"""Which client a sign-in is made as: the program's own, or the one that the server made for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keyturn.client.login.base import Options
    from keyturn.client.runtime import Runtime
    from keyturn.net.stdlib import Http
    from keyturn.protocol.client_auth import Client
    from keyturn.protocol.discovery import Metadata


def client_for(
    rt: Runtime, http: Http, metadata: Metadata, options: Options, *, port: int | None = None
) -> Client:
    """Return the client to sign in as, registering the program where it brings none along.

    Args:
        rt: The program's parts.
        http: The flow's HTTP.
        metadata: The server's.
        options: What was asked for.
        port: Where the browser is to come back to; ``None``: nowhere.

    Raises:
        RegistrationFailed, PortUnavailable, ServerUnreachable, UnexpectedReply, StoreReadFailed,
        StoreWriteFailed, StoreUnavailable.
    """
    if not rt.config.registers:
        return rt.config.client
    return rt.registrations().for_sign_in(
        http, metadata, scope=options.scope, port=port, fixed=options.port != 0
    )


def port_for(rt: Runtime, options: Options) -> int:
    """Return the port to listen on: the one asked for, or registered; 0: any.

    Raises:
        StoreReadFailed: what is registered cannot be read.
    """
    if options.port or not rt.config.registers:
        return options.port
    return rt.registrations().port() or 0
