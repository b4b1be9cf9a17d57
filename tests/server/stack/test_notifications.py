"""Notification preferences: everybody's own, and only what can be turned off."""

from typing import Any
from uuid import uuid4

import pytest

from keyturn.server.notifications.rules import MARKETING, TRANSACTIONAL
from tests.server.stack.api_ import Api, code_of

PATH = "/emails/notification-preference"


def marketing(api: Api, user: str, headers: dict[str, str]) -> bool:
    items = api.get(f"{PATH}/{user}", headers).json()["items"]
    found: bool = items[1]["enabled"]
    return found


def test_everything_is_on_until_it_is_turned_off(api: Api) -> None:
    person = api.person()
    answer = api.get(f"{PATH}/me", person.headers)
    assert answer.json() == {
        "items": [
            {
                "notification_category_id": TRANSACTIONAL.id,
                "notification_category_name": "Transactional",
                "enabled": True,
                "can_disable": False,
            },
            {
                "notification_category_id": MARKETING.id,
                "notification_category_name": "Marketing",
                "enabled": True,
                "can_disable": True,
            },
        ],
        "is_paginated": False,
    }


def test_a_user_turns_a_category_off_and_on_and_its_server_sees_it(api: Api) -> None:
    person, other = api.person(), api.person()
    for enabled in (False, False, True):
        path = f"{PATH}/me/{MARKETING.id}"
        answer = api.send("PATCH", path, person.headers, json={"enabled": enabled})
        assert answer.json() == {
            "notification_category_id": MARKETING.id,
            "notification_category_name": "Marketing",
            "enabled": enabled,
            "can_disable": True,
        }
        assert marketing(api, person.user_id, api.secret) is enabled
        assert marketing(api, other.user_id, api.secret) is True


def test_what_cannot_be_turned_off_stays_on(api: Api) -> None:
    path = f"{PATH}/{api.person().user_id}/{TRANSACTIONAL.id}"
    assert api.send("PATCH", path, api.secret, json={"enabled": False}).status_code == 400
    assert api.send("PATCH", path, api.secret, json={"enabled": True}).status_code == 200


def test_preferences_are_nobody_elses(api: Api) -> None:
    person, other = api.person(), api.person()
    theirs = f"{PATH}/{other.user_id}"
    change: dict[str, Any] = {"json": {"enabled": False}}
    assert api.get(theirs, person.headers).status_code == 403
    patched = api.send("PATCH", f"{theirs}/{MARKETING.id}", person.headers, **change)
    assert patched.status_code == 403
    assert marketing(api, other.user_id, api.secret) is True
    assert code_of(api.get(theirs)) == "USER_AUTHENTICATION_REQUIRED"
    assert code_of(api.get(f"{PATH}/me")) == "CANNOT_GET_OWN_USER_WITHOUT_USER"


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_a_user_that_is_not_there_is_not_found(api: Api, method: str) -> None:
    path = f"{PATH}/{uuid4()}" + (f"/{MARKETING.id}" if method == "PATCH" else "")
    options: dict[str, Any] = {"json": {"enabled": False}} if method == "PATCH" else {}
    answer = api.send(method, path, api.secret, **options)
    assert (answer.status_code, code_of(answer)) == (404, "USER_NOT_FOUND")


def test_a_category_that_is_not_there_is_a_text(api: Api) -> None:
    path = f"{PATH}/{api.person().user_id}/{uuid4()}"
    answer = api.send("PATCH", path, api.secret, json={"enabled": False})
    assert (answer.status_code, code_of(answer)) == (404, None)
