"""An operator's look for one project: a folder with brand.css, a logo, and templates.

The folder is the operator's own and trusted: its templates run as code, its style sheet can hide
or change anything. Files are read again when they change, so a brand can be tried out live.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
# One plain name, without separators or a leading dot: nothing outside the folder can be named.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SLUG = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]{0,99})?")
_LOGOS = ("logo.svg", "logo.png", "logo.webp")
_LARGEST_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file as it is served; ``tag`` changes whenever the content does."""

    content: bytes
    media_type: str
    tag: str


class Brand:
    """One project's folder: ``brand.css``, images and fonts beside it, ``templates/`` below it."""

    def __init__(self, directory: Path, *, slug: str = "") -> None:
        """Name a folder, which may be empty or absent, and its part of the address.

        ``slug`` parts projects from one another: ``/brand/<slug>/brand.css``, or
        ``/brand/brand.css`` without one. Raises ``ValueError`` for a slug that is no plain name.
        """
        if not _SLUG.fullmatch(slug):
            raise ValueError(f"A brand's slug is letters, digits, - and _, not {slug!r}.")
        self.directory = directory
        self.slug = slug
        self._kept: dict[str, tuple[tuple[int, int], Asset]] = {}

    @property
    def templates(self) -> Path:
        """The folder whose templates take the place of ours of the same name."""
        return self.directory / "templates"

    def asset(self, name: str) -> Asset | None:
        """Return a file of the folder itself, or ``None`` if there is none to serve."""
        path = self.directory / name
        if not _NAME.fullmatch(name) or path.suffix not in _MEDIA_TYPES:
            return None
        try:
            stat = path.stat()
        except OSError:
            return None
        if stat.st_size > _LARGEST_BYTES or not path.is_file():
            return None
        version = (stat.st_mtime_ns, stat.st_size)
        kept = self._kept.get(name)
        if kept is None or kept[0] != version:
            kept = self._kept[name] = (version, read_asset(path))
        return kept[1]

    def address(self, name: str) -> str | None:
        """Return the path of a file below the prefix, its version in the query, if it is there."""
        asset = self.asset(name)
        folder = f"/brand/{self.slug}" if self.slug else "/brand"
        return f"{folder}/{name}?v={asset.tag}" if asset else None

    def logo(self) -> str | None:
        """Return the path of the folder's logo below the prefix, if it has one."""
        return next(filter(None, map(self.address, _LOGOS)), None)

    def has_fonts(self) -> bool:
        """Whether the pages must be allowed to load fonts from here."""
        return next(self.directory.glob("*.woff2"), None) is not None


def read_asset(path: Path) -> Asset:
    """Read a file for serving; its tag is the start of its SHA-256."""
    content = path.read_bytes()
    tag = hashlib.sha256(content).hexdigest()[:16]
    return Asset(content=content, media_type=_MEDIA_TYPES[path.suffix], tag=tag)
