"""The grants of this issuer, put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keyturn.server.oauth.access_token import AccessTokens
from keyturn.server.oauth.code_grant import CodeGrant
from keyturn.server.oauth.device_grant import DeviceGrant
from keyturn.server.oauth.id_token import IdTokens
from keyturn.server.oauth.introspection import Introspection
from keyturn.server.oauth.issue import Issuer
from keyturn.server.oauth.refresh import RefreshGrant
from keyturn.server.oauth.revocation import Revocation

if TYPE_CHECKING:
    from keyturn.server.clock import Clock
    from keyturn.server.keys.service import SigningKeys
    from keyturn.server.oauth.resources import Resources
    from keyturn.server.secret import ServerSecret
    from keyturn.server.sessions.alerts import Alerts
    from keyturn.server.sessions.service import Sessions
    from keyturn.server.settings import Settings
    from keyturn.server.storage.base import Storage
    from keyturn.server.waiting import Hub


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth:
    """What stands behind the OAuth endpoints of programs."""

    access_tokens: AccessTokens
    id_tokens: IdTokens
    codes: CodeGrant
    refreshing: RefreshGrant
    polling: DeviceGrant
    revocation: Revocation
    introspection: Introspection


def build(
    settings: Settings,
    *,
    storage: Storage,
    secret: ServerSecret,
    clock: Clock,
    keys: SigningKeys,
    resources: Resources,
    sessions: Sessions,
    alerts: Alerts,
    hub: Hub,
) -> OAuth:
    """Return the grants of the issuer that ``settings`` name."""
    seconds = settings.access_token_seconds
    access_tokens = AccessTokens(keys, clock, issuer=settings.issuer, seconds=seconds)
    id_tokens = IdTokens(storage, keys, clock, issuer=settings.issuer)
    issuer = Issuer(
        sessions, access_tokens, resources, id_tokens=id_tokens, access_token_seconds=seconds
    )
    refreshing = RefreshGrant(storage, clock, sessions, issuer, alerts)
    return OAuth(
        access_tokens=access_tokens,
        id_tokens=id_tokens,
        codes=CodeGrant(storage, secret, clock, sessions, issuer),
        refreshing=refreshing,
        polling=DeviceGrant(storage, secret, clock, hub, issuer),
        revocation=Revocation(sessions, access_tokens),
        introspection=Introspection(
            storage, clock, sessions, access_tokens, refreshing, issuer=settings.issuer
        ),
    )
