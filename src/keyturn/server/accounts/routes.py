"""Users on the wire: oneself, and (for servers) everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from keyturn.server.accounts.changes import asks_for_more, changes_from, inconsistency
from keyturn.server.accounts.directory import NotAMember
from keyturn.server.accounts.service import EmailTaken, PasswordRefused
from keyturn.server.accounts.store import UserSearch
from keyturn.server.accounts.wire import (
    UserCreate,
    UserPage,
    UserQuery,
    UserServerUpdate,
    UserServerView,
    UserUpdate,
    UserView,
    user_view,
)
from keyturn.server.http.body import LARGEST_BODY_WITH_IMAGE
from keyturn.server.stack import errors
from keyturn.server.stack.caller import SERVER_ACCESS
from keyturn.server.stack.endpoint import Call, Endpoint, Nothing, Success, Wire, changes_of
from keyturn.server.storage.paging import LARGEST_PAGE, Page
from keyturn.server.teams.wire import Pagination

if TYPE_CHECKING:
    from keyturn.server.accounts.rules import User


async def get_current_user(call: Call[Nothing, Nothing]) -> Wire:
    """Read the signed-in user."""
    user, _ = call.caller.signed_in()
    return await _view(call, user)


async def update_current_user(call: Call[UserServerUpdate, Nothing]) -> Wire:
    """Change the signed-in user. Clients can change some of it, servers all."""
    user, session = call.caller.signed_in()
    return await _update(call, user, keep_session=session.id)


async def delete_current_user(call: Call[Nothing, Nothing]) -> Wire:
    """Delete the signed-in user. With client access only where the project allows it."""
    user, _ = call.caller.signed_in()
    if call.caller.is_client and not call.project.config.client_user_deletion_enabled:
        raise errors.StatusError(400, "This project does not let its users delete their accounts")
    await call.services.directory.delete(call.project.id, user.id)
    return Success()


async def list_users(call: Call[Nothing, UserQuery]) -> Wire:
    """List the project's users, a page at a time."""
    asked = call.query
    limit = min(int(asked.limit or LARGEST_PAGE), LARGEST_PAGE)
    wanted = UserSearch(
        page=Page(
            cursor=asked.cursor or "",
            limit=limit,
            descending=asked.desc == "true",
            query=asked.query or "",
        ),
        order_by=asked.order_by or "signed_up_at",
        anonymous=_anonymous(asked),
        restricted="true" in (asked.include_restricted, asked.include_anonymous),
        team_id=asked.team_id or "",
    )
    found = await call.services.directory.list(call.project.id, wanted)
    items = [await _view(call, user) for user in found[:limit]]
    more = found[limit - 1].id if len(found) > limit else None
    return UserPage(
        items=[item for item in items if isinstance(item, UserServerView)],
        pagination=Pagination(next_cursor=more),
    )


async def create_user(call: Call[UserCreate, Nothing]) -> Wire:
    """Create a user, whatever the project says about sign-up."""
    sent = call.body.model_dump(exclude_unset=True)
    _refuse_unfit(call, sent, is_restricted=False)
    changes = changes_from({"primary_email_auth_enabled": True, **sent})
    try:
        user = await call.services.directory.create(call.project, changes)
    except (EmailTaken, PasswordRefused) as error:
        raise known(error, call.body.primary_email) from None
    return await _view(call, user)


async def get_user(call: Call[Nothing, Nothing]) -> Wire:
    """Read a user."""
    return await _view(call, await _named(call))


async def update_user(call: Call[UserServerUpdate, Nothing]) -> Wire:
    """Change a user. A new password ends all of its sessions."""
    return await _update(call, await _named(call), keep_session="")


async def delete_user(call: Call[Nothing, Nothing]) -> Wire:
    """Delete a user with its sessions and memberships."""
    if not await call.services.directory.delete(call.project.id, call.path["user_id"]):
        raise errors.user_not_found()
    return Success()


def known(error: Exception, email: str | None) -> errors.KnownError:
    """Return the code that stands for what an account service refused."""
    if isinstance(error, PasswordRefused):
        if error.too_short:
            return errors.password_too_short(error.limit)
        return errors.password_too_long(error.limit)
    return errors.user_email_already_exists(email or "")


async def _update(call: Call[UserServerUpdate, Nothing], user: User, *, keep_session: str) -> Wire:
    sent = changes_of(call, UserUpdate)
    _refuse_unfit(call, sent, is_restricted=user.restricted_by_admin)
    try:
        updated = await call.services.directory.update(
            call.project, user.id, changes_from(sent), keep_session=keep_session
        )
    except NotAMember:
        raise errors.team_membership_not_found(sent["selected_team_id"], user.id) from None
    except (EmailTaken, PasswordRefused) as error:
        raise known(error, call.body.primary_email) from None
    if updated is None:
        raise errors.user_not_found()
    return await _view(call, updated)


def _refuse_unfit(call: Call[Any, Any], sent: dict[str, Any], *, is_restricted: bool) -> None:
    if asks_for_more(sent):
        raise errors.not_built()
    if sent.get("passkey_auth_enabled"):
        raise errors.StatusError(
            400, "A passkey cannot be enabled by hand: it is enabled by registering one"
        )
    problem = inconsistency(sent, is_restricted=is_restricted)
    if problem:
        raise errors.schema_error(call.request.method, call.request.url.path, [problem])


async def _named(call: Call[Any, Any]) -> User:
    user = await call.services.accounts.find(call.project.id, call.path["user_id"])
    if user is None:
        raise errors.user_not_found()
    return user


async def _view(call: Call[Any, Any], user: User) -> UserView:
    selected = await call.services.teams.selected_by(user)
    providers = await call.services.provider_accounts.signing_in(call.project, user.id)
    return user_view(user, selected, for_client=call.caller.is_client, providers=providers)


def _anonymous(asked: UserQuery) -> Literal["all", "only", "none"]:
    if asked.only_anonymous == "true":
        return "only"
    return "all" if asked.include_anonymous == "true" else "none"


TAG = "Users"
_ONE = {200: UserServerView | UserView}
ENDPOINTS = (
    Endpoint(method="GET", path="/users/me", handler=get_current_user, answers=_ONE, tag=TAG),
    Endpoint(
        method="PATCH",
        path="/users/me",
        handler=update_current_user,
        body=UserServerUpdate,
        answers=_ONE,
        most_bytes=LARGEST_BODY_WITH_IMAGE,
        tag=TAG,
    ),
    Endpoint(
        method="DELETE",
        path="/users/me",
        handler=delete_current_user,
        answers={200: Success},
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/users",
        handler=list_users,
        query=UserQuery,
        answers={200: UserPage},
        access=SERVER_ACCESS,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/users",
        handler=create_user,
        body=UserCreate,
        answers={201: UserServerView},
        access=SERVER_ACCESS,
        most_bytes=LARGEST_BODY_WITH_IMAGE,
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path="/users/{user_id}",
        handler=get_user,
        answers={200: UserServerView},
        access=SERVER_ACCESS,
        tag=TAG,
    ),
    Endpoint(
        method="PATCH",
        path="/users/{user_id}",
        handler=update_user,
        body=UserServerUpdate,
        answers={200: UserServerView},
        access=SERVER_ACCESS,
        most_bytes=LARGEST_BODY_WITH_IMAGE,
        tag=TAG,
    ),
    Endpoint(
        method="DELETE",
        path="/users/{user_id}",
        handler=delete_user,
        answers={200: Success},
        access=SERVER_ACCESS,
        tag=TAG,
    ),
)
