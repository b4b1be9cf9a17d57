"""Who is looking at a page: the browser, the project, the session, the account."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from keyturn.server.browser.answers import see_other
from keyturn.server.browser.cookies import Cookies
from keyturn.server.browser.forms import origin_of as url_origin
from keyturn.server.browser.forms import read_form
from keyturn.server.browser.paths import safe_continue
from keyturn.server.clock import instant
from keyturn.server.http.origin import origin_of
from keyturn.server.pages.brand import Brand
from keyturn.server.pages.render import respond
from keyturn.server.pages.views import Account, Frame, Page
from keyturn.server.secret import new_token

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.requests import Request
    from starlette.responses import Response

    from keyturn.server.accounts.rules import User
    from keyturn.server.mounting.service import Host
    from keyturn.server.projects.rules import Project
    from keyturn.server.services import Services
    from keyturn.server.sessions.rules import Origin, Session


class NoProject(Exception):
    """The page names a project that does not exist."""


class NotAllowed(Exception):
    """The app around us knows this person, and they may not sign in here."""


class FormExpired(Exception):
    """The form was made for another browser or another sign-in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """One request for a page, with everything known about whoever makes it."""

    services: Services
    request: Request
    project: Project
    prefix: str  # of this project's pages: "" for the default one, else "/p/<project>"
    origin: Origin
    browser_id: str = field(repr=False)
    is_new_browser: bool
    session: Session | None
    user: User | None
    host: Host | None = None  # set where the app around us knows the people, not this server
    new_session_token: str | None = field(default=None, repr=False)

    @property
    def cookies(self) -> Cookies:
        """The cookies of this server."""
        return Cookies.of(self.services.settings)

    @property
    def root(self) -> str:
        """The path this server is reached at, without a slash at its end."""
        return urlsplit(self.services.settings.issuer).path

    @property
    def now(self) -> datetime:
        """The time of the server's clock."""
        return instant(self.services.clock.now_ms())

    @property
    def browser_hash(self) -> bytes:
        """What is stored of the browser's id."""
        return self.services.secret.hash("browser", self.browser_id)

    def frame(self) -> Frame:
        """Return the frame of this project's pages."""
        settings, config = self.services.settings, self.project.config
        folder = Path(config.templates) if config.templates else settings.brand
        return Frame(
            site_name=settings.site_name,
            host=urlsplit(settings.issuer).netloc,
            path=self.root + self.prefix,
            root=self.root,
            help_url=config.help_url,
            brand=brand_of(folder, slug_of(self.project.id) if config.templates else ""),
        )

    def form_token(self) -> str:
        """Return the token that this browser's forms carry while it is signed in as it is."""
        bound = f"{self.browser_id}|{self.project.id}|{self.session.id if self.session else ''}"
        return urlsafe_b64encode(self.services.secret.mac("form", bound.encode())).decode()[:43]

    async def form(self) -> dict[str, str]:
        """Return what one of our own forms posted.

        Raises:
            CrossSite, FormUnreadable: see ``forms``.
            FormExpired: its token is missing or not this browser's.
        """
        fields = await read_form(self.request, own_origin=url_origin(self.services.settings.issuer))
        if not hmac.compare_digest(
            fields.get("form_token", "").encode(), self.form_token().encode()
        ):
            raise FormExpired
        return fields

    def account(self, *, continue_to: str | None = None) -> Account:
        """Return the account bar. Only for somebody who is signed in."""
        assert self.user is not None  # noqa: S101 - callers have sent everybody else to sign in
        return Account(label=self.user.label, form_token=self.form_token(), continue_to=continue_to)

    def show(self, page: Page, *, status: int | None = None) -> Response:
        """Answer with a page."""
        return self.remembered(respond(page, frame=self.frame(), now=self.now, status=status))

    def see(self, path: str) -> Response:
        """Answer with 303 to a page of this project; ``path`` is below the project's prefix."""
        return self.remembered(see_other(self.frame().path + path))

    def go_on(self, continue_to: str | None, *, otherwise: str = "/sessions") -> Response:
        """Answer with 303 to where the visitor was going."""
        target = safe_continue(continue_to)
        if target is None:
            return self.see(otherwise)
        return self.remembered(see_other(self.root + target))

    def sign_in_first(self, continue_to: str, *, fresh: bool = False) -> Response:
        """Answer with 303 to the sign-in page, which comes back to ``continue_to``.

        ``fresh``: it is to ask even somebody who is signed in; our own page sees that for itself.
        """
        if self.host is not None:
            url = self.host.sign_in(self.root + continue_to, fresh=fresh)
            return self.remembered(see_other(url))
        return self.see(f"/sign-in?{urlencode({'continue': continue_to})}")

    def sign_out_at_host(self, come_back_to: str) -> Response | None:
        """Answer with 303 to where the app around us signs out; ``None`` where there is none."""
        if self.host is None:
            return None
        return self.remembered(see_other(self.host.sign_out(self.root + come_back_to)))

    def remembered(self, response: Response) -> Response:
        """Give a new browser its id with this answer, and its session if that is new as well."""
        if self.is_new_browser:
            self.cookies.set_browser(response, self.browser_id)
        if self.new_session_token is not None:
            self.cookies.set_session(response, self.project.id, self.new_session_token)
        return response


async def visit(request: Request, *, project_id: str | None = None) -> Visitor:
    """Find out who asks for a page.

    The project is, in this order: ``project_id`` (from the OAuth client or the Stack attempt), the
    one in the path, the default one. Raises NoProject, NotAllowed.
    """
    services: Services = request.app.state.services
    named: str | None = request.path_params.get("project")
    project, prefix = await _project(services, project_id or named)
    cookies = Cookies.of(services.settings)
    browser_id = cookies.read(request, "browser")
    token = cookies.read_session(request, project.id)
    session = await services.sessions.of_browser(token) if token else None
    host = services.host if services.host and services.host.project_id == project.id else None
    if host is not None:
        session, user, token = await _known_by(host, request, services, project, session)
    else:
        user, token = await _owner(services, project, session), None
    return Visitor(
        services=services,
        request=request,
        project=project,
        prefix=prefix,
        origin=origin_of(request),
        browser_id=browser_id or new_token(),
        is_new_browser=browser_id is None,
        session=session if user is not None else None,
        user=user,
        host=host,
        new_session_token=token,
    )


async def _owner(services: Services, project: Project, session: Session | None) -> User | None:
    if session is None:
        return None
    user = await services.accounts.find(project.id, session.user_id)
    return user if user is not None and user.disabled_at is None else None


async def _known_by(
    host: Host, request: Request, services: Services, project: Project, session: Session | None
) -> tuple[Session | None, User | None, str | None]:
    """Let the app around us say who asks, and have the browser's session follow it.

    A session that the app no longer stands behind ends, and so does one from before somebody
    signed in there again; a page that is opened begins one where there is none. Posting never
    does: the form was made for a session that is gone. Raises NotAllowed.
    """
    told = await host.user_of(request)
    user = await services.host_users.recognise(project.id, told) if told is not None else None
    if user is not None and user.disabled_at is not None:
        raise NotAllowed
    if session is not None and (user is None or session.user_id != user.id):
        await services.sessions.end(session.id, reason="left the app")
        session = None
    signed_in_at = told.signed_in_ms(services.clock.now_ms()) if told is not None else 0
    if session is not None and signed_in_at // 1000 > session.authenticated_at // 1000:
        await services.sessions.end(session.id, reason="signed in again")
        session = None
    if user is None or session is not None or request.method != "GET":
        return session, user, None
    begun, token = await services.sessions.begin_browser(
        project_id=project.id,
        user_id=user.id,
        origin=origin_of(request),
        authenticated_at=signed_in_at,
    )
    return begun, user, token


async def _project(services: Services, project_id: str | None) -> tuple[Project, str]:
    found = (
        await services.projects.find(project_id)
        if project_id
        else await services.projects.default()
    )
    if found is None:
        raise NoProject
    return found, await services.projects.page_prefix(found.id)


def slug_of(project_id: str) -> str:
    """Return a project's part of its brand files' addresses."""
    return hashlib.sha256(project_id.encode()).hexdigest()[:12]


_BRANDS: dict[tuple[Path, str], Brand] = {}


def brand_of(folder: Path | None, slug: str) -> Brand | None:
    """Return the brand in a folder; one object a folder, since it remembers what it read."""
    if folder is None:
        return None
    return _BRANDS.setdefault((folder, slug), Brand(folder, slug=slug))
