"""Whose token it is, where only the program itself can say."""

import fcntl
from pathlib import Path

import pytest

from keyturn import Account, ServerUnreachable
from keyturn.protocol.errors import AccountAmbiguous, ExchangeFailed
from tests.client.machine_ import Machine
from tests.issuers_.http_ import Answer, as_json
from tests.issuers_.issuer_ import Issuer
from tests.protocol.test_jwt import jwt


@pytest.fixture
def silent(issuer: Issuer) -> Issuer:
    """Return a server that tells nobody whose its tokens are."""
    issuer.extra_metadata = {"userinfo_endpoint": None}
    return issuer


def owner_of(token: str) -> str:
    """Return an account id made of the token, as a program's own API might."""
    return "u-" + token.split("-")[1]


@pytest.mark.proves("K-1b")
def test_the_program_names_the_account_and_several_are_kept_apart(
    silent: Issuer, machine: Machine
) -> None:
    auth = machine.auth(silent, identify=owner_of)
    first = auth.login(method="device").session
    second = auth.login(method="device", force=True).session
    assert [first.account_id, second.account_id] == [f"u-{family}" for family in silent.families]
    assert silent.revoked() == []
    assert len(auth.sessions()) == 2


@pytest.mark.proves("K-1b")
def test_an_account_with_email_and_label_is_taken_as_it_is(
    silent: Issuer, machine: Machine
) -> None:
    ada = Account(id="u-1", email="ada@example.com", label="Ada")
    session = machine.auth(silent, identify=lambda token: ada).login(method="device").session
    assert (session.account_id, session.email, session.label) == ("u-1", "ada@example.com", "Ada")


@pytest.mark.proves("K-1b")
def test_without_an_answer_the_account_is_default_and_several_are_refused_with_a_hint(
    silent: Issuer, machine: Machine
) -> None:
    auth = machine.auth(silent, identify=lambda token: None)
    assert auth.login(method="device").session.account_id == "default"
    auth.logout()
    machine.signed_in(silent)
    with pytest.raises(AccountAmbiguous) as caught:
        auth.login(method="device", force=True)
    assert caught.value.hint
    assert [info.account_id for info in auth.sessions()] == ["ada"]
    assert list(silent.families.values())[-1].ended


@pytest.mark.proves("K-1b")
@pytest.mark.parametrize("source", ["id_token", "userinfo", "introspection"])
def test_the_program_is_not_asked_where_the_server_tells(
    issuer: Issuer, machine: Machine, source: str
) -> None:
    def identify(token: str) -> str:
        raise AssertionError("asked although the server tells")

    if source == "id_token":
        claims = {"iss": issuer.url, "aud": "acme-cli", "sub": "ada", "email": "a@example.com"}
        issuer.extra_tokens = {"id_token": jwt(claims)}
    if source != "userinfo":
        issuer.extra_metadata = {"userinfo_endpoint": None}
    if source == "introspection":
        issuer.extra_metadata["introspection_endpoint"] = f"{issuer.url}/introspect"
        issuer.routes["/introspect"] = lambda asked: as_json({"active": True, "sub": "ada"})
    auth = machine.auth(issuer, identify=identify)
    assert auth.login(method="device").session.account_id == "ada"


@pytest.mark.proves("K-1b", "K-47")
@pytest.mark.parametrize(
    "answer", [1, b"u-1", "", "u\n1", Account(id="\x1b[2J"), ("u-1",)], ids=repr
)
def test_what_is_no_account_ends_the_sign_in_and_revokes_what_was_granted(
    silent: Issuer, machine: Machine, answer: object
) -> None:
    auth = machine.auth(silent, identify=lambda token: answer)
    with pytest.raises(ExchangeFailed, match="acme names an account that cannot be shown"):
        auth.login(method="device")
    _assert_nothing_is_left(silent, machine)


@pytest.mark.proves("K-1b", "K-47")
def test_an_error_of_the_programs_own_becomes_a_typed_one_that_does_not_repeat_it(
    silent: Issuer, machine: Machine
) -> None:
    def identify(token: str) -> str:
        raise LookupError(f"nobody owns {token}")

    auth = machine.auth(silent, identify=identify)
    with pytest.raises(ExchangeFailed, match="LookupError") as caught:
        auth.login(method="device")
    (token,) = silent.issued
    assert token not in str(caught.value)
    assert token in str(caught.value.__cause__)
    _assert_nothing_is_left(silent, machine)


@pytest.mark.proves("K-47", "K-64")
@pytest.mark.parametrize("error", [ServerUnreachable("no"), KeyboardInterrupt()], ids=repr)
def test_a_typed_error_and_ctrl_c_stay_what_they_are(
    silent: Issuer, machine: Machine, error: BaseException
) -> None:
    def identify(token: str) -> str:
        raise error

    with pytest.raises(type(error)):
        machine.auth(silent, identify=identify).login(method="device")
    _assert_nothing_is_left(silent, machine)


@pytest.mark.proves("K-47")
def test_an_answer_meant_for_another_program_is_revoked_as_well(
    issuer: Issuer, machine: Machine
) -> None:
    claims = {"iss": issuer.url, "aud": "somebody-else", "sub": "ada"}
    issuer.extra_tokens = {"id_token": jwt(claims)}
    with pytest.raises(ExchangeFailed, match="another program"):
        machine.auth(issuer).login(method="device")
    _assert_nothing_is_left(issuer, machine)


def test_it_runs_under_no_lock_and_the_earlier_session_can_be_used_meanwhile(
    silent: Issuer, machine: Machine
) -> None:
    machine.signed_in(silent, due=True)

    def identify(token: str) -> str:
        for lock in machine.home.glob("*.lock"):
            assert _is_free(lock), lock.name
        assert auth.token()  # Renews the old session, and takes both locks to do so.
        return "u-1"

    auth = machine.auth(silent, identify=identify)
    assert auth.login(method="device", force=True).session.account_id == "u-1"
    assert len(silent.grants()) == 1


def test_a_token_that_was_brought_along_is_asked_about_too(
    silent: Issuer, machine: Machine
) -> None:
    auth = machine.auth(silent, identify=owner_of)
    assert auth.login_with_token("a-7-0").session.account_id == "u-7"
    auth.logout()
    silent.routes["/oauth/userinfo"] = lambda asked: Answer(403)
    silent.extra_metadata = {}
    assert auth.login_with_token("a-8-0").session.account_id == "u-8"


def _assert_nothing_is_left(issuer: Issuer, machine: Machine) -> None:
    (family,) = issuer.families.values()
    assert family.ended
    assert not machine.home.exists()


def _is_free(lock: Path) -> bool:
    with lock.open("rb+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
