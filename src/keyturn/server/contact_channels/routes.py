"""Contact channels on the wire: parse, call the service, render."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from keyturn.server.contact_channels import errors
from keyturn.server.contact_channels.rules import AddressTwice, Channel
from keyturn.server.contact_channels.service import NoSuchChannel, NoSuchUser, UsedBySomeoneElse
from keyturn.server.contact_channels.wire import (
    ChannelClientCreate,
    ChannelClientUpdate,
    ChannelCreate,
    ChannelList,
    ChannelQuery,
    ChannelUpdate,
    ChannelView,
    SendVerification,
    SendVerificationToPrimary,
    channel_view,
)
from keyturn.server.one_time.wire import CodeIsValid, CodeRequest
from keyturn.server.stack.callback import trusted, visitor_of
from keyturn.server.stack.code_errors import code_refusals
from keyturn.server.stack.endpoint import (
    Call,
    Endpoint,
    Nothing,
    Success,
    Wire,
    changes_of,
    user_id_of,
)
from keyturn.server.stack.errors import (
    StatusError,
    user_authentication_required,
    user_id_does_not_exist,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


async def list_contact_channels(call: Call[Nothing, ChannelQuery]) -> Wire:
    """List a user's addresses. Clients list their own."""
    asked = call.query
    if asked.user_id is None:
        if call.caller.is_client:
            _own(call, "")
        raise StatusError(400, "Name the user whose contact channels are wanted with user_id")
    user_id = _own(call, asked.user_id)
    found = await call.services.contact_channels.of_user(call.project.id, user_id)
    wanted = asked.contact_channel_id
    return ChannelList(items=[channel_view(c) for c in found if wanted in (None, c.id)])


async def create_contact_channel(call: Call[ChannelCreate, Nothing]) -> Wire:
    """Add an address to a user. Clients add to their own, unverified."""
    body = {"is_primary": False, "is_verified": False, **changes_of(call, ChannelClientCreate)}
    user_id = _own(call, body.pop("user_id"))
    del body["type"]
    with _refusals(call.body.value, user_id):
        channel = await call.services.contact_channels.create(call.project.id, user_id, **body)
    return channel_view(channel)


async def get_contact_channel(call: Call[Nothing, Nothing]) -> Wire:
    """Read one address of a user. Clients read their own."""
    return channel_view(await _named(call, missing=404))


async def update_contact_channel(call: Call[ChannelUpdate, Nothing]) -> Wire:
    """Change an address, make it the primary one, or let it sign in. Clients change their own."""
    changes = changes_of(call, ChannelClientUpdate)
    user_id = _own(call, call.path["user_id"])
    channel_id = call.path["contact_channel_id"]
    with _refusals(None, user_id):
        channel = await call.services.contact_channels.update(
            call.project.id, user_id, channel_id, changes
        )
    return channel_view(channel)


async def delete_contact_channel(call: Call[Nothing, Nothing]) -> Wire:
    """Remove an address from a user. Clients remove their own."""
    user_id = _own(call, call.path["user_id"])
    with _refusals(None, user_id):
        await call.services.contact_channels.delete(
            call.project.id, user_id, call.path["contact_channel_id"]
        )
    return Success()


async def send_verification_code(call: Call[SendVerification, Nothing]) -> Wire:
    """Mail a link that verifies an address. Clients have it sent to their own."""
    user_id = _own(call, call.path["user_id"], status=400)
    if await call.services.accounts.find(call.project.id, user_id) is None:
        raise user_id_does_not_exist(user_id)
    channel = await _named(call, missing=404)
    await _send(call, channel)
    return Success()


async def send_verification_code_to_primary(
    call: Call[SendVerificationToPrimary, Nothing],
) -> Wire:
    """Mail a link that verifies the signed-in user's primary address. For older clients."""
    user = call.user
    if user is None:
        raise user_authentication_required()
    if user.primary_email != call.body.email:
        raise errors.email_is_not_primary_email(call.body.email, user.primary_email)
    found = await call.services.contact_channels.of_user(call.project.id, user.id)
    await _send(call, found[0])
    return Success()


async def verify_contact_channel(call: Call[CodeRequest, Nothing]) -> Wire:
    """Verify an address with the code that was mailed to it."""
    with code_refusals():
        try:
            await call.services.contact_channels.verify(call.project.id, call.body.code)
        except NoSuchChannel:
            raise StatusError(400, "The user no longer has this contact channel") from None
    return Success()


async def check_verification_code(call: Call[CodeRequest, Nothing]) -> Wire:
    """Say whether a code would verify an address, without using it up."""
    with code_refusals():
        await call.services.contact_channels.check(call.project.id, call.body.code)
    return CodeIsValid()


async def _send(call: Call[Any, Any], channel: Channel) -> None:
    if channel.is_verified:
        raise errors.email_already_verified()
    await call.services.contact_channels.send_verification(
        call.project,
        channel.user_id,
        channel.value,
        callback_url=trusted(call, call.body.callback_url),
        counted_ip=visitor_of(call),
    )


async def _named(call: Call[Any, Any], *, missing: int) -> Channel:
    user_id = _own(call, call.path["user_id"])
    found = await call.services.contact_channels.of_user(call.project.id, user_id)
    for channel in found:
        if channel.id == call.path["contact_channel_id"]:
            return channel
    raise StatusError(missing, "Contact channel not found")


def _own(call: Call[Any, Any], given: str, *, status: int = 403) -> str:
    """Return the user that is meant; a client can only mean its own."""
    if call.caller.is_client:
        user, _ = call.caller.signed_in()
        if given not in ("me", user.id):
            raise StatusError(status, "With client access, contact channels are your own only")
    return user_id_of(call, given)


@contextmanager
def _refusals(value: str | None, user_id: str) -> Iterator[None]:
    try:
        yield
    except NoSuchUser:
        raise user_id_does_not_exist(user_id) from None
    except NoSuchChannel:
        raise StatusError(400, "Contact channel not found") from None
    except AddressTwice:
        raise StatusError(400, "Contact channel already exists") from None
    except UsedBySomeoneElse:
        raise errors.already_used_for_auth(value) from None


TAG = "Contact channels"
_ONE = "/contact-channels/{user_id}/{contact_channel_id}"
ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/contact-channels",
        handler=list_contact_channels,
        query=ChannelQuery,
        answers={200: ChannelList},
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/contact-channels",
        handler=create_contact_channel,
        body=ChannelCreate,
        answers={201: ChannelView},
        makes_rows=True,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/contact-channels/verify",
        handler=verify_contact_channel,
        body=CodeRequest,
        answers={200: Success},
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/contact-channels/verify/check-code",
        handler=check_verification_code,
        body=CodeRequest,
        answers={200: CodeIsValid},
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path="/contact-channels/send-verification-code",
        handler=send_verification_code_to_primary,
        body=SendVerificationToPrimary,
        answers={200: Success},
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path=_ONE,
        handler=get_contact_channel,
        answers={200: ChannelView},
        tag=TAG,
    ),
    Endpoint(
        method="PATCH",
        path=_ONE,
        handler=update_contact_channel,
        body=ChannelUpdate,
        answers={200: ChannelView},
        tag=TAG,
    ),
    Endpoint(
        method="DELETE",
        path=_ONE,
        handler=delete_contact_channel,
        answers={200: Success},
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path=_ONE + "/send-verification-code",
        handler=send_verification_code,
        body=SendVerification,
        answers={200: Success},
        tag=TAG,
    ),
)
