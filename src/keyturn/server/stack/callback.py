"""The address that a mailed link leads to, as a caller names it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import StringConstraints

from keyturn.server.projects.rules import is_trusted_url
from keyturn.server.stack import errors

if TYPE_CHECKING:
    from keyturn.server.stack.endpoint import Call

CallbackUrl = Annotated[str, StringConstraints(max_length=2048)]


def trusted(call: Call[Any, Any], url: str) -> str:
    """Return ``url`` if its origin is one that the project lists.

    Raises:
        KnownError: REDIRECT_URL_NOT_WHITELISTED 400.
    """
    base_url = call.services.settings.issuer
    if not is_trusted_url(call.project.config, url, base_url=base_url):
        raise errors.redirect_url_not_whitelisted()
    return url


def visitor_of(call: Call[Any, Any]) -> str | None:
    """Return the address that mails count against: none for a project's own server.

    It asks for all of its users, who would share its limit.
    """
    return call.counted_ip if call.caller.is_client else None
