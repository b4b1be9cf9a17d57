"""The two ceremonies of Web Authentication, by the library that knows them.

The library is loaded when somebody first uses a passkey: it brings a good deal along. Whatever it
trips over in what a stranger sent is one refusal.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from keyturn.server.passkeys.rules import RP_ID_PLACEHOLDER, CeremonyFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keyturn.server.accounts.rules import User
    from keyturn.server.passkeys.rules import Passkey
    from keyturn.server.projects.rules import Project

TIMEOUT_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A credential that proved to hold its private key."""

    credential_id: str
    public_key: bytes = field(repr=False)
    sign_count: int


def registration_options(project: Project, user: User, challenge: bytes) -> dict[str, Any]:
    """Return what a browser needs to make a passkey (Web Authentication section 5.4)."""
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    name = user.display_name or user.primary_email or "User"
    options = generate_registration_options(
        rp_id=RP_ID_PLACEHOLDER,
        rp_name=project.display_name,
        # An authenticator keeps one passkey for a user and site, so the newest is the one.
        user_id=user.id.encode(),
        user_name=name,
        user_display_name=name,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
    )
    found: dict[str, Any] = json.loads(options_to_json(options))
    return found


def authentication_options(challenge: bytes) -> dict[str, Any]:
    """Return what a browser needs to use a passkey of any account (section 5.5)."""
    from webauthn import generate_authentication_options, options_to_json

    options = generate_authentication_options(
        rp_id=RP_ID_PLACEHOLDER, challenge=challenge, timeout=TIMEOUT_MS
    )
    found: dict[str, Any] = json.loads(options_to_json(options))
    return found


def check_registration(
    credential: Mapping[str, Any], *, challenge: bytes, origin: str, rp_id: str
) -> Registered:
    """Return a new credential if it answers the challenge (section 7.1).

    Raises:
        CeremonyFailed: it does not.
    """
    from webauthn import verify_registration_response

    try:
        found = verify_registration_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_origin=origin,
            expected_rp_id=rp_id,
        )
    except Exception:  # Whatever the library trips over, these are a stranger's bytes, and bad.
        raise CeremonyFailed("the verification response is invalid") from None
    return Registered(
        credential_id=urlsafe_b64encode(found.credential_id).rstrip(b"=").decode(),
        public_key=found.credential_public_key,
        sign_count=found.sign_count,
    )


def check_authentication(
    credential: Mapping[str, Any], passkey: Passkey, *, challenge: bytes, origin: str, rp_id: str
) -> int:
    """Return what the authenticator has counted, if its signature is the passkey's (section 7.2).

    Raises:
        CeremonyFailed: it is not, or a copy of the authenticator has counted further.
    """
    from webauthn import verify_authentication_response

    try:
        found = verify_authentication_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_origin=origin,
            expected_rp_id=rp_id,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
        )
    except Exception:  # as above
        raise CeremonyFailed("the signature could not be verified") from None
    return int(found.new_sign_count)
