"""The query and the answer of sending somebody to a provider."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, StringConstraints

from keyturn.server.oauth_providers.wire import Scope  # noqa: TC001 - pydantic reads it
from keyturn.server.stack.callback import CallbackUrl  # noqa: TC001 - pydantic reads it
from keyturn.server.stack.endpoint import Wire

LONGEST = 2048
Text = Annotated[str, StringConstraints(max_length=LONGEST)]
Mode = Literal["json", "redirect"]


class AuthorizeQuery(Wire):
    """An authorization request (RFC 6749 section 4.1.1) with what published clients add to it.

    ``token`` is the access token of whoever is signed in: needed to link, and what makes a guest
    become the account. The challenge members are accepted and have no meaning here.
    """

    client_id: str
    client_secret: str
    redirect_uri: CallbackUrl
    scope: Text
    state: Text
    grant_type: Literal["authorization_code"]
    response_type: Literal["code"]
    code_challenge: Annotated[str, StringConstraints(pattern="^[A-Za-z0-9_-]{43}$")]
    code_challenge_method: Literal["S256"]
    type: Literal["authenticate", "link"] = "authenticate"
    token: str = ""
    provider_scope: Scope | None = None
    error_redirect_url: CallbackUrl | None = None
    error_redirect_uri: CallbackUrl | None = None
    after_callback_redirect_url: CallbackUrl | None = None
    stack_response_mode: Mode = "redirect"
    hexclave_response_mode: Mode = "redirect"
    bot_challenge_token: str | None = None
    bot_challenge_phase: str | None = None
    bot_challenge_unavailable: str | None = None


class CallbackQuery(Wire):
    """What a provider sends back. Providers add members of their own, which are not read."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="ignore", strict=True, frozen=True)

    state: Text = ""


class AuthorizeLocation(Wire):
    """Where to send the browser, for programs that asked with a script."""

    location: str
