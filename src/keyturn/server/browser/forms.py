"""Reading a form that one of our own pages posted, and refusing every other."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from keyturn.server.http.body import read_body
from keyturn.server.http.errors import BodyTooLarge, BodyTooSlow, BodyUnreadable

if TYPE_CHECKING:
    from starlette.requests import Request

LARGEST_FORM = 64 * 1024
MOST_FIELDS = 40


class CrossSite(Exception):
    """The form was posted by a page of another origin."""


class FormUnreadable(Exception):
    """The body is no form of ours: another content type, too large, or not text."""


def origin_of(url: str) -> str:
    """Return scheme, host and port of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def is_own_form(headers: dict[str, str], own_origin: str) -> bool:
    """Say whether a POST came from one of our own pages, by what browsers tell of it.

    ``Origin`` is sent with every form post by current browsers; ``Sec-Fetch-Site`` by all but old
    ones. A program that sends neither has no cookies to abuse and still needs a form token.
    """
    origin = headers.get("origin")
    if origin is not None:
        return origin == own_origin
    return headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")


async def read_form(request: Request, *, own_origin: str) -> dict[str, str]:
    """Return the fields of a posted form; of a repeated field the first counts.

    Raises:
        CrossSite: another origin posted it.
        FormUnreadable: it is no form, larger than 64 KiB, or took too long to arrive.
    """
    if not is_own_form(dict(request.headers), own_origin):
        raise CrossSite
    fields: dict[str, str] = {}
    for name, value in await posted_pairs(request):
        if "\0" in value:
            raise FormUnreadable
        fields.setdefault(name, value)
    return fields


async def posted_pairs(request: Request) -> list[tuple[str, str]]:
    """Return a form's pairs as they came, whoever posted it.

    Raises:
        FormUnreadable: it is no form, larger than 64 KiB, or took too long to arrive.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/x-www-form-urlencoded":
        raise FormUnreadable
    try:
        body = await read_body(request, most=LARGEST_FORM)
        return parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=MOST_FIELDS,
            errors="strict",
        )
    except (ValueError, BodyTooLarge, BodyTooSlow, BodyUnreadable):
        raise FormUnreadable from None
