"""How a program speaks to a Stack-compatible API as a project's client: addresses and headers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keyturn.protocol.refusal import refused
from keyturn.protocol.tokens import Account, Tokens, read_tokens
from keyturn.protocol.wire import Request, json_request, send

if TYPE_CHECKING:
    from keyturn.protocol.wire import Steps

# Stands where a project asks for no publishable key.
PUBLIC_CLIENT = "__stack_public_client__"


@dataclass(frozen=True, slots=True, kw_only=True)
class StackClient:
    """One project's client access.

    Attributes:
        base_url: Where the API lives, without ``/api/v1``.
        project_id: The project.
        publishable_client_key: Its public key; ``None`` where it asks for none.
        user_agent: What the confirm page may tell about where the sign-in was started.
    """

    base_url: str
    project_id: str
    publishable_client_key: str | None
    user_agent: str | None = None

    def url(self, path: str) -> str:
        """Return the address of an API path."""
        return f"{self.base_url}/api/v1{path}"

    def headers(self, *, access_token: str | None = None) -> dict[str, str]:
        """Return the project's headers, with a session's where one is given."""
        values = {
            "X-Stack-Access-Type": "client",
            "X-Stack-Project-Id": self.project_id,
            "X-Stack-Publishable-Client-Key": self.publishable_client_key,
            "X-Stack-Access-Token": access_token,
            "X-Stack-Allow-Anonymous-User": "true",
            "User-Agent": self.user_agent,
        }
        return {name: value for name, value in values.items() if value is not None}


def sign_up_anonymously(client: StackClient, *, now: float) -> Steps[tuple[Account, Tokens]]:
    """Start a session without a person (``POST /auth/anonymous/sign-up``).

    Raises:
        ExchangeFailed: the project or its key is unknown.
        UnexpectedReply, ServerUnreachable.
    """
    url = client.url("/auth/anonymous/sign-up")
    reply = yield from send(json_request("POST", url, headers=client.headers()))
    if reply.status != 200:
        raise refused(reply)
    return Account(id=reply.text("user_id"), label="anonymous"), read_tokens(reply, now=now)


def current_user(client: StackClient, access_token: str) -> Request:
    """Ask whose session this is (``GET /users/me``)."""
    return json_request(
        "GET", client.url("/users/me"), headers=client.headers(access_token=access_token)
    )
