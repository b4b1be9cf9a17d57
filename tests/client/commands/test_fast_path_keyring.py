"""The fast path and the full parser with a session in a real Secret Service, in every state."""

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from keyturn.client.effects import Effects
from keyturn.client.stores.keyring import open_keyring
from keyturn.client.stores.tiered import TieredStore
from tests.client.commands.test_fast_path import both_ways
from tests.client.commands.token_place_ import CLIENT_ID, FAR, ISSUER, Place
from tests.client.stores.secret_service_ import SecretServiceHere
from tests.contracts.token_store import make_session

pytestmark = pytest.mark.xdist_group("secret-service")


@dataclass
class Kept:
    """A session whose secret lies in the keyring.

    Attributes:
        place: Where acme is typed.
        service: The Secret Service.
        user: The slot.
    """

    place: Place
    service: SecretServiceHere
    user: str

    def forget(self) -> None:
        open_keyring("keyturn:acme", monotonic=time.monotonic).delete(self.user)

    def overwrite(self, secret: str) -> None:
        open_keyring("keyturn:acme", monotonic=time.monotonic).write(self.user, secret)


Spoil = Callable[[Kept], object]
# What happens to the secret, mildest first: the daemon is one for all.
TO_THE_SECRET: dict[str, Spoil] = {
    "as it was stored": lambda kept: None,
    "gone": Kept.forget,
    "another": lambda kept: kept.overwrite("another"),
    "other tokens": lambda kept: kept.overwrite('{"access_token":"x","refresh_token":"y"}'),
    "no bus": lambda kept: kept.place.unset.append("DBUS_SESSION_BUS_ADDRESS"),
    "a bus that is none": lambda kept: kept.place.variables.update(
        DBUS_SESSION_BUS_ADDRESS="unix:path=/nowhere"
    ),
    "locked": lambda kept: kept.service.lock(),
    "service gone": lambda kept: kept.service.end(),
}
STATES = [
    *(("keyring", False, name) for name in TO_THE_SECRET),
    *(("auto", False, name) for name in ("as it was stored", "gone", "locked", "service gone")),
    *(("auto", True, name) for name in ("as it was stored", "gone", "another", "locked")),
    ("keyring", True, "as it was stored"),
]


@pytest.fixture(scope="module")
def service() -> Iterator[SecretServiceHere]:
    """Yield one Secret Service for every state."""
    with tempfile.TemporaryDirectory() as folder:
        running = SecretServiceHere(Path(folder) / "keyring-home")
        yield running
        running.close()


def signed_in(root: Path, service: SecretServiceHere, policy: str, *, due: bool) -> Kept:
    """Sign ada in under a policy, in place of the session in the file."""
    place = Place(root)
    place.path.unlink()
    place.variables["DBUS_SESSION_BUS_ADDRESS"] = service.address
    stored = TieredStore(
        str(place.state),
        issuer=ISSUER,
        client_id=CLIENT_ID,
        client_key=f"{ISSUER} {CLIENT_ID}",
        effects=Effects(),
        open_keyring=lambda: open_keyring("keyturn:acme", monotonic=time.monotonic),
    ).put(
        make_session(
            issued_at=1.0 if due else FAR - 600,
            expires_at=601.0 if due else FAR,
            issuer=ISSUER,
            storage=policy,
        ),
        pin=True,
    )
    assert stored.slot is not None
    return Kept(place, service, stored.slot.user)


@pytest.mark.proves("K-70", "K-5", "K-10")
@pytest.mark.parametrize(("policy", "due", "secret"), STATES)
def test_whatever_befalls_the_secret_both_ways_print_the_same_and_exit_alike(
    tmp_path: Path,
    service: SecretServiceHere,
    monkeypatch: pytest.MonkeyPatch,
    policy: str,
    due: bool,
    secret: str,
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", service.address)
    both = [signed_in(tmp_path / name, service, policy, due=due) for name in ("one", "two")]
    for kept in both:
        TO_THE_SECRET[secret](kept)
    short, long, went = both_ways([kept.place for kept in both])
    if secret in ("locked", "service gone"):
        service.end()
        service.start()
    assert short == long
    assert b"Traceback" not in long[1]
    if secret == "as it was stored" and not due:
        assert (short, went) == ((b"a1", b"", 0), "short")
    if secret == "locked" and (due or policy == "keyring"):
        assert (short[0], short[2]) == (b"", 75)
