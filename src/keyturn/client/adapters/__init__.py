"""Auth objects for HTTP libraries. No library is loaded before one of them is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.client.adapters.bearer import Bearer
from keyturn.protocol.errors import MissingExtra

if TYPE_CHECKING:
    from keyturn.client.adapters.httpx_auth import HttpxAuth
    from keyturn.client.adapters.requests_auth import RequestsAuth
    from keyturn.client.auth import Auth


def for_httpx(auth: Auth, *, origin: str | None, account: str | None) -> HttpxAuth:
    """See ``Auth.httpx``."""
    from keyturn.client.adapters.httpx_auth import httpx_auth

    return httpx_auth(Bearer(auth, origin=origin, account=account))


def for_requests(auth: Auth, *, origin: str | None, account: str | None) -> RequestsAuth:
    """See ``Auth.requests``."""
    try:
        from keyturn.client.adapters.requests_auth import RequestsAuth
    except ModuleNotFoundError as error:
        if error.name != "requests":
            raise
        raise MissingExtra("requests", needed_for="auth.requests()") from None
    return RequestsAuth(Bearer(auth, origin=origin, account=account))
