"""Who somebody is at a provider, read from what the provider says of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keyturn.protocol.display import printable
from keyturn.protocol.errors import ExchangeFailed
from keyturn.server.accounts.rules import email_problem
from keyturn.server.projects.providers import address_problem

LONGEST_NAME, LONGEST_ACCOUNT_ID, LONGEST_ADDRESS = 256, 255, 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Who somebody is at a provider.

    Attributes:
        account_id: Never changes, and is never given to somebody else.
        email_verified: Whether the provider vouches for the address.
    """

    account_id: str
    email: str | None = None
    email_verified: bool = False
    display_name: str | None = None
    image_url: str | None = None


def read_profile(claims: Mapping[str, Any]) -> Profile:
    """Read userinfo or an ID token's claims (OpenID Connect Core section 5.1), or GitHub's user.

    What cannot be kept is left out; only without a name for the person there is nobody.

    Raises:
        ExchangeFailed: there is no usable ``sub`` or ``id``.
    """
    email = claims.get("email")
    fit = isinstance(email, str) and email_problem(email) is None
    return Profile(
        account_id=_account_id(claims),
        email=email.strip() if isinstance(email, str) and fit else None,
        email_verified=fit and claims.get("email_verified") in (True, "true"),
        display_name=_text(claims, "name", "preferred_username", "login"),
        image_url=_image(claims),
    )


def _account_id(claims: Mapping[str, Any]) -> str:
    for name in ("sub", "id"):
        value = claims.get(name)
        text = str(value) if type(value) in (int, str) else ""
        if 0 < len(text) <= LONGEST_ACCOUNT_ID and text.isprintable():
            return text
    raise ExchangeFailed("The provider does not say who signed in.")


def _text(claims: Mapping[str, Any], *names: str) -> str | None:
    for name in names:
        value = claims.get(name)
        if isinstance(value, str) and (text := printable(value, limit=LONGEST_NAME).strip()):
            return text
    return None


def _image(claims: Mapping[str, Any]) -> str | None:
    for name in ("picture", "avatar_url"):
        url = claims.get(name)
        if isinstance(url, str) and len(url) <= LONGEST_ADDRESS and url.startswith("https://"):
            return None if address_problem(url, may_have_query=True) else url
    return None
