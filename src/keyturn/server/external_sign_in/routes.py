"""Signing in at a provider on the wire: there, and back.

Neither endpoint takes the project headers: a browser follows a link. So everything is in the query,
and where an answer leads is decided by what the project lists, never by the query alone.
"""

from __future__ import annotations

import json
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from keyturn.protocol.errors import KeyturnError
from keyturn.server.browser.cookies import Cookies
from keyturn.server.external_sign_in import errors as sign_in_errors
from keyturn.server.external_sign_in import rules
from keyturn.server.external_sign_in.arrival import NotSignedIn
from keyturn.server.external_sign_in.outcomes import NotOurs, TookTooLong
from keyturn.server.external_sign_in.requesting import authorized_project, checked_request
from keyturn.server.external_sign_in.service import KNOWN_MINUTES
from keyturn.server.external_sign_in.wire import AuthorizeLocation, AuthorizeQuery, CallbackQuery
from keyturn.server.oauth_providers import errors as provider_errors
from keyturn.server.stack import errors
from keyturn.server.stack.endpoint import Call, Endpoint, Nothing, Wire
from keyturn.server.stack.redirect import Redirect

if TYPE_CHECKING:
    from keyturn.server.external_sign_in.outcomes import Return
    from keyturn.server.projects.providers import Provider
    from keyturn.server.projects.rules import Project

AUTHORIZE = "/api/v1/auth/oauth/authorize/"
_MODES = {"stack_response_mode", "hexclave_response_mode"}


async def authorize(call: Call[Nothing, AuthorizeQuery]) -> Wire | Redirect:
    """Send a browser to a provider, to sign in there or to link an account there."""
    services, query = call.services, call.query
    project = await authorized_project(services, query)
    provider = _provider(project, call.path["provider_id"])
    asked = await checked_request(services, project, provider, query)
    if "json" in (query.stack_response_mode, query.hexclave_response_mode):
        return AuthorizeLocation(location=_location(call, provider))
    try:
        departure = await services.external_sign_in.depart(project, provider, asked)
    except KeyturnError as failure:
        raise sign_in_errors.of_provider(failure) from None
    keep = partial(
        Cookies.of(services.settings).set_code,
        name=_cookie_name(departure.state),
        code=departure.cookie,
        seconds=KNOWN_MINUTES * 60,
    )
    return Redirect(url=departure.url, dress=keep)


async def callback(call: Call[Nothing, CallbackQuery]) -> Redirect:
    """Take a browser back from a provider, and send it on to the program with a code.

    A window goes on by a page of one line, everything else by its status.
    """
    services, state = call.services, call.query.state
    cookies, name = Cookies.of(services.settings), _cookie_name(state)
    try:
        back = await services.external_sign_in.come_back(
            services.projects.find,
            call.path["provider_id"],
            state=state,
            cookie=cookies.read(call.request, name) or "",
            query=call.request.url.query,
        )
        url = await _onward(call, back)
    except NotOurs:
        raise errors.StatusError(
            400, "This browser has no sign-in under way here, or is back already. Start again."
        ) from None
    except TookTooLong as late:
        url = _told(call, late.back, sign_in_errors.outer_oauth_timeout())
    # Browsers say what they ask for a window; whatever else follows links gets a plain redirect.
    is_window = call.request.headers.get("sec-fetch-dest") == "document"
    forget = partial(cookies.clear, name=name)
    return Redirect(url=url, status=303, by_page=is_window, dress=forget)


async def _onward(call: Call[Any, Any], back: Return) -> str:
    """Return where the browser goes: to the program with its code, or with what went wrong."""
    base_url = call.services.settings.issuer
    urls = (back.asked.redirect_uri,)
    if rules.leads_to_a_stranger(urls, back.project.config, base_url=base_url):
        raise errors.redirect_url_not_whitelisted()  # the list has changed in the meantime
    try:
        provider = _provider(back.project, back.asked.provider_id)
        code = await call.services.external_sign_in.finish(provider, back)
    except KeyturnError as failure:
        return _told(call, back, sign_in_errors.of_provider(failure))
    except NotSignedIn as refusal:
        return _told(call, back, sign_in_errors.not_signed_in(refusal))
    except errors.KnownError as known:
        return _told(call, back, known)
    return rules.with_parameters(back.asked.redirect_uri, {"code": code, "state": back.asked.state})


def _told(call: Call[Any, Any], back: Return, error: errors.KnownError | errors.StatusError) -> str:
    """Return where the program wants to hear of errors. Raises the error if that is nowhere."""
    target = back.asked.error_redirect_uri
    base_url = call.services.settings.issuer
    is_stranger = rules.leads_to_a_stranger((target,), back.project.config, base_url=base_url)
    if target is None or is_stranger or isinstance(error, errors.StatusError):
        raise error
    told = {
        "errorCode": error.code,
        "message": error.message,
        "details": json.dumps(error.details or {}),
    }
    return rules.with_parameters(target, told)


def _location(call: Call[Nothing, AuthorizeQuery], provider: Provider) -> str:
    # A script's answer sets no cookie for a browser that comes from elsewhere, and without one
    # nobody could tell later which browser it was. So the browser asks once more, by itself.
    pairs = [pair for pair in call.request.query_params.multi_items() if pair[0] not in _MODES]
    return f"{call.services.settings.issuer}{AUTHORIZE}{provider.id}?{urlencode(pairs)}"


def _provider(project: Project, provider_id: str) -> Provider:
    found = project.config.provider(provider_id)
    if found is None:
        raise provider_errors.provider_not_found_or_not_enabled()
    return found


def _cookie_name(state: str) -> str:
    """Return the cookie of one departure: a browser may be sent off in several tabs at once."""
    return f"external_{sha256(state.encode()).hexdigest()[:16]}"


TAG = "Signing in"
ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/auth/oauth/authorize/{provider_id}",
        handler=authorize,
        access=None,
        query=AuthorizeQuery,
        answers={200: AuthorizeLocation},
        redirects=302,
        makes_rows=True,
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/auth/oauth/callback/{provider_id}",
        handler=callback,
        access=None,
        query=CallbackQuery,
        answers={},
        redirects=303,
        tag=TAG,
    ),
)
