"""Several projects on one server: one issuer, and nothing else in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.server.in_process_ import BASE_URL, InProcess
from tests.server.person_ import PASSWORD, VERIFIER, Person, authorize_path


@pytest.fixture
def two(start_server: Callable[..., InProcess]) -> InProcess:
    """Return a server with projects "acme" (the default one) and "globex"."""
    return start_server(
        default_project="acme",
        projects=[
            {"id": "acme", "display_name": "Acme"},
            {"id": "globex", "display_name": "Globex"},
        ],
        clients=[{"id": "acme-cli", "project": "acme"}, {"id": "globex-cli", "project": "globex"}],
    )


def approved(server: InProcess, person: Person, client: str) -> dict[str, Any]:
    """Approve ``client`` as the person signed in; return its token answer."""
    person.open(authorize_path(client_id=client))
    action = "/cli/decide" if client == "acme-cli" else "/p/globex/cli/decide"
    answer = person.press(action, decision="approve", follow=False)
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert query["iss"] == [BASE_URL]
    tokens: dict[str, Any] = server.post(
        "/oauth/token",
        data={
            "grant_type": "authorization_code",
            "client_id": client,
            "code": query["code"][0],
            "redirect_uri": "http://127.0.0.1:49152/callback",
            "code_verifier": VERIFIER,
        },
    ).json()
    return tokens


@pytest.mark.proves("S-0a")
def test_one_browser_holds_one_session_a_project_and_sub_is_that_projects_user(
    two: InProcess,
) -> None:
    person = Person(two)
    person.open("/sign-up")
    person.press("/sign-up", email="ada@example.com", password=PASSWORD)
    person.open(authorize_path(client_id="globex-cli"))
    assert person.url.startswith("/p/globex/sign-in"), "signed in to acme alone"
    person.open("/p/globex/sign-up")
    person.press("/p/globex/sign-up", email="ada@example.com", password=PASSWORD)
    assert {"keyturn_session_acme", "keyturn_session_globex"} <= person.cookies.keys()
    subjects = set()
    for client in ("acme-cli", "globex-cli"):
        tokens = approved(two, person, client)
        bearer = {"authorization": f"Bearer {tokens['access_token']}"}
        subjects.add(two.get("/oauth/userinfo", headers=bearer).json()["sub"])
    acme, globex = (
        two.run(two.services.accounts.by_email(project, "ada@example.com"))
        for project in ("acme", "globex")
    )
    assert acme is not None
    assert globex is not None
    assert subjects == {acme.id, globex.id}


@pytest.mark.proves("S-0a")
def test_signing_out_of_one_project_leaves_the_other_signed_in(two: InProcess) -> None:
    person = Person(two)
    for prefix in ("", "/p/globex"):
        person.open(f"{prefix}/sign-up")
        person.press(f"{prefix}/sign-up", email="ada@example.com", password=PASSWORD)
    person.open("/p/globex/sessions")
    person.press("/p/globex/sign-out")
    assert person.open("/sessions", follow=False).status_code == 200
    assert person.open("/p/globex/sessions", follow=False).status_code == 303


@pytest.mark.proves("S-0a")
def test_a_device_code_is_typed_on_its_own_projects_page_and_unknown_on_others(
    two: InProcess,
) -> None:
    started = two.post("/oauth/device_authorization", data={"client_id": "globex-cli"}).json()
    assert started["verification_uri"] == f"{BASE_URL}/p/globex/device"
    person = Person(two)
    for prefix, status in (("", 422), ("/p/globex", 200)):
        person.open(f"{prefix}/sign-up")
        person.press(f"{prefix}/sign-up", email="ada@example.com", password=PASSWORD)
        person.open(f"{prefix}/device")
        person.press(f"{prefix}/device", user_code=started["user_code"])
        assert person.page.status_code == status


def test_a_project_that_does_not_exist_has_no_pages(two: InProcess) -> None:
    assert Person(two).open("/p/nobody/sign-in").status_code == 404
