"""``/oauth/register``: programs register here, and read, change or remove what they registered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.server.http.errors import come_back
from keyturn.server.http.limits import TooMany
from keyturn.server.oauth.errors import Refused
from keyturn.server.oauth.metadata import REGISTRATION_PATH
from keyturn.server.oauth.registration import Full, NoRegistration
from keyturn.server.oauth.registration_rules import described
from keyturn.server.oauth.rules import LONGEST_CLIENT_ID, bearer_token
from keyturn.server.oauth.wire import Answer

if TYPE_CHECKING:
    from keyturn.server.oauth.call import Call
    from keyturn.server.oauth.registration import Registered

FULL_SECONDS = 600
_LONGEST_TOKEN = 512


async def register_client(call: Call) -> Answer:
    """Register a client (RFC 7591 section 3.1), where a project of this server lets programs."""
    services = call.services
    if not await services.projects.take_registrations():
        raise Refused("invalid_request", "programs cannot register themselves here", 404)
    token = _token(call)
    sent = await call.json()
    try:
        made = await services.registrations.register(
            sent, initial_access_token=token, ip=call.counted_ip()
        )
    except NoRegistration:
        raise _unauthorized("an initial access token is needed to register") from None
    except TooMany as reached:
        wait = come_back(reached, now=services.clock.now_ms())
        seconds = wait.seconds if wait else FULL_SECONDS
        raise _later(429, seconds, "too many registrations from this address") from None
    except Full:
        raise _later(503, FULL_SECONDS, "too many clients wait for a first sign-in") from None
    return Answer(_information(call, made), 201)


async def read_client(call: Call) -> Answer:
    """Tell a client what is registered (RFC 7592 section 2.1); no secret is told twice."""
    try:
        return Answer(_information(call, await call.services.registrations.read(*_named(call))))
    except NoRegistration:
        raise _unmanaged() from None


async def update_client(call: Call) -> Answer:
    """Replace what is registered (RFC 7592 section 2.2)."""
    client_id, token = _named(call)
    sent = await call.json()
    try:
        changed = await call.services.registrations.update(client_id, token, sent)
    except NoRegistration:
        raise _unmanaged() from None
    return Answer(_information(call, changed))


async def delete_client(call: Call) -> Answer:
    """Remove a client and end everything it was given (RFC 7592 section 2.3)."""
    try:
        await call.services.registrations.delete(*_named(call))
    except NoRegistration:
        raise _unmanaged() from None
    return Answer(None, 204)


def _information(call: Call, found: Registered) -> dict[str, Any]:
    managed_at = f"{call.services.settings.issuer}{REGISTRATION_PATH}/{found.client.id}"
    answer = described(found.client) | {
        "client_id_issued_at": found.at // 1000,
        # RFC 7592 section 3 wants the token in every answer; on reading it is the caller's own.
        "registration_access_token": found.token,
        "registration_client_uri": managed_at,
    }
    if found.secret is not None:
        answer |= {"client_secret": found.secret, "client_secret_expires_at": 0}
    return answer


def _named(call: Call) -> tuple[str, str]:
    client_id, token = call.path_part("client_id"), _token(call)
    if token is None or len(client_id) > LONGEST_CLIENT_ID or "\x00" in client_id:
        raise _unmanaged()
    return client_id, token


def _token(call: Call) -> str | None:
    header = call.header(b"authorization")
    if header is None:
        return None
    token = bearer_token(header)
    # What is no token at all is not taken for a program that sends none.
    if token is None or len(token) > _LONGEST_TOKEN:
        raise _unmanaged()
    return token


def _unmanaged() -> Refused:
    # One answer for a client that is not there and a token that is not its: section 2.1.
    return _unauthorized("the token is missing or not the one of this registration")


def _unauthorized(description: str) -> Refused:
    challenge = {"WWW-Authenticate": 'Bearer realm="keyturn", error="invalid_token"'}
    return Refused("invalid_token", description, 401, challenge)


def _later(status: int, seconds: int, description: str) -> Refused:
    return Refused("temporarily_unavailable", description, status, {"Retry-After": str(seconds)})
