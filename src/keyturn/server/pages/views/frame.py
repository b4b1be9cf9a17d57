"""What every page stands in: the site's name and place, the account bar, the page itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from keyturn.server.pages.brand import Brand


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The site and project that a page belongs to.

    Every address inside a page is ``path`` plus a path of ours; nothing is taken from a request.
    """

    site_name: str = "Keyturn"
    host: str  # shown in the foot and in sentences, as "id.example.com"
    path: str = ""  # before every page's address: the mount and the project, as "/auth/p/acme"
    root: str | None = None  # before /static and /brand: the mount; None: the same as ``path``
    help_url: str | None = None  # None: no Help link
    brand: Brand | None = None  # the project's look and template overrides

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for a prefix that would make double or relative addresses."""
        for prefix in filter(None, (self.path, self.root)):
            if not prefix.startswith("/") or prefix.endswith("/"):
                raise ValueError("A prefix of Frame starts with a slash and does not end in one.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The account bar: who is signed in, and the form behind "Not you?"."""

    label: str
    form_token: str
    continue_to: str | None = None  # where another account goes on, as a path below the prefix


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What all views share."""

    template: ClassVar[str]
    wide: ClassVar[bool] = False  # the wider card, for pages with two columns or lists
    in_sessions: ClassVar[bool] = False  # the sessions page does not link to itself
    usual_status: ClassVar[int] = 200

    signed_in: bool = False  # the foot links to the sessions page

    @property
    def has_problem(self) -> bool:
        """Whether a form is shown again because something in it has to be mended."""
        return False

    @property
    def failed(self) -> bool:
        """Whether the title starts with "Error: "."""
        return self.has_problem or self.usual_status >= 400

    @property
    def status(self) -> int:
        """The HTTP status of this page, unless its route says otherwise."""
        return 422 if self.has_problem else self.usual_status

    @property
    def form_origins(self) -> tuple[str, ...]:
        """Origins besides our own that this page's forms may lead to."""
        return ()

    @property
    def retry_at(self) -> datetime | None:
        """When to come back, where the page says so; becomes the Retry-After header."""
        return None
