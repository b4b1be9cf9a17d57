"""Turns a view into a page: `render` gives the text, `respond` the whole answer.

Every text of a view is cleaned before a template sees it, so that no template, an operator's own
included, can forget to. Escaping is always on, and an unknown name is an error.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    pass_context,
)
from markupsafe import Markup
from starlette.responses import Response

from keyturn.server.pages import times
from keyturn.server.pages.assets import own_address
from keyturn.server.pages.headers import page_headers
from keyturn.server.pages.text import cleaned, code_groups, initial, isolated

if TYPE_CHECKING:
    from jinja2.runtime import Context

    from keyturn.server.pages.views import Frame, Page

_TEMPLATES = Path(__file__).parent / "templates"
_OVERRIDDEN = "keyturn"  # `{% extends "keyturn/sign_in.html" %}` names ours from an override


def render(page: Page, *, frame: Frame, now: datetime) -> str:
    """Return the HTML of ``page``; relative times are counted from ``now`` (aware)."""
    overrides = frame.brand.templates if frame.brand else None
    template = _environment(overrides).get_template(page.template)
    return template.render(page=cleaned(page), now=now, **_frame_names(frame))


def respond(page: Page, *, frame: Frame, now: datetime, status: int | None = None) -> Response:
    """Return ``page`` as a complete answer; ``status`` replaces the page's usual one."""
    headers = page_headers(
        form_origins=page.form_origins,
        fonts=frame.brand is not None and frame.brand.has_fonts(),
    )
    if page.retry_at is not None:
        seconds = max(1, ceil((page.retry_at - now).total_seconds()))
        headers["Retry-After"] = str(seconds)
    return Response(
        render(page, frame=frame, now=now),
        status_code=page.status if status is None else status,
        media_type="text/html",
        headers=headers,
    )


def _frame_names(frame: Frame) -> dict[str, object]:
    """Return what templates know of the frame: ``frame``, ``url`` and the linked files."""

    def url(path: str, **query: str | None) -> str:
        given = {name: value for name, value in query.items() if value is not None}
        joint = "&" if "?" in path else "?"
        return f"{frame.path}{path}{joint + urlencode(given) if given else ''}"

    root = frame.path if frame.root is None else frame.root
    brand_css = frame.brand.address("brand.css") if frame.brand else None
    icon = frame.brand.address("icon.svg") if frame.brand else None
    logo = frame.brand.logo() if frame.brand else None
    return {
        "frame": frame,
        "url": url,
        "style_sheets": [root + path for path in (own_address("keyturn.css"), brand_css) if path],
        "icon_address": root + (icon or own_address("icon.svg")),
        "logo_address": logo and root + logo,
    }


@cache
def _environment(overrides: Path | None) -> Environment:
    own = FileSystemLoader(_TEMPLATES)
    first = [FileSystemLoader(overrides)] if overrides else []
    environment = Environment(
        loader=ChoiceLoader([*first, own, PrefixLoader({_OVERRIDDEN: own})]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        initial=initial,
        isolated=isolated,
        code_groups=code_groups,
        wait=pass_context(lambda context, moment: times.wait(moment, context["now"])),
        ago=_time_filter(times.ago),
        until=_time_filter(times.until),
        day=_time_filter(times.day),
        end_day=_time_filter(times.end_day),
        clock=_time_filter(times.clock),
        due=_time_filter(times.due),
        stamp=_time_filter(lambda moment, _now: times.stamp(moment)),
    )
    return environment


def _time_filter(say: Callable[[datetime, datetime], str]) -> Callable[[Context, datetime], Markup]:
    """Return a filter that wraps what ``say`` says in ``<time>`` with the exact instant."""

    @pass_context
    def said(context: Context, moment: datetime) -> Markup:
        words = say(moment, context["now"])
        return Markup('<time datetime="{}">{}</time>').format(times.machine(moment), words)

    return said
