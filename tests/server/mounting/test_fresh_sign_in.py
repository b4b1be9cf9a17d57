"""A client insists on a fresh sign-in (prompt=login, max_age), and people sign in at the host."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from starlette.requests import Request

from keyturn.server.mounting.rules import HostUser, sign_in_address
from tests.server.in_process_ import InProcess
from tests.server.mounting.test_host_users import redeem
from tests.server.person_ import Person, authorize_path

pytestmark = pytest.mark.proves("S-63")


class Host:
    """An app that may say when its one user has signed in."""

    def __init__(self) -> None:
        self.signed_in_at: datetime | None = None

    def identify(self, request: Request) -> HostUser:
        return HostUser(id="ada", authenticated_at=self.signed_in_at)


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def server(tmp_path: Path, host: Host) -> Iterator[InProcess]:
    app = {"identify": host.identify, "sign_in_url": "/login?theme=dark"}
    started = InProcess(tmp_path, host=app)
    yield started
    started.close()


def now(server: InProcess) -> datetime:
    return datetime.fromtimestamp(server.clock.now // 1000, UTC)


def error_of(person: Person) -> str | None:
    target = urlsplit(person.page.headers.get("location", ""))
    return parse_qs(target.query).get("error", [None])[0]


def id_token(server: InProcess, person: Person) -> dict[str, Any]:
    answer = person.press("/cli/decide", decision="approve", follow=False)
    token = redeem(server, answer.headers["location"])["id_token"]
    keys = KeySet.import_key_set(server.get("/oauth/jwks").json())
    return dict(jwt.decode(token, keys, algorithms=["ES256"]).claims)


@pytest.mark.parametrize("asked", [{"prompt": "login"}, {"max_age": "60"}])
def test_a_fresh_sign_in_is_asked_of_the_host_and_believed_once_it_says_so(
    server: InProcess, host: Host, asked: dict[str, str]
) -> None:
    host.signed_in_at = now(server)
    person = Person(server)
    server.clock.advance(100)

    person.open(authorize_path(**asked), follow=False)

    target = urlsplit(person.page.headers["location"])
    asked_of_host = parse_qs(target.query)
    assert target.path == "/login"
    assert (asked_of_host["theme"], asked_of_host["prompt"]) == (["dark"], ["login"])
    host.signed_in_at = now(server)  # within the second in which it was asked
    person.open(asked_of_host["next"][0])
    assert id_token(server, person)["auth_time"] == server.clock.now // 1000


@pytest.mark.parametrize("says", [True, False])
def test_a_host_that_sends_them_back_unasked_is_not_believed(
    server: InProcess, host: Host, *, says: bool
) -> None:
    host.signed_in_at = now(server) if says else None
    person = Person(server)
    server.clock.advance(100)
    person.open(authorize_path(prompt="login"), follow=False)
    back = parse_qs(urlsplit(person.page.headers["location"]).query)["next"][0]

    person.open(back, follow=False)

    assert error_of(person) == "login_required"


def test_where_the_host_does_not_say_when_neither_do_id_and_access_token(
    server: InProcess,
) -> None:
    person = Person(server)
    person.open(authorize_path())
    assert "auth_time" not in id_token(server, person)


def test_whoever_signed_in_at_the_host_again_gets_a_new_session_here(
    server: InProcess, host: Host
) -> None:
    host.signed_in_at = now(server)
    person = Person(server)
    person.open("/sessions")
    before = dict(person.cookies)
    person.open("/sessions")
    assert person.cookies == before
    server.clock.advance(60)
    host.signed_in_at = now(server)
    person.open("/sessions")
    assert person.cookies != before


def test_the_instant_is_aware_and_never_after_now() -> None:
    with pytest.raises(ValueError, match="aware"):
        HostUser(id="ada", authenticated_at=datetime(2026, 1, 1))  # noqa: DTZ001
    told = datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    assert HostUser(id="ada", authenticated_at=told).signed_in_ms(2**50) == 1767225600999
    assert HostUser(id="ada", authenticated_at=told).signed_in_ms(1000) == 1000
    assert HostUser(id="ada").signed_in_ms(1000) == 0


def test_the_sign_in_page_is_told_that_a_fresh_sign_in_is_wanted() -> None:
    assert (
        sign_in_address("/in?next={next}", "/a?b", fresh=True) == "/in?next=%2Fa%3Fb&prompt=login"
    )
    assert sign_in_address("/in/{next}", "/a", fresh=True) == "/in/%2Fa?prompt=login"
