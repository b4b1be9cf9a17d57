"""Without its database the server says "later" at every door, and lets nobody in meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from keyturn.server.stack.routes import ENDPOINTS
from tests.server.bad_input.pages_ import FORMS
from tests.server.in_process_ import BASE_URL
from tests.server.person_ import authorize_path

if TYPE_CHECKING:
    from tests.server.bad_input.callers_ import Callers
    from tests.server.in_process_ import InProcess
    from tests.server.person_ import Person

# Bodies that are good, so that only the database is missing.
BODIES: dict[str, dict[str, Any]] = {
    "/auth/cli/poll": {"polling_code": "ktp_x"},
    "/auth/cli/complete": {"login_code": "X", "refresh_token": "kts_x"},
    "/auth/oauth/token": {
        "grant_type": "refresh_token",
        "client_id": "default",
        "refresh_token": "kts_x",
    },
    "/auth/sessions": {"user_id": "x"},
    "/auth/password/sign-up": {"email": "new@example.com", "password": "correct horse"},
    "/auth/password/sign-in": {"email": "ada@example.com", "password": "correct horse"},
    "/teams": {"display_name": "Turners"},
}
PAGES = (
    "/sign-in", "/sign-up", "/sessions", "/device", "/password", "/device/confirm",
    "/handler/cli-auth-confirm", "/handler/cli-auth-confirm?login_code=x", "/sign-in/link?token=x",
    "/sign-in/link/open", "/p/other/sign-in", "/password/forgot", "/password/reset?code=x",
    "/password/reset/new", "/verify-email?code=x", "/verify-email/open", authorize_path(),
)  # fmt: skip


@pytest.fixture(scope="module")
def off(shared: InProcess, callers: Callers, person: Person) -> tuple[Callers, Person, str]:
    """Return credentials that were good a moment ago; the database is gone since."""
    assert callers.signed_in
    assert callers.team_id
    person.open("/sessions")
    form_token = person.form("/sign-out")["form_token"]
    shared.run(shared.services.storage.close())
    return callers, person, form_token


@pytest.mark.proves("T-13")
@pytest.mark.parametrize(
    "endpoint", [pytest.param(e, id=f"{e.method} {e.path}") for e in ENDPOINTS]
)
@pytest.mark.parametrize("who", ["signed_in", "project_admin"])
def test_every_endpoint_says_later(
    off: tuple[Callers, Person, str], endpoint: Any, who: str
) -> None:
    callers = off[0]
    if endpoint.access is not None and who[-5:] == "admin" and "admin" not in endpoint.access:
        return
    headers = getattr(callers, who)
    body = None if endpoint.method == "GET" else BODIES.get(endpoint.path, {})
    path = callers.path(endpoint.path)
    answer = callers.server.request(endpoint.method, path, headers=headers, json=body)
    assert (answer.status_code, answer.text) == (503, "Temporarily unavailable")
    assert answer.headers["retry-after"] == "1"


@pytest.mark.proves("T-13")
def test_every_page_and_form_says_later(off: tuple[Callers, Person, str]) -> None:
    callers, person, form_token = off
    form = {"form_token": form_token, "email": "ada@example.com", "password": "correct horse"}
    form |= {"user_code": "BCDF-GHJK", "session": "x", "decision": "approve"}
    headers = {**person.cookie_header(), "origin": BASE_URL}
    asked = [("GET", page, None) for page in PAGES] + [("POST", action, form) for action in FORMS]
    for method, path, data in asked:
        answer = callers.server.request(method, path, data=data, headers=headers)
        assert answer.status_code == 503, (method, path, answer.status_code)
        assert answer.headers["retry-after"] == "2"
        assert answer.headers["cache-control"] == "no-store"
        assert "keyturn_session" not in answer.headers.get("set-cookie", "")
