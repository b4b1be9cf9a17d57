"""The server's own OpenAPI document, and whether an answer is one that it promises."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import schemathesis
from schemathesis.config import SchemathesisConfig

from keyturn.server.app import create_app
from keyturn.server.settings import Settings

if TYPE_CHECKING:
    import httpx2


@cache
def document() -> Any:
    """Return the document as schemathesis reads it."""
    config = SchemathesisConfig.from_dict({"cache": {"enabled": False}})
    return schemathesis.openapi.from_dict(create_app(Settings()).openapi(), config=config)


@cache
def _operations() -> list[tuple[str, tuple[str, ...], str]]:
    found = [
        (method.upper(), tuple(template.split("/")), template)
        for template, methods in document().raw_schema["paths"].items()
        for method in methods
    ]
    # What is spelled out goes before what stands for anything.
    return sorted(found, key=lambda operation: operation[2].count("{"))


def assert_documented(answer: httpx2.Response) -> None:
    """Hold a success against the document. Errors, and what it does not name, are not looked at."""
    if not answer.is_success or "x-stack-actual-status" in answer.headers:
        return
    method, asked = answer.request.method, answer.request.url.path.split("/")
    for known, segments, template in _operations():
        if known == method and len(segments) == len(asked):
            pairs = zip(segments, asked, strict=True)
            if all(ours == theirs or ours.startswith("{") for ours, theirs in pairs):
                document()[template][method].validate_response(answer)
                return
