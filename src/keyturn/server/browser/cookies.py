"""The cookies of a browser: who it is, and one session for each project.

HttpOnly and SameSite=Lax: script never sees them, and no cross-site form carries them. Over https
the names begin with ``__Host-`` or ``__Secure-``, so a neighbouring host cannot plant them
(RFC 6265bis section 4.1.3).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from keyturn.server.sessions.rules import BROWSER

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from keyturn.server.settings import Settings

BROWSER_SECONDS = 400 * 24 * 3600  # the longest a browser keeps a cookie
CODE_SECONDS = 600
_CODE = re.compile(r"[A-Za-z0-9_-]{1,256}")


@dataclass(frozen=True, slots=True)
class Cookies:
    """Names and attributes of the cookies of one server."""

    path: str
    secure: bool

    @classmethod
    def of(cls, settings: Settings) -> Cookies:
        """Read the base URL's scheme and path."""
        parts = urlsplit(settings.issuer)
        return cls(parts.path or "/", parts.scheme == "https")

    def name(self, name: str) -> str:
        """Return the full name of a cookie."""
        if not self.secure:
            return f"keyturn_{name}"
        return f"__Host-keyturn_{name}" if self.path == "/" else f"__Secure-keyturn_{name}"

    def session_name(self, project_id: str) -> str:
        """Return the name of a project's session cookie."""
        return self.name("session_" + quote(project_id, safe=""))

    def read(self, request: Request, name: str) -> str | None:
        """Return a cookie's value."""
        return request.cookies.get(self.name(name))

    def read_session(self, request: Request, project_id: str) -> str | None:
        """Return the session token of a project."""
        return request.cookies.get(self.session_name(project_id))

    def set_browser(self, response: Response, value: str) -> None:
        """Give the browser its id."""
        self._set(response, self.name("browser"), value, BROWSER_SECONDS)

    def set_session(self, response: Response, project_id: str, token: str) -> None:
        """Sign the browser in to a project."""
        self._set(response, self.session_name(project_id), token, BROWSER.absolute_seconds)

    def clear_session(self, response: Response, project_id: str) -> None:
        """Forget a project's session."""
        self._set(response, self.session_name(project_id), "", 0)

    def set_code(
        self, response: Response, name: str, code: str, *, seconds: int = CODE_SECONDS
    ) -> None:
        """Keep a code that was just given, so that it stands in no URL; a dash if it is none."""
        kept = code if _CODE.fullmatch(code) else "-"
        self._set(response, self.name(name), kept, seconds)

    def clear(self, response: Response, name: str) -> None:
        """Forget a code."""
        self._set(response, self.name(name), "", 0)

    def _set(self, response: Response, name: str, value: str, seconds: int) -> None:
        response.set_cookie(
            name,
            value,
            max_age=seconds,
            path=self.path,
            secure=self.secure,
            httponly=True,
            samesite="lax",
        )
