"""Claims about people: which scope gives which, and what the claims parameter asks. Pure.

OpenID Connect Core section 5. Only what this server knows of anybody: a name, a picture, an email
address and whether it was checked. There is no address, no phone number.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keyturn.server.http.body import parse_json
from keyturn.server.http.errors import BodyUnreadable
from keyturn.server.oauth.rules import Malformed

if TYPE_CHECKING:
    from keyturn.server.accounts.rules import User

SCOPES = {"profile": ("name", "picture"), "email": ("email", "email_verified")}
SCOPE_OF = {claim: scope for scope, claims in SCOPES.items() for claim in claims}
SUPPORTED = ("sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "acr", *SCOPE_OF)
# No level of assurance is measured; "0" is the value for that (Core section 2).
ACR = "0"
_LONGEST_PICTURE = 2048


class Unmet(Exception):
    """An authentication was asked for, as essential, that this server does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsRequest:
    """What the claims parameter asks for, as far as this server has it (Core section 5.5).

    Attributes:
        userinfo: Names of claims that userinfo is to give.
        id_token: Names of claims that the ID token is to give.
        acr: The ID token is to name the authentication's class.
        subject: The only user whom the request may be answered for.
    """

    userinfo: frozenset[str] = frozenset()
    id_token: frozenset[str] = frozenset()
    acr: bool = False
    subject: str | None = None

    @property
    def names(self) -> frozenset[str]:
        """Every claim about the person, wherever it is to be given."""
        return self.userinfo | self.id_token

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes that would have given these claims."""
        return frozenset(SCOPE_OF[name] for name in self.names)

    def as_json(self) -> str | None:
        """Return a claims parameter that reads as this; ``None`` if it asks for nothing."""
        id_token: dict[str, Any] = dict.fromkeys(sorted(self.id_token))
        if self.acr:
            id_token["acr"] = None
        if self.subject is not None:
            id_token["sub"] = {"value": self.subject}
        wanted = {"userinfo": dict.fromkeys(sorted(self.userinfo)), "id_token": id_token}
        given = {member: claims for member, claims in wanted.items() if claims}
        return json.dumps(given, separators=(",", ":")) if given else None


NOTHING = ClaimsRequest()


def read_claims(text: str | None, *, scopes: Collection[str]) -> ClaimsRequest:
    """Read a claims parameter; claims of scopes that the client may not have are left out.

    Raises:
        Malformed: not an object of such requests, or two subjects at once.
        Unmet: an essential ``acr`` that this server does not have (Core section 5.5.1.1).
    """
    if text is None:
        return NOTHING
    try:
        asked = parse_json(text.encode())
    except (BodyUnreadable, UnicodeEncodeError):
        raise Malformed("the claims are not JSON") from None
    if not isinstance(asked, dict):
        raise _malformed()
    userinfo, id_token = _requests(asked, "userinfo"), _requests(asked, "id_token")
    _check_acr(id_token.get("acr"))
    return ClaimsRequest(
        userinfo=_known(userinfo, scopes),
        id_token=_known(id_token, scopes),
        acr="acr" in id_token,
        subject=_subject(userinfo.get("sub"), id_token.get("sub")),
    )


def stored_claims(text: str | None) -> ClaimsRequest:
    """Read what ``as_json`` wrote and storage kept."""
    return read_claims(text, scopes=SCOPES)


def names_of(scope: Collection[str]) -> frozenset[str]:
    """Return the claims that scopes give (Core section 5.4)."""
    return frozenset(claim for claim, needed in SCOPE_OF.items() if needed in scope)


def about(user: User, names: Collection[str]) -> dict[str, Any]:
    """Return the claims of ``names`` that are known of a user; an unknown one is left out."""
    known: dict[str, Any] = {"name": user.display_name, "picture": _picture(user)}
    if user.primary_email is not None:
        known |= {"email": user.primary_email, "email_verified": user.primary_email_verified}
    return {name: value for name, value in known.items() if name in names and value is not None}


def _picture(user: User) -> str | None:
    # Images may be kept as data, which is no address and too large for a token.
    url = user.profile_image_url or ""
    return url if url.startswith(("https:", "http:")) and len(url) <= _LONGEST_PICTURE else None


def _requests(asked: Mapping[str, Any], member: str) -> dict[str, Any]:
    found = {} if asked.get(member) is None else asked[member]
    if not isinstance(found, dict):
        raise _malformed()
    if not all(value is None or isinstance(value, dict) for value in found.values()):
        raise _malformed()
    return found


def _known(asked: Mapping[str, Any], scopes: Collection[str]) -> frozenset[str]:
    return frozenset(name for name in asked if SCOPE_OF.get(name) in scopes)


def _check_acr(asked: dict[str, Any] | None) -> None:
    if not asked or asked.get("essential") is not True:
        return
    wanted = asked.get("values", [asked["value"]] if "value" in asked else [ACR])
    if not isinstance(wanted, list) or ACR not in wanted:
        raise Unmet


def _subject(*asked: dict[str, Any] | None) -> str | None:
    named = [request for request in asked if request and request.keys() & {"value", "values"}]
    found = [request.get("value") for request in named]
    # Whom a request means is never guessed: it would be answered for somebody else.
    if not all(isinstance(value, str) and value for value in found) or len(set(found)) > 1:
        raise Malformed("the claims must name one subject")
    return found[0] if found else None


def _malformed() -> Malformed:
    return Malformed("the claims are not requests for claims")
