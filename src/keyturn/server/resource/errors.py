"""What can go wrong while an API checks a token."""

from __future__ import annotations


class InvalidToken(Exception):
    """Not a token that opens this API. The text is for the API's own log, never for an answer."""


class KeysUnavailable(Exception):
    """The issuer's keys cannot be had now. Nothing is known about the token: answer 503."""
