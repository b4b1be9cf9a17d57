"""The JSON that all codes that work once share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints

from keyturn.server.one_time.service import LENGTH
from keyturn.server.stack.endpoint import Wire

Code = Annotated[str, StringConstraints(min_length=LENGTH, max_length=LENGTH)]


class CodeRequest(Wire):
    """A code: from a link's ``code`` parameter, or typed characters followed by their nonce."""

    code: Code


class CodeIsValid(Wire):
    """The code would work. One that would not is an error."""

    is_code_valid: Literal[True] = True
