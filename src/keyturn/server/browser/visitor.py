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
    from keyturn.server.projects.rules import Project
    from keyturn.server.services import Services
    from keyturn.server.sessions.rules import Origin, Session


class NoProject(Exception):
    """The page names a project that does not exist."""


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

    def sign_in_first(self, continue_to: str) -> Response:
        """Answer with 303 to the sign-in page, which comes back to ``continue_to``."""
        return self.see(f"/sign-in?{urlencode({'continue': continue_to})}")

    def remembered(self, response: Response) -> Response:
        """Give a new browser its id with this answer."""
        if self.is_new_browser:
            self.cookies.set_browser(response, self.browser_id)
        return response


async def visit(request: Request, *, project_id: str | None = None) -> Visitor:
    """Find out who asks for a page.

    The project is, in this order: ``project_id`` (from the OAuth client or the Stack attempt), the
    one in the path, the default one. Raises NoProject.
    """
    services: Services = request.app.state.services
    named: str | None = request.path_params.get("project")
    project, prefix = await _project(services, project_id or named)
    cookies = Cookies.of(services.settings)
    browser_id = cookies.read(request, "browser")
    token = cookies.read_session(request, project.id)
    session = await services.sessions.of_browser(token) if token else None
    user = None
    if session is not None:
        user = await services.accounts.find(project.id, session.user_id)
    if user is None or user.disabled_at is not None:
        session = user = None
    return Visitor(
        services=services,
        request=request,
        project=project,
        prefix=prefix,
        origin=origin_of(request),
        browser_id=browser_id or new_token(),
        is_new_browser=browser_id is None,
        session=session,
        user=user,
    )


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
