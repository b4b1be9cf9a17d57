"""What a passkey is, and which page may use one. Pure."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from keyturn.server.projects.rules import is_trusted_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keyturn.server.projects.rules import ProjectConfig
    from keyturn.server.storage.base import Row

# Published clients refuse options that do not name this, and put their page's host in its place.
RP_ID_PLACEHOLDER = "THIS_VALUE_WILL_BE_REPLACED.example.com"


class CeremonyFailed(Exception):
    """What a browser brought does not prove what it should; the text says why, without secrets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """One row of ``passkey``: what recognises a credential, and opens nothing."""

    project_id: str
    credential_id: str
    user_id: str
    public_key: bytes = field(repr=False)
    sign_count: int

    @classmethod
    def from_row(cls, row: Row) -> Passkey:
        """Read one row."""
        values: dict[str, Any] = {name: row[name] for name in cls.__slots__}
        return cls(**{**values, "public_key": bytes(row["public_key"])})


def page_of(credential: Mapping[str, Any]) -> str:
    """Return the origin of the page that a credential was made or used on, as its browser says.

    It is signed with the rest, so it can be believed once the signature has been checked.

    Raises:
        CeremonyFailed: it cannot be read, or the page stood in another site's frame, where the
            person may not have known whom they answered (Web Authentication section 13.4.9).
    """
    try:
        encoded = credential["response"]["clientDataJSON"]
        said = json.loads(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
        origin, crossed = said["origin"], said.get("crossOrigin", False)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise CeremonyFailed("clientDataJSON cannot be read") from None
    if not isinstance(origin, str) or crossed is not False:
        raise CeremonyFailed("the page is in a frame of another site")
    return origin


def rp_id_of(config: ProjectConfig, origin: str, *, base_url: str) -> str:
    """Return the relying party that a page stands for: its host.

    Raises:
        CeremonyFailed: the project does not list the page's origin.
    """
    if not is_trusted_url(config, origin, base_url=base_url):
        raise CeremonyFailed("the origin is not allowed")
    return urlsplit(origin).hostname or ""


def is_handle_of(credential: Mapping[str, Any], user_id: str) -> bool:
    """Say whether a user handle, where there is one, names the user that the credential is of."""
    handle = credential["response"].get("userHandle")
    if handle is None:
        return True
    try:
        return urlsafe_b64decode(handle + "=" * (-len(handle) % 4)) == user_id.encode()
    except (TypeError, ValueError):
        return False
