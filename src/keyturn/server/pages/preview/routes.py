"""The two addresses of the preview: its index, and one for each state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from starlette.routing import Route

from keyturn.server.pages.contrast import brand_findings
from keyturn.server.pages.preview.states import GROUPS, PREVIEW_NOW, Group
from keyturn.server.pages.render import respond
from keyturn.server.pages.views import Frame, NotFoundPage, Page

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewPage(Page):
    """The index: every state by name, and what is wrong with the brand's colours."""

    template: ClassVar[str] = "preview.html"
    wide: ClassVar[bool] = True

    groups: tuple[Group, ...]
    findings: tuple[str, ...] = ()


def preview_routes(frame: Frame) -> list[Route]:
    """Return ``/preview`` and ``/preview/{name}``, with the templates and brand of ``frame``."""
    pages = {state.name: state.page for group in GROUPS for state in group.states}

    async def index(_request: Request) -> Response:
        css = frame.brand.asset("brand.css") if frame.brand else None
        findings = brand_findings(css.content.decode("utf-8", "replace")) if css else ()
        page = PreviewPage(groups=GROUPS, findings=findings)
        return respond(page, frame=frame, now=PREVIEW_NOW)

    async def state(request: Request) -> Response:
        page = pages.get(request.path_params["name"], NotFoundPage())
        return respond(page, frame=frame, now=PREVIEW_NOW)

    return [Route("/preview", index), Route("/preview/{name}", state)]
