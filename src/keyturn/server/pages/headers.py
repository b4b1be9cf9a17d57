"""The headers of a page: what the browser may load, where forms may lead, who may frame it.

What is here was tried in Chromium; docs/decisions/0013-pages-without-script.md says why.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# One exact origin: scheme, host, port. Nothing that could end the directive or widen it.
_HOST_ORIGIN = re.compile(
    r"(http://(127\.0\.0\.1|localhost):\d{1,5}|https://[a-z0-9.-]+(:\d{1,5})?)"
)
# A native app's callback scheme is a reversed domain name, so it has a dot (RFC 8252 section 7.1).
_APP_SCHEME = re.compile(r"[a-z][a-z0-9+-]*\.[a-z0-9+.-]*[a-z0-9]:")
_IPV6_ORIGIN = re.compile(r"http://\[::1\]:\d{1,5}")

_PERMISSIONS = (
    "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=(), "
    "publickey-credentials-get=(), fullscreen=()"
)


def page_headers(*, form_origins: Iterable[str] = (), fonts: bool = False) -> dict[str, str]:
    """Return the headers of one page.

    ``form_origins`` are the exact origins besides our own that a form, or the redirect that answers
    it, may lead to; an IPv6 loopback origin is left out, since no policy can name it (show
    `HandoverPage`). Raises ``ValueError`` for anything that is not one exact origin.
    """
    return {
        "Content-Security-Policy": _policy(form_origins, fonts),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        # Not no-referrer: that sends `Origin: null` with our own form posts.
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": _PERMISSIONS,
        # A window that opened this page must not be able to swap it after it was read.
        "Cross-Origin-Opener-Policy": "same-origin",
    }


def _policy(form_origins: Iterable[str], fonts: bool) -> str:
    sources = " ".join(["'self'", *filter(None, map(_form_source, form_origins))])
    directives = (
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        *(("font-src 'self'",) if fonts else ()),
        f"form-action {sources}",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
    return "; ".join(directives)


def _form_source(origin: str) -> str | None:
    if _HOST_ORIGIN.fullmatch(origin) or _APP_SCHEME.fullmatch(origin):
        return origin
    if _IPV6_ORIGIN.fullmatch(origin):
        return None
    raise ValueError("A form origin is one exact origin, as http://127.0.0.1:49152.")
