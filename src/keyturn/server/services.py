"""Everything a request may need, put together once. The only place that names a database."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from keyturn.server.assembly import lay, rooms_on
from keyturn.server.clock import Clock, SystemClock
from keyturn.server.secret import SecretProblem, ServerSecret, fingerprint, load_secret
from keyturn.server.settings import SettingsProblem
from keyturn.server.storage.base import Storage, Work, first, run
from keyturn.server.storage.sqlite import SqliteStorage

if TYPE_CHECKING:
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
    from keyturn.server.external_sign_in.service import ExternalSignIn
    from keyturn.server.http.limits import Limits
    from keyturn.server.internal.service import Administration
    from keyturn.server.invitations.service import Invitations
    from keyturn.server.keys.service import SigningKeys
    from keyturn.server.mail.service import Mail
    from keyturn.server.mfa.secrets import TotpSecrets
    from keyturn.server.mfa.service import SecondFactor
    from keyturn.server.mounting.service import Host, HostUsers
    from keyturn.server.notifications.service import Notifications
    from keyturn.server.oauth.authorize import Authorization
    from keyturn.server.oauth.device import Devices
    from keyturn.server.oauth.registration import Registrations
    from keyturn.server.oauth.resources import Resources
    from keyturn.server.oauth.service import OAuth
    from keyturn.server.oauth_providers.service import ProviderAccounts
    from keyturn.server.oauth_providers.tokens import ProviderTokens
    from keyturn.server.one_time.service import OneTimeCodes
    from keyturn.server.otp.service import SignInCodes
    from keyturn.server.passkeys.service import Passkeys
    from keyturn.server.passwords.service import PasswordResets
    from keyturn.server.payments.service import Payments
    from keyturn.server.permissions.service import Permissions
    from keyturn.server.projects.service import Projects
    from keyturn.server.sessions.alerts import Alerts
    from keyturn.server.sessions.service import Sessions
    from keyturn.server.sessions.stack_tokens import StackTokens
    from keyturn.server.settings import Settings
    from keyturn.server.signin.service import SignIn
    from keyturn.server.teams.service import Teams
    from keyturn.server.waiting import Hub

DATABASE_FILE = "keyturn.sqlite3"
POSTGRES = ("postgresql://", "postgres://")


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The features of one server process."""

    settings: Settings
    clock: Clock
    secret: ServerSecret
    storage: Storage
    keys: SigningKeys
    projects: Projects
    passwords: Passwords
    accounts: Accounts
    sessions: Sessions
    alerts: Alerts
    limits: Limits
    one_time: OneTimeCodes
    contact_channels: ContactChannels
    hub: Hub
    resources: Resources
    registrations: Registrations
    authorization: Authorization
    devices: Devices
    approvals: Approvals
    mail: Mail
    totp_secrets: TotpSecrets
    second_factor: SecondFactor
    passkeys: Passkeys
    signin: SignIn
    sign_in_codes: SignInCodes
    password_resets: PasswordResets
    oauth: OAuth
    directory: Directory
    teams: Teams
    permissions: Permissions
    invitations: Invitations
    api_keys: ApiKeys
    external_sign_in: ExternalSignIn
    provider_accounts: ProviderAccounts
    provider_tokens: ProviderTokens
    data_vault: DataVault
    notifications: Notifications
    payments: Payments
    administration: Administration
    emails: Emails
    email_sender: Sender
    stack_tokens: StackTokens
    cli_login: CliLogin
    host_users: HostUsers
    host: Host | None

    async def close(self) -> None:
        """Let go of database and threads."""
        self.hub.close()
        await self.mail.drain()
        self.passwords.close()
        await self.storage.close()


async def open_services(
    settings: Settings, *, clock: Clock | None = None, host: Host | None = None
) -> Services:
    """Open the database and build every service.

    Raises:
        SettingsProblem: the database URL is not one this version can use.
        SecretProblem: the secret file is missing or not the one of this database.
        StorageUnavailable: the database cannot be opened.
    """
    time = clock or SystemClock()
    storage = await _open_storage(settings)
    try:
        secret = await _secret_of(storage, settings)
        services = _build(settings, time, storage, secret, host)
        await services.projects.declare(settings.projects, settings.clients)
    except BaseException:
        await storage.close()
        raise
    return services


async def _open_storage(settings: Settings) -> Storage:
    # Whatever the database: secret, keys of a first start and outbox lie here.
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = database_of(settings)
    if isinstance(database, str):
        return await _open_postgres(database)
    storage = SqliteStorage(database)
    storage.open()
    return storage


def database_of(settings: Settings) -> Path | str:
    """Return SQLite's file, or the URL of a PostgreSQL. Raises SettingsProblem."""
    if not settings.database:
        return settings.data / DATABASE_FILE
    if settings.database.startswith(POSTGRES):
        return settings.database
    if not settings.database.startswith("sqlite:///"):
        raise SettingsProblem("database: sqlite:///PATH or postgresql://USER@HOST/NAME")
    return Path(settings.database.removeprefix("sqlite:///"))


async def _open_postgres(url: str) -> Storage:
    try:
        from keyturn.server.storage.postgres import PostgresStorage
    except ImportError as error:
        if error.name != "asyncpg":
            raise
        raise SettingsProblem("database: pip install 'keyturn[postgres]' first") from None
    storage = PostgresStorage(url)
    await storage.open()
    return storage


def _build(
    settings: Settings, clock: Clock, storage: Storage, secret: ServerSecret, host: Host | None
) -> Services:
    ground = lay(settings, clock, storage, secret)
    return Services(host=host, **rooms_on(ground))


async def _secret_of(storage: Storage, settings: Settings) -> ServerSecret:
    known = await storage.read(_meta, "secret")
    secret = load_secret(settings.secret_path, may_create=known is None)
    agreed = await storage.write(_remember, "secret", fingerprint(secret))
    if agreed != fingerprint(secret):
        raise SecretProblem(
            f"{settings.secret_path} is not the secret this database was made with."
        )
    return secret


def _meta(name: str) -> Work[str | None]:
    row = yield from first("server_meta", name=name)
    return row["value"] if row else None


def _remember(name: str, value: str) -> Work[str | None]:
    yield from run("insert_server_meta", name=name, value=value)
    return (yield from _meta(name))
