"""Sign in, sign up, sign out, another account: parse, call the service, show a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.accounts.rules import SHORTEST_PASSWORD, email_problem, normalized_password
from keyturn.server.accounts.service import EmailTaken, PasswordRefused, SignUpDisabled
from keyturn.server.approve.stack_routes import attempt_of
from keyturn.server.browser.pages import both, own_page, page
from keyturn.server.browser.paths import (
    authenticated_since,
    is_waiting,
    keeps_guest,
    login_hint,
    safe_continue,
)
from keyturn.server.contact_channels.page_routes import ask_for_proof
from keyturn.server.http.origin import counted_ip
from keyturn.server.pages import words
from keyturn.server.pages.views import Guest, SignInPage, SignUpPage
from keyturn.server.signin.second_factor_routes import ask_for_second_factor

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.routing import Route

    from keyturn.server.accounts.rules import User
    from keyturn.server.browser.visitor import Visitor
    from keyturn.server.pages.views.sign_in import SignInNotice


# What another page may have this one say.
_NOTICES: tuple[SignInNotice, ...] = ("signed-out", "second-factor-over", "password-replaced")


@page
async def show_sign_in(visitor: Visitor) -> Response:
    """``GET /sign-in``: the form, or straight on for somebody who is signed in freshly enough."""
    continue_to = safe_continue(visitor.request.query_params.get("continue"))
    since = authenticated_since(continue_to)
    if visitor.session is not None and visitor.session.authenticated_at >= since:
        return visitor.go_on(continue_to)
    if visitor.host is not None:
        return visitor.sign_in_first(continue_to or "/sessions", fresh=since > 0)
    named = visitor.request.query_params.get("notice")
    notice = next((known for known in _NOTICES if known == named), None)
    hint = login_hint(continue_to)
    email = "" if not hint or email_problem(hint) else hint
    return visitor.show(sign_in_page(visitor, continue_to=continue_to, email=email, notice=notice))


@own_page
async def sign_in(visitor: Visitor) -> Response:
    """``POST /sign-in``: 303 onwards, or the form again with what has to be mended."""
    fields = await visitor.form()
    email, password = fields.get("email", "").strip(), fields.get("password", "")
    continue_to = safe_continue(fields.get("continue"))
    problem = (email_problem(email) or None) if email else words.EMAIL_MISSING
    if problem or not password:
        missing = None if password else words.PASSWORD_MISSING
        return visitor.show(
            sign_in_page(
                visitor,
                continue_to=continue_to,
                email=email,
                email_problem=problem,
                password_problem=missing,
            )
        )
    user = None
    if visitor.project.config.credential_enabled:
        user = await visitor.services.signin.with_password(
            visitor.project,
            email=email,
            password=password,
            counted_ip=counted_ip(visitor.request),
        )
    if user is None:
        return visitor.show(
            sign_in_page(visitor, continue_to=continue_to, email=email, notice="mismatch"),
            status=400,
        )
    return await signed_in(visitor, user, continue_to)


@own_page
async def show_sign_up(visitor: Visitor) -> Response:
    """``GET /sign-up``: the form, or straight on for somebody who is signed in."""
    continue_to = safe_continue(visitor.request.query_params.get("continue"))
    guest = await guest_of(visitor, continue_to)
    if visitor.session is not None and guest is None:
        return visitor.go_on(continue_to)
    if not may_sign_up(visitor):
        return visitor.sign_in_first(continue_to or "/sessions")
    return visitor.show(
        SignUpPage(
            form_token=visitor.form_token(),
            continue_to=continue_to,
            waiting=is_waiting(continue_to),
            guest=shown_guest(visitor, guest),
        )
    )


@own_page
async def sign_up(visitor: Visitor) -> Response:
    """``POST /sign-up``: creates the account and signs in, or shows the form again."""
    fields = await visitor.form()
    email, password = fields.get("email", "").strip(), fields.get("password", "")
    continue_to = safe_continue(fields.get("continue"))
    email_wrong = email_problem(email) if email else words.EMAIL_MISSING
    password_wrong = None if password else words.NEW_PASSWORD_MISSING
    guest = await guest_of(visitor, continue_to)
    if not email_wrong and not password_wrong:
        try:
            user = await _new_account(visitor, guest, email, password)
            await ask_for_proof(visitor, user)
            return await signed_in(visitor, user, continue_to)
        except EmailTaken:
            email_wrong = words.EMAIL_TAKEN
        except PasswordRefused as refused:
            password_wrong = refused_words(refused, password)
        except SignUpDisabled:
            return visitor.sign_in_first(continue_to or "/sessions")
    return visitor.show(
        SignUpPage(
            form_token=visitor.form_token(),
            continue_to=continue_to,
            waiting=is_waiting(continue_to),
            email=email,
            email_problem=email_wrong,
            password_problem=password_wrong,
            least_characters=SHORTEST_PASSWORD,
            guest=shown_guest(visitor, guest),
        )
    )


async def _new_account(visitor: Visitor, guest: User | None, email: str, password: str) -> User:
    accounts = visitor.services.accounts
    if guest is None:
        return await accounts.sign_up(visitor.project, email=email, password=password)
    return await accounts.upgrade(visitor.project, guest, email=email, password=password)


async def guest_of(visitor: Visitor, continue_to: str | None) -> User | None:
    """Return the guest that signing up now turns into an account, if that was asked for."""
    attempt = await attempt_of(visitor) if keeps_guest(continue_to) else None
    if attempt is None or attempt.anonymous_user_id is None or not attempt.has_anonymous_session:
        return None
    if not attempt.is_open(now=visitor.services.clock.now_ms()):
        return None
    user = await visitor.services.accounts.find(visitor.project.id, attempt.anonymous_user_id)
    return user if user is not None and user.is_anonymous else None


def shown_guest(visitor: Visitor, guest: User | None) -> Guest | None:
    """Return what the form says of the guest."""
    return Guest(program=visitor.project.display_name) if guest is not None else None


@page
async def sign_out(visitor: Visitor) -> Response:
    """``POST /sign-out``: ends this browser's session and no other."""
    await visitor.form()
    return await _without_session(visitor, "/sign-in?notice=signed-out")


@page
async def switch_account(visitor: Visitor) -> Response:
    """``POST /switch-account``: "Not you?" - signs this browser out and asks who it is."""
    fields = await visitor.form()
    continue_to = safe_continue(fields.get("continue"))
    if visitor.session is not None:
        await visitor.services.sessions.end(
            visitor.session.id, reason="switched account", ip=visitor.origin.ip
        )
    response = visitor.sign_out_at_host(continue_to or "/sessions")
    if response is None:
        response = visitor.sign_in_first(continue_to or "/sessions")
    visitor.cookies.clear_session(response, visitor.project.id)
    return response


async def signed_in(visitor: Visitor, user: User, continue_to: str | None) -> Response:
    """Begin the browser's session and go on, or ask for the second factor first.

    An earlier session of this browser ends with the new one's beginning.
    """
    services = visitor.services
    if user.requires_totp_mfa:
        attempt = await services.second_factor.begin(user, "browser")
        return ask_for_second_factor(visitor, attempt, continue_to)
    if visitor.session is not None:
        await services.sessions.end(visitor.session.id, reason="signed in again")
    _, token = await services.sessions.begin_browser(
        project_id=visitor.project.id, user_id=user.id, origin=visitor.origin
    )
    response = visitor.go_on(continue_to)
    visitor.cookies.set_session(response, visitor.project.id, token)
    return response


def sign_in_page(
    visitor: Visitor,
    *,
    continue_to: str | None,
    email: str = "",
    email_problem: str | None = None,
    password_problem: str | None = None,
    notice: SignInNotice | None = None,
) -> SignInPage:
    """Return the sign-in form as this project offers it."""
    config = visitor.project.config
    return SignInPage(
        form_token=visitor.form_token(),
        continue_to=continue_to,
        waiting=is_waiting(continue_to),
        email=email,
        email_problem=email_problem,
        password_problem=password_problem,
        notice=notice,
        with_password=config.credential_enabled,
        with_link=config.magic_link_enabled,
        with_sign_up=may_sign_up(visitor),
    )


def may_sign_up(visitor: Visitor) -> bool:
    """Say whether this project takes new accounts on its pages."""
    return visitor.project.config.sign_up_enabled and visitor.project.config.credential_enabled


def refused_words(refused: PasswordRefused, password: str) -> str:
    """Say what is wrong with a new password."""
    if refused.too_short:
        return words.password_too_short(len(normalized_password(password)), refused.limit)
    return words.password_too_long(refused.limit)


async def _without_session(visitor: Visitor, path: str) -> Response:
    if visitor.session is not None:
        await visitor.services.sessions.end(
            visitor.session.id, reason="signed out", ip=visitor.origin.ip
        )
    response = visitor.sign_out_at_host("/sessions") or visitor.see(path)
    visitor.cookies.clear_session(response, visitor.project.id)
    return response


def routes() -> list[Route]:
    """Return the routes of this room."""
    return [
        *both("/sign-in", show_sign_in, methods=["GET"]),
        *both("/sign-in", sign_in, methods=["POST"]),
        *both("/sign-up", show_sign_up, methods=["GET"]),
        *both("/sign-up", sign_up, methods=["POST"]),
        *both("/sign-out", sign_out, methods=["POST"]),
        *both("/switch-account", switch_account, methods=["POST"]),
    ]
