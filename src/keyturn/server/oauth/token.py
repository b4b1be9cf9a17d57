"""The endpoints that programs post to: token, device authorization, revocation, introspection."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from keyturn.server.http.limits import TooMany
from keyturn.server.http.origin import with_claims
from keyturn.server.oauth import rules
from keyturn.server.oauth.clients import authenticate
from keyturn.server.oauth.errors import Refused, invalid_request, invalid_target
from keyturn.server.oauth.resources import UnknownResource
from keyturn.server.oauth.wire import Answer, refusal
from keyturn.server.projects.rules import DEVICE_GRANT
from keyturn.server.waiting import Later

if TYPE_CHECKING:
    from keyturn.server.oauth.call import Call
    from keyturn.server.projects.rules import Client

GRANTS = ("authorization_code", "refresh_token", DEVICE_GRANT)


async def token(call: Call) -> Answer | Later[Answer]:
    """Trade a grant for tokens (RFC 6749 section 3.2)."""
    form = await call.form()
    client = await _client(call, form)
    grant = _required(form, "grant_type")
    if grant not in GRANTS:
        raise Refused("unsupported_grant_type", "this server does not know that grant")
    if not client.may(grant):
        raise Refused("unauthorized_client", "this client may not use that grant")
    if grant == "refresh_token":
        return Answer(await _refresh(call, form, client))
    if grant == "authorization_code":
        return Answer(await _redeem(call, form, client))
    return await _poll(call, form, client)


async def device_authorization(call: Call) -> Answer:
    """Begin a device authorization (RFC 8628 section 3.1)."""
    form = await call.form()
    client = await _client(call, form)
    if not client.may(DEVICE_GRANT):
        raise Refused("unauthorized_client", "this client may not use device codes")
    try:
        scope = rules.granted_scope(form.get("scope"), client.scopes)
    except rules.ScopeRefused:
        raise Refused("invalid_scope", "this client may have none of these scopes") from None
    try:
        resource = call.services.resources.granted(rules.repeated(form, "resource"), client)
    except UnknownResource:
        raise invalid_target() from None
    claims = {name: form.get(name) for name in ("host_name", "system", "program")}
    origin = with_claims(call.origin(), **claims)
    try:
        started = await call.services.devices.start(
            client,
            scope=scope,
            resource=resource,
            origin=origin,
            counted_ip=call.counted_ip(),
        )
    except TooMany as reached:
        raise _slower(call, reached) from None
    prefix = await call.services.projects.page_prefix(client.project_id)
    return Answer(
        {
            "device_code": started.device_code,
            "user_code": started.user_code,
            # Never with the code in it: a link that carries it can be sent to a victim.
            "verification_uri": f"{call.services.settings.issuer}{prefix}/device",
            "expires_in": started.expires_in,
            "interval": started.interval,
        }
    )


async def revoke(call: Call) -> Answer:
    """End the family of a token (RFC 7009); an unknown token is as good as a revoked one."""
    form = await call.form()
    client = await _client(call, form)
    await call.services.oauth.revocation.revoke(
        _required(form, "token"), client=client, ip=call.ip()
    )
    return Answer(None)


async def introspect(call: Call) -> Answer:
    """Say what a token is worth to whom it concerns (RFC 7662); to others it is not active."""
    form = await call.form()
    client = await _client(call, form)
    token = _required(form, "token")
    return Answer(await call.services.oauth.introspection.describe(token, client=client))


async def _client(call: Call, form: Mapping[str, str]) -> Client:
    return await authenticate(
        call.header(b"authorization"),
        form,
        projects=call.services.projects,
        secret=call.services.secret,
    )


async def _refresh(call: Call, form: Mapping[str, str], client: Client) -> dict[str, Any]:
    return await call.services.oauth.refreshing.refresh(
        _required(form, "refresh_token"),
        client=client,
        scope=form.get("scope"),
        resource=rules.repeated(form, "resource"),
        ip=call.ip(),
    )


async def _redeem(call: Call, form: Mapping[str, str], client: Client) -> dict[str, Any]:
    return await call.services.oauth.codes.redeem(
        _required(form, "code"),
        client=client,
        redirect_uri=_required(form, "redirect_uri"),
        verifier=_required(form, "code_verifier"),
        resource=rules.repeated(form, "resource"),
        origin=call.origin(),
    )


async def _poll(call: Call, form: Mapping[str, str], client: Client) -> Answer | Later[Answer]:
    wait = rules.wait_preference(call.headers(b"prefer"))
    applied = _applied(wait)
    polling = call.services.oauth.polling.poll(
        _required(form, "device_code"),
        client=client,
        resource=rules.repeated(form, "resource"),
        origin=call.origin(),
        wait_seconds=wait,
        is_gone=call.is_gone,
    )
    return await _polled(polling, applied)


@cache
def _applied(wait: int) -> Mapping[str, str]:
    """Say that the preference was followed, whatever the answer (RFC 7240 section 3)."""
    return {"Preference-Applied": f"wait={wait}"} if wait else {}


async def _polled(
    polling: Awaitable[dict[str, Any] | Later[dict[str, Any]]], applied: Mapping[str, str]
) -> Answer | Later[Answer]:
    try:
        found = await polling
    except Refused as refused:
        refused.headers.update(applied)
        return refusal(refused)
    if isinstance(found, Later):
        return Later(partial(_waited, found, applied))
    return Answer(found, headers=applied)


async def _waited(found: Later[dict[str, Any]], applied: Mapping[str, str]) -> Answer:
    try:
        return Answer(await found.answer(), headers=applied)
    except Refused as refused:
        refused.headers.update(applied)
        return refusal(refused)


def _required(form: Mapping[str, str], name: str) -> str:
    value = form.get(name)
    if value is None:
        raise invalid_request(f"{name} is missing")
    return value


def _slower(call: Call, reached: TooMany) -> Refused:
    seconds = max(1, (reached.until - call.services.clock.now_ms() + 999) // 1000)
    return Refused(
        "temporarily_unavailable", "too many attempts", 429, {"Retry-After": str(seconds)}
    )
