"""Addresses of the pages with parameters that no page of ours has put there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.server.bad_input.pages_ import is_careful
from tests.server.bad_input.texts_ import MARK, NASTY, encoded, raw_values
from tests.server.person_ import Person

if TYPE_CHECKING:
    from tests.server.in_process_ import InProcess

PAGES = (
    "/", "/sign-in", "/sign-up", "/sign-in/link", "/sign-in/link/open", "/device",
    "/device/confirm", "/sessions", "/password", "/handler/cli-auth-confirm", "/nothing",
    "/p/other/sign-in", "/p/other/handler/cli-auth-confirm",
)  # fmt: skip
NAMES = ("continue", "token", "login_code", "notice", "user_code", "project", "decision", MARK, "")


@pytest.mark.proves("T-8", "T-14")
@pytest.mark.parametrize("is_signed_in", [False, True], ids=["stranger", "signed in"])
def test_whatever_an_address_asks_is_answered_by_a_careful_page(
    shared: InProcess, person: Person, is_signed_in: bool
) -> None:
    cookies = person.cookie_header() if is_signed_in else {}

    @settings(
        max_examples=250,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(
        page=st.sampled_from(PAGES),
        asked=st.lists(st.tuples(st.sampled_from(NAMES), raw_values), max_size=4),
    )
    def open_page(page: str, asked: list[tuple[str, bytes]]) -> None:
        answer = shared.get(f"{page}?{encoded(asked).decode()}", headers=cookies)
        is_careful(answer)
        assert "<b>" not in answer.text
        # What was given stays out of cookies, but for codes.
        assert MARK not in answer.headers.get("set-cookie", "")

    open_page()


@pytest.mark.proves("S-23")
@pytest.mark.parametrize("around", [t for t in NASTY if not any(c.isalnum() for c in t)])
def test_a_code_is_found_whatever_stands_around_its_letters(shared: InProcess, around: str) -> None:
    shared.clock.advance(601)
    started = shared.post("/oauth/device_authorization", data={"client_id": "keyturn-cli"}).json()
    person = Person(shared)
    person.cookies["keyturn_session_default"] = shared.browser(shared.person())[1]
    person.open("/device")
    kept = around[:20].replace("\0", "").encode("utf-8", "ignore").decode()
    person.press("/device", user_code=kept + started["user_code"].lower() + kept)
    assert "Let <bdi>Acme CLI</bdi> sign in?" in person.page.text
