"""The life of one call: addresses, headers, tokens, retries, and what comes of it.

Nothing here sends: each method is a generator of steps, see binding.
"""

from __future__ import annotations

import json
import re
import secrets
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from keyturn.protocol.errors import ServerUnreachable
from keyturn.protocol.refresh import Ended, Renewed, Temporary, read_refresh, stack_grant
from keyturn.protocol.retry import retry_after_seconds
from keyturn.protocol.stack import StackClient
from keyturn.protocol.wire import Pause, Request
from keyturn.sdk.answers import actual_status, error_code, read_json
from keyturn.sdk.errors import UserNotSignedIn, error_for
from keyturn.sdk.token_store import NOBODY, TokenPair, refresh_failed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keyturn.protocol.wire import Reply
    from keyturn.sdk.binding import Steps
    from keyturn.sdk.clock import Clock
    from keyturn.sdk.token_store import TokenStore

# Servers read digits and dots only, so "1.2.0.dev3" is told as 1.2.0.
_RELEASE = re.match(r"\d+(\.\d+)*", version("keyturn"))
CLIENT_VERSION = f"python @keyturn/sdk@{_RELEASE[0] if _RELEASE else '0.0.0'}"
IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
RENEWABLE = frozenset({"ACCESS_TOKEN_EXPIRED", "UNPARSABLE_ACCESS_TOKEN"})
RETRIES = 5
FIRST_PAUSE_SECONDS = 1.0
# Whoever is asked to stay away longer than this had better tell the user.
LONGEST_PAUSE_SECONDS = 60.0
TOO_MANY = 429


class Api:
    """One project's API, as one app sees it.

    Args:
        base_url: Where the API lives, without ``/api/v1``.
        project_id: The project.
        publishable_client_key: ``None`` where the project asks for none.
        secret_server_key: For server access; ``None``: client access.
        extra_headers: Sent with every request.
        clock: Where the time comes from.
    """

    def __init__(
        self,
        *,
        base_url: str,
        project_id: str,
        publishable_client_key: str | None,
        secret_server_key: str | None,
        extra_headers: Mapping[str, str],
        clock: Clock,
    ) -> None:
        self.client: StackClient = StackClient(
            base_url=base_url.rstrip("/"),
            project_id=project_id,
            publishable_client_key=publishable_client_key,
        )
        self.clock = clock
        self.is_server: bool = secret_server_key is not None
        self._headers = _headers(self.client, secret_server_key, extra_headers)

    def __repr__(self) -> str:
        return f"Api({self.client.base_url!r}, {self.client.project_id!r})"

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        tokens: TokenStore | None = None,
        signed_in: bool = False,
    ) -> Steps[Any]:
        """Make one call and return the JSON of its answer; ``None`` where it has no body.

        Args:
            method: In capitals.
            path: Below ``/api/v1``, segments quoted.
            query: Its parameters.
            body: What to send; left out, ``{}`` is sent where a body is expected.
            tokens: Whose session the call is part of, if anybody's.
            signed_in: Nobody's is not good enough: send nothing then.

        Raises:
            StackApiError: the server answered with an error.
            NotSupportedByServer: the server does not have this endpoint yet.
            ServerUnreachable, UnexpectedReply: there was no answer, or none of this API.
            RefreshTransient: the session is due for renewal, which failed.
            UserNotSignedIn: ``signed_in`` was asked for, and nobody is.
            TypeError, ValueError: the body cannot be said in JSON.
        """
        url = self.client.url(path) + (f"?{urlencode(query)}" if query else "")
        content = json.dumps(body or {}, allow_nan=False).encode() if method in WITH_BODY else None
        pair = NOBODY
        if tokens is not None:
            pair = yield from tokens.get_or_fetch_likely_valid_tokens(self)
        if signed_in and pair.access_token is None:
            raise UserNotSignedIn
        reply = yield from self._insist(method, url, content, pair)
        if (
            tokens is not None
            and pair.access_token is not None
            and actual_status(reply) == 401
            and error_code(reply) in RENEWABLE
        ):
            renewed = yield from tokens.fetch_new_access_token(self, instead_of=pair.access_token)
            if renewed.access_token is not None:
                reply = yield from self._insist(method, url, content, renewed)
        return read_json(reply)

    def renew(self, refresh_token: str) -> Steps[TokenPair]:
        """Exchange a refresh token (``POST /auth/oauth/token``); ``NOBODY``: the session has ended.

        Raises:
            RefreshTransient, ServerUnreachable: it may work later.
            StackApiError: the server declined for another reason, such as a wrong key.
        """
        reply: Reply = yield stack_grant(self.client, refresh_token=refresh_token)
        outcome = read_refresh(reply, now=self.clock.now())
        if isinstance(outcome, Renewed):
            tokens = outcome.tokens
            return TokenPair(access_token=tokens.access_token, refresh_token=tokens.refresh_token)
        if isinstance(outcome, Ended):
            return NOBODY
        if isinstance(outcome, Temporary):
            raise refresh_failed(outcome.why)
        raise error_for(outcome.code, outcome.why, status=reply.status, details=None)

    def _insist(
        self, method: str, url: str, content: bytes | None, tokens: TokenPair
    ) -> Steps[Reply]:
        """Send, again where the network failed or the server asked for patience."""
        for failures in range(RETRIES + 1):
            last = failures == RETRIES
            try:
                reply: Reply = yield self._request(method, url, content, tokens)
            except ServerUnreachable:
                if last or method not in IDEMPOTENT:
                    raise
                yield Pause(seconds=FIRST_PAUSE_SECONDS * 2**failures)
                continue
            if last or actual_status(reply) != TOO_MANY:
                break
            asked = retry_after_seconds(reply)
            wait = FIRST_PAUSE_SECONDS * 2**failures if asked is None else asked
            if wait > LONGEST_PAUSE_SECONDS:
                break
            yield Pause(seconds=wait)
        return reply

    def _request(self, method: str, url: str, content: bytes | None, tokens: TokenPair) -> Request:
        headers = {**self._headers, "x-stack-random-nonce": secrets.token_urlsafe(16)}
        if content is not None:
            headers["content-type"] = "application/json"
        if tokens.access_token is not None:
            headers["x-stack-access-token"] = tokens.access_token
        if tokens.refresh_token is not None:
            headers["x-stack-refresh-token"] = tokens.refresh_token
        return Request(method=method, url=url, headers=headers, body=content)


def _headers(
    client: StackClient, secret_server_key: str | None, extra: Mapping[str, str]
) -> dict[str, str]:
    values = {
        **{name.lower(): value for name, value in extra.items()},
        "accept": "application/json",
        "x-stack-access-type": "client" if secret_server_key is None else "server",
        "x-stack-project-id": client.project_id,
        "x-stack-publishable-client-key": client.publishable_client_key,
        "x-stack-secret-server-key": secret_server_key,
        "x-stack-client-version": CLIENT_VERSION,
        # Who is signed in is for us to see and for the caller to judge.
        "x-stack-allow-anonymous-user": "true",
        "x-stack-allow-restricted-user": "true",
        "x-stack-override-error-status": "true",
    }
    return {name: value for name, value in values.items() if value is not None}
