"""Our client at node-oidc-provider, which has never heard of it: registered, kept, replaced."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from keyturn.client.auth import Auth
from keyturn.client.login.base import LoginEvent, Verification
from keyturn.protocol.errors import ExchangeFailed, SessionExpired
from tests.client.machine_ import Machine
from tests.e2e.foreign_servers.person_ import visit
from tests.e2e.foreign_servers.provider_ import Provider, providing

SCOPE = "openid email"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    """Yield a running provider."""
    with providing() as running:
        yield running


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "home")


def program(machine: Machine, provider: Provider, **options: str) -> Auth:
    return Auth(
        "acme",
        issuer=provider.issuer,
        scope=SCOPE,
        home=str(machine.home),
        effects=machine.effects,
        **options,  # type: ignore[arg-type]
    )


def person(event: LoginEvent) -> None:
    """Do in a browser what the program says."""
    if not isinstance(event, Verification) or event.browser_opened is not None:
        return
    typed = {"user_code": event.user_code} if event.user_code else {}
    threading.Thread(target=visit, args=(event.url, typed), daemon=True).start()


@pytest.mark.proves("K-46", "K-43")
def test_registered_signed_in_by_browser_and_by_code_renewed_and_revoked(
    provider: Provider, machine: Machine
) -> None:
    auth = program(machine, provider)
    before = provider.seen()
    first = auth.login(method="loopback", on_event=person)
    assert (first.session.account_id, first.session.email) == ("ada", "ada@example.com")
    for _ in range(3):  # Strict rotation: one grant sent twice would end the session.
        auth.refresh()
    auth.login(method="device", force=True, on_event=person)
    auth.login(method="loopback", force=True, on_event=person)
    seen = provider.seen()
    assert len(seen["registered"]) == len(before["registered"]) + 1
    # What it refused is what was asked to find out whether the client is still known.
    assert set(seen["refused"][len(before["refused"]) :]) <= {
        "invalid_grant",
        "authorization_pending",
    }
    assert auth.logout().revoked == "revoked"


@pytest.mark.proves("K-46")
@pytest.mark.parametrize("way", ["loopback", "device"])
def test_deleted_there_it_is_registered_anew_by_a_sign_in_and_by_nothing_else(
    provider: Provider, machine: Machine, way: str
) -> None:
    auth = program(machine, provider)
    auth.login(method=way, on_event=person)
    (*_, client_id) = provider.seen()["registered"]
    provider.forget(client_id)
    with pytest.raises(SessionExpired, match="invalid_client"):
        auth.refresh()
    assert auth.session() is not None
    assert provider.seen()["registered"][-1] == client_id
    auth.login(method=way, force=True, on_event=person)
    assert auth.refresh()
    assert provider.seen()["registered"][-1] != client_id


@pytest.mark.proves("K-46")
def test_a_secret_full_of_signs_is_understood_by_a_server_of_somebody_elses(
    provider: Provider, machine: Machine
) -> None:
    secret = "s:ecret %/+~&="
    auth = program(machine, provider, client_id="acme: cli", client_secret=secret)
    auth.login(method="loopback", on_event=person)
    assert auth.refresh().account_id == "ada"
    assert auth.logout().revoked == "revoked"
    wrong = program(machine, provider, client_id="acme: cli", client_secret=secret + "x")
    with pytest.raises(ExchangeFailed, match="invalid_client"):
        wrong.login(method="loopback", on_event=person)
