"""Putting the features together: each is handed what it works on, and nothing looks anything up."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from keyturn.server.accounts.directory import Directory
from keyturn.server.accounts.passwords import Passwords
from keyturn.server.accounts.service import Accounts
from keyturn.server.api_keys.service import ApiKeys
from keyturn.server.approve.service import Approvals
from keyturn.server.cli_login.service import CliLogin
from keyturn.server.contact_channels.service import ContactChannels
from keyturn.server.data_vault.service import DataVault
from keyturn.server.emails.sender import Sender
from keyturn.server.emails.service import Emails
from keyturn.server.external_sign_in.service import ExternalSignIn, Rooms
from keyturn.server.http.limits import Limits
from keyturn.server.internal.service import Administration
from keyturn.server.invitations.service import Invitations
from keyturn.server.keys.service import SigningKeys
from keyturn.server.mail.service import Mail
from keyturn.server.mfa.secrets import TotpSecrets
from keyturn.server.mfa.service import SecondFactor
from keyturn.server.mounting.service import HostUsers
from keyturn.server.notifications.service import Notifications
from keyturn.server.oauth.authorize import Authorization
from keyturn.server.oauth.device import Devices
from keyturn.server.oauth.id_token import IdTokens
from keyturn.server.oauth.registration import Registrations
from keyturn.server.oauth.resources import Resources
from keyturn.server.oauth.service import build as build_oauth
from keyturn.server.oauth_providers.remote import Remote
from keyturn.server.oauth_providers.service import ProviderAccounts
from keyturn.server.oauth_providers.tokens import ProviderTokens
from keyturn.server.one_time.mailing import MailedCodes
from keyturn.server.one_time.service import OneTimeCodes
from keyturn.server.otp.service import SignInCodes
from keyturn.server.passkeys.service import Passkeys
from keyturn.server.passwords.service import PasswordResets
from keyturn.server.payments.service import Payments
from keyturn.server.permissions.service import Permissions
from keyturn.server.projects.service import Projects
from keyturn.server.sessions.access_tokens import AccessTokens
from keyturn.server.sessions.alerts import Alerts
from keyturn.server.sessions.service import Sessions
from keyturn.server.sessions.stack_tokens import StackTokens
from keyturn.server.signin.service import SignIn
from keyturn.server.teams.service import Teams
from keyturn.server.waiting import Hub

if TYPE_CHECKING:
    from keyturn.server.clock import Clock
    from keyturn.server.secret import ServerSecret
    from keyturn.server.settings import Settings
    from keyturn.server.storage.base import Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What several features stand on; the names are those of ``Services``."""

    settings: Settings
    clock: Clock
    storage: Storage
    secret: ServerSecret
    keys: SigningKeys
    projects: Projects
    passwords: Passwords
    accounts: Accounts
    sessions: Sessions
    limits: Limits
    mail: Mail
    one_time: OneTimeCodes
    totp_secrets: TotpSecrets
    hub: Hub
    resources: Resources
    alerts: Alerts


def lay(settings: Settings, clock: Clock, storage: Storage, secret: ServerSecret) -> Ground:
    """Build what features share."""
    projects = Projects(storage, secret, clock, default=settings.default_project)
    passwords, limits, mail = Passwords(), Limits(storage, clock), Mail(settings, clock)
    return Ground(
        settings=settings,
        clock=clock,
        storage=storage,
        secret=secret,
        keys=SigningKeys(storage, secret, clock),
        projects=projects,
        passwords=passwords,
        accounts=Accounts(storage, passwords, clock),
        sessions=Sessions(storage, secret, clock),
        limits=limits,
        mail=mail,
        one_time=OneTimeCodes(secret),
        totp_secrets=TotpSecrets(secret),
        hub=Hub(storage),
        resources=_resources(settings),
        alerts=Alerts(storage, clock, projects, limits, mail, issuer=settings.issuer),
    )


def rooms_on(ground: Ground) -> dict[str, Any]:
    """Build every feature; by its name in ``Services``, the ground's own included."""
    found = {field.name: getattr(ground, field.name) for field in fields(ground)}
    for build in (_alone, _signing_in, _by_mail, _elsewhere, _stack, _oauth):
        found |= build(ground)
    return found


def _alone(ground: Ground) -> dict[str, Any]:
    """Build the features that need no other one."""
    storage, secret, clock = ground.storage, ground.secret, ground.clock
    return {
        "approvals": Approvals(storage, secret, clock),
        "directory": Directory(storage, ground.passwords, ground.totp_secrets, clock),
        "teams": Teams(storage, clock),
        "permissions": Permissions(storage, clock),
        "api_keys": ApiKeys(storage, secret, clock),
        "data_vault": DataVault(storage, secret, clock),
        "notifications": Notifications(storage),
        "payments": Payments(storage, clock),
        "administration": Administration(storage, secret, clock),
        "host_users": HostUsers(storage, clock),
    }


def _signing_in(ground: Ground) -> dict[str, Any]:
    """Build what asks who somebody is."""
    storage, secret, clock = ground.storage, ground.secret, ground.clock
    limits, codes, sessions = ground.limits, ground.one_time, ground.sessions
    second_factor = SecondFactor(
        storage, secret, clock, limits, codes, ground.totp_secrets, sessions
    )
    issuer = ground.settings.issuer
    return {
        "second_factor": second_factor,
        "passkeys": Passkeys(storage, clock, codes, sessions, base_url=issuer),
        "signin": SignIn(
            storage,
            secret,
            clock,
            limits,
            ground.accounts,
            sessions,
            second_factor,
            ground.mail,
            limit_volume=ground.settings.rate_limits == "on",
        ),
    }


def _by_mail(ground: Ground) -> dict[str, Any]:
    """Build what sends mail, most of it with a code in it."""
    storage, secret, clock = ground.storage, ground.secret, ground.clock
    codes = ground.one_time
    limits, limit_volume = ground.limits, ground.settings.rate_limits == "on"
    mailed = MailedCodes(
        storage, secret, clock, limits, codes, ground.mail, limit_volume=limit_volume
    )
    emails = Emails(storage, secret, clock)
    return {
        "contact_channels": ContactChannels(storage, clock, codes, mailed),
        "sign_in_codes": SignInCodes(
            storage, clock, codes, mailed, ground.accounts, ground.sessions
        ),
        "password_resets": PasswordResets(storage, clock, codes, mailed, ground.passwords),
        "invitations": Invitations(storage, clock, codes, mailed),
        "emails": emails,
        "email_sender": Sender(storage, clock, emails, ground.mail),
    }


def _elsewhere(ground: Ground) -> dict[str, Any]:
    """Build what has to do with other sign-in servers."""
    storage, secret, clock = ground.storage, ground.secret, ground.clock
    remote = Remote(secret, clock)
    tokens = ProviderTokens(storage, secret, clock, remote)
    rooms = Rooms(
        codes=ground.one_time,
        remote=remote,
        tokens=tokens,
        accounts=ground.accounts,
        sessions=ground.sessions,
    )
    issuer = ground.settings.issuer
    return {
        "provider_accounts": ProviderAccounts(storage, clock),
        "provider_tokens": tokens,
        "external_sign_in": ExternalSignIn(storage, secret, clock, rooms, base_url=issuer),
    }


def _stack(ground: Ground) -> dict[str, Any]:
    """Build the sessions and the CLI sign-in of the Stack-compatible API."""
    storage, clock, sessions = ground.storage, ground.clock, ground.sessions
    access = AccessTokens(
        ground.keys,
        ground.projects,
        clock,
        base_url=ground.settings.issuer,
        seconds=ground.settings.access_token_seconds,
    )
    return {
        "stack_tokens": StackTokens(storage, sessions, access, clock),
        "cli_login": CliLogin(storage, ground.secret, sessions, ground.hub, clock),
    }


def _oauth(ground: Ground) -> dict[str, Any]:
    """Build the OAuth endpoints and what they stand on."""
    storage, secret, clock = ground.storage, ground.secret, ground.clock
    projects, resources, issuer = ground.projects, ground.resources, ground.settings.issuer
    limit_volume = ground.settings.rate_limits == "on"
    id_tokens = IdTokens(storage, ground.keys, clock, issuer=issuer)
    return {
        "registrations": Registrations(
            storage, secret, clock, projects, resources, ground.sessions, limit_volume=limit_volume
        ),
        "authorization": Authorization(
            storage, secret, clock, projects, resources, id_tokens, issuer=issuer
        ),
        "devices": Devices(storage, secret, clock, ground.hub, limit_volume=limit_volume),
        "oauth": build_oauth(
            ground.settings,
            storage=storage,
            secret=secret,
            clock=clock,
            keys=ground.keys,
            resources=resources,
            sessions=ground.sessions,
            alerts=ground.alerts,
            hub=ground.hub,
        ),
    }


def _resources(settings: Settings) -> Resources:
    return Resources(
        [declared.resource() for declared in settings.resources],
        issuer=settings.issuer,
        site_name=settings.site_name,
    )
