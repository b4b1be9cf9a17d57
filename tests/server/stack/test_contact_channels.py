"""Contact channels: a user's addresses, which of them is primary, and which sign in."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from keyturn.server.accounts import store as accounts
from keyturn.server.contact_channels.rules import primary_id_of
from tests.server.in_process_ import InProcess
from tests.server.stack.api_ import PASSWORD, Api, SignedIn, code_of

KEYS = {"id", "user_id", "value", "type", "is_primary", "is_verified", "used_for_auth"}
SOMEBODY_ELSES = "CONTACT_CHANNEL_ALREADY_USED_FOR_AUTH_BY_SOMEONE_ELSE"


@pytest.fixture
def ada(api: Api) -> SignedIn:
    """Return somebody with one verified address, signed in without the cost of a password."""
    return person(api, "ada@example.com")


def person(api: Api, email: str) -> SignedIn:
    user = api.server.person(email, project_id=api.project.id)
    return api.session_of(user.id)


def add(api: Api, who: SignedIn, value: str, **more: Any) -> httpx2.Response:
    body = {"user_id": "me", "value": value, "type": "email", "used_for_auth": False, **more}
    return api.post("/contact-channels", who.headers, json=body)


def added(api: Api, who: SignedIn, value: str, **more: Any) -> dict[str, Any]:
    answer = add(api, who, value, **more)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def listed(api: Api, who: SignedIn) -> list[dict[str, Any]]:
    answer = api.get("/contact-channels?user_id=me", who.headers).json()
    assert answer["is_paginated"] is False
    items: list[dict[str, Any]] = answer["items"]
    return items


def change(api: Api, who: SignedIn, channel: dict[str, Any], **changes: Any) -> httpx2.Response:
    return api.send("PATCH", f"/contact-channels/me/{channel['id']}", who.headers, json=changes)


def test_the_address_of_a_sign_up_is_the_primary_channel(api: Api) -> None:
    signed_up = api.account("Ada@example.com")
    [channel] = listed(api, signed_up)
    assert channel.keys() == KEYS
    assert (channel["value"], channel["type"]) == ("Ada@example.com", "email")
    assert (channel["is_primary"], channel["used_for_auth"]) == (True, True)
    assert channel["is_verified"] is False
    path = f"/contact-channels/me/{channel['id']}"
    assert api.get(path, signed_up.headers).json() == channel
    assert listed(api, api.guest()) == []


def test_an_address_is_added_unverified_and_signs_in_if_asked(api: Api) -> None:
    signed_up = api.account("ada@example.com")
    channel = added(api, signed_up, "Ada@work.example", used_for_auth=True)
    assert (channel["is_primary"], channel["is_verified"], channel["used_for_auth"]) == (
        False,
        False,
        True,
    )
    assert [c["value"] for c in listed(api, signed_up)] == ["ada@example.com", "Ada@work.example"]
    body = {"email": "ada@WORK.example", "password": PASSWORD}
    assert api.post("/auth/password/sign-in", json=body).json()["user_id"] == signed_up.user_id


@pytest.mark.proves("T-13")
def test_an_address_that_signs_in_is_taken_for_everybody_else(api: Api, ada: SignedIn) -> None:
    grace = person(api, "grace@example.com")
    added(api, ada, "shared@example.com", used_for_auth=True)
    refused = add(api, grace, "SHARED@example.com", used_for_auth=True)
    assert (refused.status_code, code_of(refused)) == (409, SOMEBODY_ELSES)
    assert refused.json()["details"] == {
        "type": "email",
        "contact_channel_value": "SHARED@example.com",
        "would_work_if_email_was_verified": False,
    }
    assert code_of(add(api, grace, "ada@example.com", used_for_auth=True)) == SOMEBODY_ELSES
    body = {"email": "shared@example.com", "password": PASSWORD}
    sign_up = api.post("/auth/password/sign-up", json=body)
    assert code_of(sign_up) == "USER_EMAIL_ALREADY_EXISTS"
    # An address to be reached at may be anybody's; letting it sign in later is refused as well.
    reached = added(api, grace, "shared@example.com")
    assert code_of(change(api, grace, reached, used_for_auth=True)) == SOMEBODY_ELSES
    as_primary = api.send(
        "PATCH", "/users/me", grace.headers, json={"primary_email": "shared@example.com"}
    )
    assert code_of(as_primary) == "USER_EMAIL_ALREADY_EXISTS"
    other = Api.create(api.server)
    assert person(other, "shared@example.com").user_id


def test_of_twenty_who_want_an_address_at_once_one_gets_it(api: Api) -> None:
    people = [person(api, f"p{i}@example.com") for i in range(20)]
    body = {"user_id": "me", "value": "one@example.com", "type": "email", "used_for_auth": True}

    async def all_at_once() -> list[int]:
        async with api.server.client() as client:
            posts = (
                client.post("/api/v1/contact-channels", headers=who.headers, json=body)
                for who in people
            )
            sign_ups = (
                client.post(
                    "/api/v1/users", headers=api.secret, json={"primary_email": "one@example.com"}
                )
                for _ in range(3)
            )
            answers = await asyncio.gather(*posts, *sign_ups)
        return [answer.status_code for answer in answers]

    statuses = api.server.run(all_at_once())
    assert sorted(statuses) == [201] + [409] * 22


def test_whoever_asks_ten_times_at_once_has_the_address_once(api: Api, ada: SignedIn) -> None:
    body = {"user_id": "me", "value": "one@example.com", "type": "email", "used_for_auth": True}

    async def all_at_once() -> list[int]:
        async with api.server.client() as client:
            posts = (
                client.post("/api/v1/contact-channels", headers=ada.headers, json=body)
                for _ in range(10)
            )
            return [answer.status_code for answer in await asyncio.gather(*posts)]

    assert sorted(api.server.run(all_at_once())) == [201] + [400] * 9
    assert len(listed(api, ada)) == 2


def test_the_primary_address_is_the_users_whichever_way_it_is_changed(
    api: Api, ada: SignedIn
) -> None:
    [old] = listed(api, ada)
    new = added(api, ada, "ada@work.example", used_for_auth=True)
    made = change(api, ada, new, is_primary=True)
    assert made.json() == {**new, "is_primary": True}
    me = api.get("/users/me", ada.headers).json()
    assert (me["primary_email"], me["primary_email_verified"]) == ("ada@work.example", False)
    assert listed(api, ada) == [made.json(), {**old, "is_primary": False}]
    # The user's own member makes the two change places again, and the proof is not lost.
    back = {"primary_email": "ada@example.com"}
    me = api.send("PATCH", "/users/me", ada.headers, json=back).json()
    assert (me["primary_email"], me["primary_email_verified"]) == ("ada@example.com", True)
    assert listed(api, ada) == [old, new]


def test_an_address_given_up_through_the_user_is_gone(api: Api, ada: SignedIn) -> None:
    [old] = listed(api, ada)
    new = {"primary_email": "countess@example.com"}
    api.send("PATCH", "/users/me", ada.headers, json=new)
    [channel] = listed(api, ada)
    assert (channel["id"], channel["value"]) == (old["id"], "countess@example.com")
    assert (channel["is_verified"], channel["used_for_auth"]) == (False, True)
    assert person(api, "ada@example.com").user_id != ada.user_id


def test_a_primary_address_can_step_back_or_go(api: Api, ada: SignedIn) -> None:
    [channel] = listed(api, ada)
    assert change(api, ada, channel, is_primary=False).json() == {**channel, "is_primary": False}
    assert listed(api, ada) == [{**channel, "is_primary": False}]
    me = api.get("/users/me", ada.headers).json()
    assert (me["primary_email"], me["primary_email_verified"]) == (None, False)
    again = added(api, ada, "new@example.com", is_primary=True)
    assert again["is_primary"] is True
    assert again["id"] != channel["id"]
    for gone in (again, channel):
        path = f"/contact-channels/me/{gone['id']}"
        assert api.send("DELETE", path, ada.headers).json() == {"success": True}
        refused = api.send("DELETE", path, ada.headers)
        assert (refused.status_code, refused.text) == (400, "Contact channel not found")
        assert api.get(path, ada.headers).status_code == 404
    assert listed(api, ada) == []
    assert api.get("/users/me", ada.headers).json()["primary_email"] is None


def test_a_new_value_is_unverified_and_only_servers_can_say_otherwise(
    api: Api, ada: SignedIn
) -> None:
    [channel] = listed(api, ada)
    assert change(api, ada, channel, value="ADA@example.com").json()["is_verified"] is True
    changed = change(api, ada, channel, value="ada@work.example", type="email")
    assert (changed.json()["is_verified"], changed.json()["id"]) == (False, channel["id"])
    assert code_of(change(api, ada, channel, is_verified=True)) == "SCHEMA_ERROR"
    assert code_of(add(api, ada, "a@example.com", is_verified=True)) == "SCHEMA_ERROR"
    path = f"/contact-channels/{ada.user_id}/{channel['id']}"
    verified = api.send("PATCH", path, api.secret, json={"is_verified": True}).json()
    assert verified["is_verified"] is True
    assert api.get("/users/me", ada.headers).json()["primary_email_verified"] is True


def test_a_user_has_an_address_once(api: Api, ada: SignedIn) -> None:
    second = added(api, ada, "ada@work.example")
    for answer in (
        add(api, ada, "ADA@example.com"),
        add(api, ada, "ada@work.example", used_for_auth=True),
        change(api, ada, second, value="ada@example.com"),
    ):
        assert (answer.status_code, answer.text) == (400, "Contact channel already exists")


def test_clients_see_and_change_their_own_channels_only(api: Api, ada: SignedIn) -> None:
    grace = person(api, "grace@example.com")
    [hers] = listed(api, grace)
    path = f"/contact-channels/{grace.user_id}/{hers['id']}"
    body = {"value": "x@example.com", "type": "email", "used_for_auth": False}
    refused = [
        api.get(f"/contact-channels?user_id={grace.user_id}", ada.headers),
        api.get("/contact-channels", ada.headers),
        api.get(path, ada.headers),
        api.send("PATCH", path, ada.headers, json={"used_for_auth": False}),
        api.send("DELETE", path, ada.headers),
        api.post("/contact-channels", ada.headers, json={**body, "user_id": grace.user_id}),
    ]
    assert [(a.status_code, code_of(a)) for a in refused] == [(403, None)] * 6
    # Her id under one's own name finds nothing.
    assert api.get(f"/contact-channels/me/{hers['id']}", ada.headers).status_code == 404
    nobody = api.get("/contact-channels?user_id=me", api.client)
    assert code_of(nobody) == "CANNOT_GET_OWN_USER_WITHOUT_USER"
    assert listed(api, grace) == [hers]


def test_servers_act_for_any_user(api: Api, ada: SignedIn) -> None:
    body = {
        "user_id": ada.user_id,
        "value": "ada@work.example",
        "type": "email",
        "used_for_auth": False,
        "is_verified": True,
    }
    made = api.post("/contact-channels", api.secret, json=body)
    assert (made.status_code, made.json()["is_verified"]) == (201, True)
    found = api.get(f"/contact-channels?user_id={ada.user_id}", api.secret).json()["items"]
    assert len(found) == 2
    one = f"/contact-channels?user_id={ada.user_id}&contact_channel_id={made.json()['id']}"
    assert api.get(one, api.secret).json()["items"] == [made.json()]
    nobody = str(uuid4())
    unknown = api.post("/contact-channels", api.secret, json={**body, "user_id": nobody})
    assert (unknown.status_code, code_of(unknown)) == (400, "USER_ID_DOES_NOT_EXIST")
    assert api.get(f"/contact-channels?user_id={nobody}", api.secret).json()["items"] == []
    assert api.get("/contact-channels", api.secret).status_code == 400
    elsewhere = Api.create(api.server)
    path = f"/contact-channels/{ada.user_id}/{made.json()['id']}"
    assert elsewhere.get(path, elsewhere.secret).status_code == 404


def test_channels_go_with_their_user(api: Api, ada: SignedIn) -> None:
    added(api, ada, "ada@work.example", used_for_auth=True)
    assert api.send("DELETE", f"/users/{ada.user_id}", api.secret).status_code == 200
    assert person(api, "ada@work.example").user_id != ada.user_id


def test_users_from_before_have_the_channel_that_their_row_says(
    api: Api, ada: SignedIn, server: InProcess
) -> None:
    services = server.services
    user = server.run(services.accounts.find(api.project.id, ada.user_id))
    assert user is not None
    # No migration has to visit the rows: the id follows from the user's own until it is moved.
    assert user.primary_channel_id is None
    [channel] = listed(api, ada)
    assert channel["id"] == primary_id_of(user)
    # A server of the version before changes the columns and knows nothing of channels.
    server.run(services.storage.write(accounts.update, user, primary_email_verified=False))
    assert listed(api, ada) == [{**channel, "is_verified": False}]
