"""The log on standard error: lines for people, or one JSON object a line for programs.

Every line about a request carries its name. A traceback is written without the exception's text,
which may quote what must not be in a log.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from typing import TYPE_CHECKING, Literal

from keyturn.server.clock import instant
from keyturn.server.operating import request_id

if TYPE_CHECKING:
    from types import TracebackType

LINE = "%(asctime)s %(levelname)s %(message)s"


def configure(form: Literal["text", "json"]) -> None:
    """Send every logger's lines of INFO and above to standard error, in this form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else TextLines(LINE))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


class TextLines(logging.Formatter):
    """One line each, the request's name at its end."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, with a traceback below it where there is one."""
        line = super().format(record)
        name = request_id.current()
        if name is None:
            return line
        first, newline, rest = line.partition("\n")
        return f"{first} request={name}{newline}{rest}"

    def formatException(self, ei: _ExceptionInfo) -> str:
        """Return frames and type, never the text."""
        return _without_text(ei)


class JsonLines(logging.Formatter):
    """One JSON object each: time, level, logger, message, and request_id and traceback if any."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the object."""
        at = instant(int(record.created * 1000))
        line = {
            "time": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if (name := request_id.current()) is not None:
            line["request_id"] = name
        if record.exc_info:
            line["traceback"] = _without_text(record.exc_info)
        return json.dumps(line)


_ExceptionInfo = (
    tuple[type[BaseException], BaseException, "TracebackType | None"] | tuple[None, None, None]
)


def _without_text(found: _ExceptionInfo) -> str:
    kind, _, frames = found
    text = "".join(traceback.format_tb(frames)) if frames else ""
    return f"{text}{kind.__name__ if kind else ''}"
