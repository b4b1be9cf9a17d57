"""What apps can do besides users, teams and sessions, put together from one file per area."""

from __future__ import annotations

from typing import Generic

from keyturn.sdk.apps.mailed_codes import MailedCodeOperations
from keyturn.sdk.apps.oauth import OAuthSignIn
from keyturn.sdk.apps.passkeys import PasskeySignIn
from keyturn.sdk.apps.payments import ClientPaymentOperations, ServerPaymentOperations
from keyturn.sdk.apps.server_features import ServerFeatureOperations
from keyturn.sdk.binding import S_co


class ClientFeatures(
    MailedCodeOperations[S_co],
    OAuthSignIn[S_co],
    PasskeySignIn[S_co],
    ClientPaymentOperations[S_co],
    Generic[S_co],
):
    """What a project's programs can do besides."""


class ServerFeatures(
    MailedCodeOperations[S_co],
    OAuthSignIn[S_co],
    PasskeySignIn[S_co],
    ServerPaymentOperations[S_co],
    ServerFeatureOperations[S_co],
    Generic[S_co],
):
    """What a project's servers can do besides."""
