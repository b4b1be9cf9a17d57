"""The authorization code grant of a native app (RFC 6749 section 4.1, RFC 8252).

This module builds the link, judges what the browser brought back, and builds the exchange. It
refuses what a server might still allow: no PKCE (RFC 7636), ``plain``, an answer from
another issuer (RFC 9207).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from keyturn.protocol.display import printable
from keyturn.protocol.errors import ExchangeFailed, LoginDenied
from keyturn.protocol.pkce import challenge_for
from keyturn.protocol.refusal import refused
from keyturn.protocol.tokens import Tokens, read_tokens
from keyturn.protocol.wire import Steps, form_request, send

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keyturn.protocol.discovery import Metadata

_MAX_FIELDS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One sign-in attempt: what its link, its callback and its exchange must agree on.

    Attributes:
        issuer: Who may answer.
        iss_in_callback: Whether the answer has to say so (RFC 9207).
        client_id: This program's client.
        redirect_uri: Where the browser comes back to, the same in link and exchange.
        state: Ties the callback to this attempt (RFC 6749 section 10.12).
        verifier: Ties the exchange to this attempt (RFC 7636).
        nonce: Ties the ID token to it (OpenID Connect Core section 3.1.2.1); ``None``: none.
    """

    issuer: str
    iss_in_callback: bool
    client_id: str
    redirect_uri: str
    state: str = field(repr=False)
    verifier: str = field(repr=False)
    nonce: str | None = field(default=None, repr=False)


def require_s256(metadata: Metadata) -> None:
    """Refuse a server that offers PKCE, but only in its weak form.

    Raises:
        ExchangeFailed: the metadata lists challenge methods without ``S256``.
    """
    if metadata.challenge_methods is not None and "S256" not in metadata.challenge_methods:
        raise ExchangeFailed(
            "The sign-in server does not offer the S256 challenge, so the browser sign-in "
            "would not be protected.",
            hint="Ask whoever runs the sign-in server to allow S256.",
        )


def authorization_url(
    endpoint: str, attempt: Attempt, *, scope: str | None, about: Mapping[str, str]
) -> str:
    """Return the link to open (RFC 6749 section 4.1.1).

    Args:
        endpoint: The authorization endpoint; a query of its own is kept (section 3.1).
        attempt: The attempt it starts.
        scope: What to ask for; ``None`` leaves it to the server.
        about: What the program says of itself: host_name, system, program.
    """
    fields = {
        "response_type": "code",
        "client_id": attempt.client_id,
        "redirect_uri": attempt.redirect_uri,
        "state": attempt.state,
        "code_challenge": challenge_for(attempt.verifier),
        "code_challenge_method": "S256",
        **({"scope": scope} if scope else {}),
        **({"nonce": attempt.nonce} if attempt.nonce else {}),
        **about,
    }
    return endpoint + ("&" if "?" in endpoint else "?") + urlencode(fields)


def read_callback(query: str, attempt: Attempt) -> str | None:
    """Return the authorization code in a callback's query, or ``None`` when it is not for us.

    Only a query with the right ``state`` is an answer at all; anything else may have been sent by
    any page in any browser and must not end the wait.

    Raises:
        LoginDenied: the person declined (``error=access_denied``).
        ExchangeFailed: the server reports another error, or the answer is another issuer's.
    """
    answer = _fields(query)
    if answer is None or not _same(answer.get("state", ""), attempt.state):
        return None
    _check_issuer(answer.get("iss"), attempt)
    if "error" in answer:
        raise _refusal(answer)
    return answer.get("code") or None


def exchange(endpoint: str, attempt: Attempt, code: str, *, now: float) -> Steps[Tokens]:
    """Trade the code for tokens (RFC 6749 section 4.1.3, RFC 7636 section 4.5).

    Raises:
        ExchangeFailed: the server refused the code.
        UnexpectedReply: the answer is no token answer.
        ServerUnreachable: the server did not answer, or not now.
    """
    reply = yield from send(
        form_request(
            endpoint,
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": attempt.redirect_uri,
                "client_id": attempt.client_id,
                "code_verifier": attempt.verifier,
            },
        )
    )
    if reply.status != 200:
        raise refused(reply)
    return read_tokens(reply, now=now)


def _fields(query: str) -> dict[str, str] | None:
    """Return the parameters; ``None`` when there are too many or one is given twice."""
    try:
        pairs = parse_qsl(
            query, keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict"
        )
    except ValueError:
        return None
    # RFC 6749 section 3.1: parameters must not be included more than once.
    fields = dict(pairs)
    return fields if len(fields) == len(pairs) else None


def _check_issuer(iss: str | None, attempt: Attempt) -> None:
    # RFC 9207 section 2.4: simple string comparison, and a promised `iss` must not be missing.
    if iss is None and not attempt.iss_in_callback:
        return
    if iss is None or not _same(iss, attempt.issuer):
        raise ExchangeFailed("The answer came from another sign-in server than the one asked.")


def _refusal(answer: dict[str, str]) -> LoginDenied | ExchangeFailed:
    if answer["error"] == "access_denied":
        return LoginDenied()
    reason = printable(answer.get("error_description") or answer["error"])
    return ExchangeFailed(f"The sign-in server could not sign you in: {reason}")


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
