"""``/oauth/authorize``: a program on this computer, or a web app, asks; a person decides.

The request is checked, then the page is shown. Only the page's own POST to another address decides,
and a bad client or redirect URI is shown, never followed (RFC 9700 section 4.11).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from starlette.routing import Route

from keyturn.server.approve.service import PAGE_SECONDS
from keyturn.server.approve.words import LOOPBACK_LASTS, declared_words, grants
from keyturn.server.browser.answers import see_other
from keyturn.server.browser.forms import posted_pairs
from keyturn.server.browser.pages import guarded, plain
from keyturn.server.browser.visitor import Visitor, visit
from keyturn.server.oauth import consents
from keyturn.server.oauth.authorize import BadClient, BadRedirect, RedirectableError
from keyturn.server.oauth.openid import sign_in_needed
from keyturn.server.pages.views import ConfirmPage, HandoverPage, Origin, WrongClientPage

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from keyturn.server.approve.service import Asked
    from keyturn.server.oauth.authorize import AuthorizationRequest
    from keyturn.server.services import Services
    from keyturn.server.storage.base import Work


@guarded
async def authorize(request: Request) -> Response:
    """``/oauth/authorize``: the confirm page, or sign in first.

    A posted request (OpenID Connect Core section 3.1.2.1) goes on as a GET: another site's post
    comes without this server's cookies, the GET that follows it comes with them.
    """
    services: Services = request.app.state.services
    is_posted = request.method == "POST"
    pairs = await posted_pairs(request) if is_posted else request.query_params.multi_items()
    try:
        asked = await services.authorization.read_request(pairs)
    except BadClient as bad:
        return plain(request, WrongClientPage(reason="client", client_id=bad.client_id))
    except BadRedirect as bad:
        return plain(
            request,
            WrongClientPage(
                reason="redirect-uri", client_id=bad.client_id, redirect_uri=bad.redirect_uri
            ),
        )
    except RedirectableError as wrong:
        return see_other(wrong.url)
    if is_posted:
        root = urlsplit(services.settings.issuer).path
        return see_other(f"{root}/oauth/authorize?{asked.as_query()}")
    visitor = await visit(request, project_id=asked.client.project_id)
    if asked.silent:
        url = await services.authorization.answer_silently(
            asked, browser_session=visitor.session, user=visitor.user, origin=visitor.origin
        )
        return visitor.remembered(see_other(url))
    if (first := _sign_in_first(visitor, asked)) is not None:
        return first
    assert visitor.session is not None  # noqa: S101 - else they would be on their way to sign in
    again = f"/oauth/authorize?{asked.as_query()}"
    token = await services.approvals.ask("loopback", asked.as_query(), session=visitor.session)
    return visitor.show(_confirm_page(visitor, asked, token=token, again=again))


def _sign_in_first(visitor: Visitor, asked: AuthorizationRequest) -> Response | None:
    """Send on whoever is not signed in, not as freshly as asked, or not as the one who is meant."""
    now = visitor.services.clock.now_ms()
    session = visitor.session
    need = sign_in_needed(asked, session, now=now) if session is not None else None
    if session is not None and need is None:
        return None
    if need is not None and visitor.host is not None and asked.authenticated_since is not None:
        # The app around us has been asked once, and does not say that they signed in again.
        return visitor.remembered(
            see_other(visitor.services.authorization.login_required_url(asked))
        )
    fresh = need is not None or asked.wants_fresh
    then = asked.after_sign_in(now=now) if fresh else asked
    return visitor.sign_in_first(f"/oauth/authorize?{then.as_query()}", fresh=fresh)


async def decide(visitor: Visitor, asked: Asked, token: str, *, approve: bool) -> Response:
    """Answer a pressed button: issue the code, or say that the person declined."""
    services = visitor.services
    request = await services.authorization.read_request(parse_qsl(asked.request))
    if approve:
        url = await services.storage.write(
            _approve_work, visitor, request, token, services.clock.now_ms()
        )
    else:
        assert visitor.session is not None  # noqa: S101 - the caller checked
        await services.approvals.use(token, session=visitor.session, decision="deny")
        url = services.authorization.denied_url(request)
    if url.startswith("http://[::1]"):
        # No Content-Security-Policy can name an IPv6 address: the redirect would be blocked.
        return visitor.show(
            HandoverPage(program=_program(request), approved=approve, callback_url=url)
        )
    return see_other(url)


def _approve_work(
    visitor: Visitor, request: AuthorizationRequest, token: str, now: int
) -> Work[str]:
    assert visitor.session is not None  # noqa: S101 - the caller checked
    assert visitor.user is not None  # noqa: S101
    services = visitor.services
    yield from services.approvals.use_work(
        token, session=visitor.session, decision="approve", now=now
    )
    yield from consents.remember(request, user_id=visitor.user.id, now=now)
    return (
        yield from services.authorization.issue_code_work(
            request,
            browser_session=visitor.session,
            user=visitor.user,
            origin=visitor.origin,
            now=now,
        )
    )


def _confirm_page(
    visitor: Visitor, asked: AuthorizationRequest, *, token: str, again: str
) -> ConfirmPage:
    return ConfirmPage(
        kind="loopback",
        account=visitor.account(continue_to=again),
        form_token=token,
        program=_program(asked),
        vetted=asked.client.vetted,
        origin=Origin(
            host_name=asked.host_name,
            system=asked.system,
            loopback_port=asked.loopback_port,
            answer_goes_to=asked.answer_goes_to,
        ),
        started_at=visitor.now,
        ends_at=visitor.now + timedelta(seconds=PAGE_SECONDS),
        grants=grants(asked.told, declared_words(asked.client, visitor.services.resources)),
        lasts=LOOPBACK_LASTS if asked.client.may("refresh_token") else None,
        redirect_origin=asked.redirect_origin,
    )


async def program_of(visitor: Visitor, asked: Asked) -> str:
    """Return the name of the program that an earlier page was about."""
    request = await visitor.services.authorization.read_request(parse_qsl(asked.request))
    return _program(request)


def _program(asked: AuthorizationRequest) -> str:
    # The registered name, not the program's claim: a stranger could claim any name.
    return asked.client.display_name


def routes() -> list[Route]:
    """Return the routes of this file."""
    return [Route("/oauth/authorize", authorize, methods=["GET", "POST"])]
