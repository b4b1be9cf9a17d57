"""Users of the app around us, and where it signs them in. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from keyturn.server.declarations import ClientDeclaration, ProjectDeclaration
from keyturn.server.projects.service import DEFAULT_CLIENT, DEFAULT_PROJECT
from keyturn.server.settings import SettingsProblem

if TYPE_CHECKING:
    from datetime import datetime

    from keyturn.server.settings import Settings

LONGEST_ID = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class HostUser:
    """Somebody whom the app around us has signed in.

    Attributes:
        id: The app's own id of them, 1 to 128 printable ASCII characters without spaces. Access
            tokens carry it as ``sub``; it must never be given to somebody else.
        email: Shown on the pages and told by userinfo. Nobody signs in with it here.
        email_verified: Whether the app has checked that the address is theirs.
        name: What people call them.
        authenticated_at: When they last signed in at the app; aware. Without it no client can
            insist on a fresh sign-in (``prompt=login``, ``max_age``), nor learn of the time.
    """

    id: str
    email: str | None = None
    email_verified: bool = False
    name: str | None = None
    authenticated_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.authenticated_at is not None and self.authenticated_at.tzinfo is None:
            raise ValueError("authenticated_at must be an aware datetime")
        if not 0 < len(self.id) <= LONGEST_ID or not all("!" <= c <= "~" for c in self.id):
            raise ValueError("a user id is 1 to 128 printable ASCII characters without spaces")

    def signed_in_ms(self, now_ms: int) -> int:
        """Return when they signed in, in milliseconds since 1970 and not after now; 0: untold.

        A whole second counts to its end: who signs in during the second in which they were asked
        to has done so.
        """
        if self.authenticated_at is None:
            return 0
        told = round(self.authenticated_at.timestamp() * 1000)
        return min(told + 999 if told % 1000 == 0 else told, now_ms)


def host_user(answer: object) -> HostUser | None:
    """Return what ``identify`` answered: a HostUser, an id alone, or nobody.

    Raises:
        TypeError, ValueError: it is none of these. The answer is not quoted.
    """
    if answer is None or isinstance(answer, HostUser):
        return answer
    if isinstance(answer, str) or (isinstance(answer, int) and not isinstance(answer, bool)):
        return HostUser(id=str(answer))
    raise TypeError("identify must return a user id, a HostUser or None")


def sign_in_address(sign_in_url: str, come_back_to: str, *, fresh: bool = False) -> str:
    """Return the app's sign-in page, told where to come back to.

    Args:
        sign_in_url: With ``{next}`` where the path belongs; else it becomes the parameter ``next``.
        come_back_to: A path of ours, with a query or not.
        fresh: They are to sign in again although the app knows them: adds ``prompt=login``.
    """
    quoted = quote(come_back_to, safe="")
    if "{next}" in sign_in_url:
        found = sign_in_url.replace("{next}", quoted)
    else:
        found = f"{sign_in_url}{'&' if urlsplit(sign_in_url).query else '?'}next={quoted}"
    if fresh:
        found += f"{'&' if urlsplit(found).query else '?'}prompt=login"
    return found


def settings_for_host_users(settings: Settings) -> Settings:
    """Return settings whose default project takes its users from the app around us, and only those.

    Raises:
        SettingsProblem: no ``base_url`` says where programs reach this server.
    """
    if settings.base_url is None:
        raise SettingsProblem("base_url: a mounted server must be told its public address")
    project_id = settings.default_project or DEFAULT_PROJECT
    declared = {project.id: project for project in settings.projects}
    project = declared.get(project_id) or ProjectDeclaration(
        id=project_id, display_name=settings.site_name
    )
    declared[project_id] = project.model_copy(
        update={
            "sign_up_enabled": False,
            "credential_enabled": False,
            "magic_link_enabled": False,
            "passkey_enabled": False,
        }
    )
    clients = settings.clients
    if not any(client.project == project_id for client in clients):
        cli = ClientDeclaration(
            id=DEFAULT_CLIENT,
            project=project_id,
            display_name=f"{settings.site_name} CLI",
            id_token_signed_response_alg="ES256",  # noqa: S106
        )
        clients = (*clients, cli)
    return settings.model_copy(
        update={
            "default_project": project_id,
            "projects": tuple(declared.values()),
            "clients": clients,
        }
    )
