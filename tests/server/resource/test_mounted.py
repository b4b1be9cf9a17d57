"""APIs of a real server's tokens: by its published keys, and beside it, where ended means now."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keyturn.server.accounts import store as accounts
from keyturn.server.app import create_app
from keyturn.server.keys.service import OAUTH
from keyturn.server.resource import (
    InvalidToken,
    KeysUnavailable,
    ProtectedResource,
    Verifier,
    read_keys,
)
from keyturn.server.resource.keys import Keys
from keyturn.server.resource.mounted import MountedVerifier
from tests.server.in_process_ import BASE_URL, InProcess
from tests.server.oauth.grants_ import CLIENT, refresh, signed_in
from tests.server.resource.tokens_ import of_server, token

API = f"{BASE_URL}/notes"
RESOURCE = ProtectedResource(uri=API, issuer=BASE_URL)
SETTINGS: dict[str, Any] = {
    "projects": [{"id": "default", "display_name": "Acme"}],
    "clients": [{"id": CLIENT, "project": "default"}],
    "resources": [{"uri": API, "project": "default"}],
}


class Published:
    """The keys that a server publishes, as anybody gets them."""

    def __init__(self, server: InProcess) -> None:
        self._document = server.get("/oauth/jwks").content

    async def keys(self, kid: str) -> Keys:
        return read_keys(self._document)


@pytest.fixture
def server(start_server: Callable[..., InProcess]) -> InProcess:
    return start_server(**SETTINGS)


@pytest.fixture(params=["published keys", "mounted"])
def verifier(request: pytest.FixtureRequest, server: InProcess) -> Verifier | MountedVerifier:
    if request.param == "mounted":
        return MountedVerifier(server.app, RESOURCE)
    return Verifier(RESOURCE, keys=Published(server), clock=server.clock)


def refused(server: InProcess, verifier: Verifier | MountedVerifier, text: str) -> bool:
    try:
        server.run(verifier.verify(text))
    except InvalidToken:
        return True
    return False


@pytest.mark.proves("S-0c", "T-12")
def test_a_servers_token_opens_the_api_it_is_for_and_no_other(
    server: InProcess, verifier: Verifier | MountedVerifier
) -> None:
    user = server.person()
    tokens = signed_in(server, user, resource=API, scope="openid email")
    found = server.run(verifier.verify(tokens["access_token"]))
    assert (found.subject, found.client_id) == (user.id, CLIENT)
    assert found.scope == {"openid", "email"}
    assert found.expires_at.timestamp() == server.clock.now // 1000 + 600
    assert refused(server, verifier, signed_in(server)["access_token"])
    assert refused(server, verifier, tokens["refresh_token"])
    assert refused(server, verifier, "x" * 100_000)
    signing = of_server(server.run(server.services.keys.of(OAUTH)).signing)
    kid = {"kid": signing.kid, "typ": "JWT"}
    now = server.clock.now // 1000
    times = {"iss": BASE_URL, "aud": API, "iat": now, "exp": now + 60}
    assert refused(server, verifier, token(signing, kid, **times))
    server.clock.advance(640)
    assert refused(server, verifier, tokens["access_token"])


@pytest.mark.proves("S-0b", "S-26", "T-13")
def test_beside_the_server_a_session_that_has_ended_opens_nothing_at_once(
    server: InProcess,
) -> None:
    verifier = MountedVerifier(server.app, RESOURCE)
    user = server.person()
    revoked = signed_in(server, user, resource=API)
    barred = signed_in(server, user, resource=API)["access_token"]
    form = {"token": revoked["refresh_token"], "client_id": CLIENT}
    server.post("/oauth/revoke", data=form)
    assert refused(server, verifier, revoked["access_token"])
    assert not refused(server, verifier, barred)
    server.run(server.services.storage.write(accounts.update, user, disabled_at=1))
    assert refused(server, verifier, barred)


@pytest.mark.proves("T-13")
def test_beside_a_server_without_its_database_nobody_is_let_in(server: InProcess) -> None:
    text = signed_in(server, resource=API)["access_token"]
    server.run(server.services.storage.close())
    with pytest.raises(KeysUnavailable):
        server.run(MountedVerifier(server.app, RESOURCE).verify(text))


@pytest.mark.proves("S-32")
def test_beside_the_server_a_use_of_the_new_token_ends_the_one_before(server: InProcess) -> None:
    first = signed_in(server, resource=API)
    second = refresh(server, first["refresh_token"]).json()
    server.clock.advance(11)
    assert not refused(server, MountedVerifier(server.app, RESOURCE), second["access_token"])
    assert refresh(server, first["refresh_token"]).json()["error"] == "invalid_grant"


@pytest.mark.proves("T-5")
def test_a_verifier_of_another_issuer_takes_none_of_them(server: InProcess) -> None:
    text = signed_in(server, resource=API)["access_token"]
    other = ProtectedResource(uri=API, issuer="https://id.example.com")
    assert refused(server, MountedVerifier(server.app, other), text)
    keys = Published(server)
    assert refused(server, Verifier(other, keys=keys, clock=server.clock), text)


def test_beside_a_server_that_nobody_has_started_the_first_token_opens_it(
    server: InProcess,
) -> None:
    text = signed_in(server, resource=API)["access_token"]
    unopened = create_app(server.settings, clock=server.clock)

    async def test() -> None:
        found = await MountedVerifier(unopened, RESOURCE).verify(text)
        assert found.client_id == CLIENT

    asyncio.run(test())


@pytest.mark.proves("T-13")
def test_beside_a_server_that_cannot_start_nobody_is_let_in(
    server: InProcess, tmp_path: Path
) -> None:
    text = signed_in(server, resource=API)["access_token"]
    (tmp_path / "file").write_text("")
    broken = create_app(server.settings.model_copy(update={"data": tmp_path / "file"}))
    with pytest.raises(KeysUnavailable):
        asyncio.run(MountedVerifier(broken, RESOURCE).verify(text))
