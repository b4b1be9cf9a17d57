"""Use cases around projects: declare, create, find, check keys, rotate them."""

from __future__ import annotations

import asyncio
import secrets
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from keyturn.server.projects import store
from keyturn.server.projects.rules import (
    NATIVE_GRANTS,
    NATIVE_REDIRECTS,
    NATIVE_SCOPES,
    Client,
    Project,
    ProjectConfig,
)

if TYPE_CHECKING:
    from keyturn.server.clock import Clock
    from keyturn.server.declarations import ClientDeclaration, ProjectDeclaration
    from keyturn.server.secret import ServerSecret
    from keyturn.server.storage.base import Storage, Work

KINDS = {
    "publishable_client_key": "pck",
    "secret_server_key": "ssk",
    "super_secret_admin_key": "sak",
}
KEY_HASH = "project key"
# Lets programs register, and opens nothing else (RFC 7591 section 1.2).
INITIAL_ACCESS = "initial_access_token"
CLIENT_REMEMBERED_SECONDS = 1.0
DEFAULT_PROJECT = "default"
DEFAULT_CLIENT = "keyturn-cli"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectKeys:
    """Fresh keys, in the clear for the one time they are shown."""

    publishable_client_key: str = field(repr=False)
    secret_server_key: str = field(repr=False)
    super_secret_admin_key: str = field(repr=False)

    @classmethod
    def fresh(cls) -> ProjectKeys:
        """Make one key of each kind."""
        return cls(**{name: f"{p}_{secrets.token_urlsafe(32)}" for name, p in KINDS.items()})


class Projects:
    """Finds projects and clients, and keeps them as declared."""

    def __init__(
        self, storage: Storage, secret: ServerSecret, clock: Clock, *, default: str | None = None
    ) -> None:
        self._storage, self._secret, self._clock = storage, secret, clock
        self._default = default
        self._clients: dict[str, tuple[Client, float]] = {}

    async def find(self, project_id: str) -> Project | None:
        """Return a project, or ``None``."""
        return await self._storage.read(store.project, project_id)

    async def all(self) -> list[Project]:
        """Return every project, oldest first."""
        return await self._storage.read(store.projects)

    async def default(self) -> Project | None:
        """Return the project of a page that was opened directly."""
        for project_id in (self._default, DEFAULT_PROJECT):
            if project_id and (found := await self.find(project_id)):
                return found
        found_all = await self.all()
        return found_all[0] if found_all else None

    async def page_prefix(self, project_id: str) -> str:
        """Return the path before a project's pages: none for the default project."""
        default = await self.default()
        return "" if default and default.id == project_id else f"/p/{project_id}"

    async def client(self, client_id: str) -> Client | None:
        """Return an OAuth client, or ``None``.

        Every token request needs one. What another process changed is seen within a second.
        """
        now = asyncio.get_running_loop().time()
        found, until = self._clients.get(client_id, (None, 0.0))
        if now < until:
            return found
        client = await self._storage.read(store.client, client_id)
        if client is not None:
            self._clients[client_id] = client, now + CLIENT_REMEMBERED_SECONDS
        return client

    async def key_kind(self, project_id: str, key: str) -> str | None:
        """Return which kind of key of this project ``key`` is, or ``None``."""
        key_hash, now = self._secret.hash(KEY_HASH, key), self._clock.now_ms()
        row = await self._storage.read(store.key, key_hash, now=now)
        return row["kind"] if row and row["project_id"] == project_id else None

    async def registering(self, initial_access_token: str | None) -> Project | None:
        """Return the project that a program may register with, or ``None``.

        The token names its project. Without one it is the project that lets anybody register; a
        wrong one is worth less than none.
        """
        if initial_access_token is None:
            is_open = [p for p in await self.all() if p.config.registration == "open"]
            default = await self.default() if len(is_open) > 1 else None
            return default if default in is_open else next(iter(is_open), None)
        key_hash = self._secret.hash(KEY_HASH, initial_access_token)
        row = await self._storage.read(store.key, key_hash, now=self._clock.now_ms())
        if row is None or row["kind"] != INITIAL_ACCESS:
            return None
        project = await self.find(row["project_id"])
        return project if project and project.config.registration != "off" else None

    async def take_registrations(self) -> bool:
        """Say whether any project lets programs register."""
        return any(p.config.registration != "off" for p in await self.all())

    def forget_client(self, client_id: str) -> None:
        """Let the next request read a client anew."""
        self._clients.pop(client_id, None)

    async def create(
        self,
        display_name: str,
        *,
        project_id: str | None = None,
        config: ProjectConfig | None = None,
    ) -> tuple[Project, ProjectKeys]:
        """Create a project with fresh keys."""
        keys, found_id = ProjectKeys.fresh(), project_id or str(uuid.uuid4())
        now = self._clock.now_ms()
        project = Project(
            id=found_id, display_name=display_name, config=config or ProjectConfig(), created_at=now
        )
        await self._storage.write(self._save, project, keys, declared=False, now=now)
        return project, keys

    async def rotate_keys(self, project_id: str) -> ProjectKeys:
        """Replace every key of a project; the old ones end at once."""
        keys, now = ProjectKeys.fresh(), self._clock.now_ms()
        await self._storage.write(self._rotate_keys, project_id, keys, now)
        return keys

    async def create_default(self, keys: ProjectKeys | None = None) -> bool:
        """Create the first project and its public client, all or nothing.

        Returns:
            False if there is a project already; then nothing was changed.
        """
        made = await self._storage.write(
            self._create_default, keys or ProjectKeys.fresh(), self._clock.now_ms()
        )
        self._clients.clear()
        return made

    async def save_client(self, client: Client) -> None:
        """Create a client, or bring it up to date."""
        await self._storage.write(store.save_client, client, now=self._clock.now_ms())
        self._clients.pop(client.id, None)

    async def declare(
        self, projects: tuple[ProjectDeclaration, ...], clients: tuple[ClientDeclaration, ...]
    ) -> None:
        """Create or update what a configuration file declares, all or nothing."""
        await self._storage.write(self._declare, projects, clients, self._clock.now_ms())
        self._clients.clear()

    def _declare(
        self,
        projects: tuple[ProjectDeclaration, ...],
        clients: tuple[ClientDeclaration, ...],
        now: int,
    ) -> Work[None]:
        for declared in projects:
            yield from store.save_project(
                declared.id,
                declared.display_name,
                declared.config(self._secret),
                declared=True,
                now=now,
            )
            for kind in KINDS:
                key = getattr(declared, kind)
                if key:
                    yield from self._replace_key(declared.id, kind, key.get_secret_value(), now)
            yield from self._declare_initial_access(declared, now)
        for client in clients:
            yield from store.save_client(client.client(self._secret), now=now)

    def _declare_initial_access(self, declared: ProjectDeclaration, now: int) -> Work[None]:
        token = declared.initial_access_token
        if token:
            key = token.get_secret_value()
            yield from self._replace_key(declared.id, INITIAL_ACCESS, key, now)
        else:
            yield from store.end_keys(declared.id, INITIAL_ACCESS, but=b"", now=now)

    def _create_default(self, keys: ProjectKeys, now: int) -> Work[bool]:
        if (yield from store.projects()):
            return False
        project = Project(
            id=DEFAULT_PROJECT, display_name="Default", config=ProjectConfig(), created_at=now
        )
        yield from self._save(project, keys, declared=False, now=now)
        client = native_client(DEFAULT_CLIENT, project.id, "Keyturn CLI")
        yield from store.save_client(client, now=now)
        return True

    def _save(self, project: Project, keys: ProjectKeys, *, declared: bool, now: int) -> Work[None]:
        yield from store.save_project(
            project.id, project.display_name, project.config, declared=declared, now=now
        )
        yield from self._save_keys(project.id, keys, now=now)

    def _rotate_keys(self, project_id: str, keys: ProjectKeys, now: int) -> Work[None]:
        yield from store.revoke_key_sets(project_id, now=now)
        yield from self._save_keys(project_id, keys, now=now)

    def _save_keys(self, project_id: str, keys: ProjectKeys, *, now: int) -> Work[None]:
        for kind in KINDS:
            yield from self._replace_key(project_id, kind, getattr(keys, kind), now)

    def _replace_key(self, project_id: str, kind: str, key: str, now: int) -> Work[None]:
        key_hash = self._secret.hash(KEY_HASH, key)
        yield from store.add_key(str(uuid.uuid4()), project_id, kind, key_hash, now=now)
        yield from store.end_keys(project_id, kind, but=key_hash, now=now)


def native_client(client_id: str, project_id: str, display_name: str) -> Client:
    """Return a public client as command-line programs need it: loopback, device, refresh."""
    return Client(
        id=client_id,
        project_id=project_id,
        display_name=display_name,
        redirect_uris=NATIVE_REDIRECTS,
        grants=NATIVE_GRANTS,
        scopes=NATIVE_SCOPES,
        auth_method="none",
        details={"id_token_signed_response_alg": "ES256"},
    )
