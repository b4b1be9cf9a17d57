"""Which account is meant, and what happens when that is not clear."""

import pytest

from keyturn.client.stores.accounts import default_id, display_name, pick
from keyturn.client.stores.base import Snapshot
from keyturn.protocol.errors import (
    AccountAmbiguous,
    AccountNotFound,
    SignInRequired,
    StoreCorrupt,
)
from keyturn.protocol.tokens import Account, Session
from tests.client.machine_ import Machine
from tests.contracts.token_store import make_session
from tests.issuers_.issuer_ import Issuer

ADA = make_session("u-ada", account=Account(id="u-ada", email="ada@example.com", label="Ada"))
BOB = make_session("u-bob", account=Account(id="u-bob", email="bob@example.com", label="Ada"))
EVE = make_session("u-eve", account=Account(id="u-eve", email="u-ada", label="ada@example.com"))


def snapshot(
    *sessions: Session, default: str | None = None, unreadable: tuple[str, ...] = ()
) -> Snapshot:
    """Return a snapshot of these sessions."""
    by_id = {session.account.id: session for session in sessions}
    return Snapshot(sessions=by_id, default=default, unreadable=unreadable)


@pytest.mark.proves("K-11")
def test_without_a_name_the_pinned_one_is_meant_else_the_only_one() -> None:
    assert pick(snapshot(ADA, BOB, default="u-bob"), None) is BOB
    assert pick(snapshot(ADA), None) is ADA
    assert pick(snapshot(ADA, default="u-gone"), None) is ADA


@pytest.mark.proves("K-11")
@pytest.mark.parametrize("default", [None, "u-gone"])
def test_several_without_a_default_are_an_error_that_lists_them(default: str | None) -> None:
    with pytest.raises(AccountAmbiguous, match=r"ada@example\.com, bob@example\.com") as caught:
        pick(snapshot(ADA, BOB, default=default), None)
    assert caught.value.choices == ("ada@example.com", "bob@example.com")


def test_nobody_signed_in_is_an_error_of_its_own() -> None:
    with pytest.raises(SignInRequired):
        pick(snapshot(), None)
    with pytest.raises(AccountNotFound, match="'ada'"):
        pick(snapshot(), "ada")


@pytest.mark.proves("K-11")
@pytest.mark.parametrize("reference", ["u-bob", "bob@example.com", "BOB@Example.com"])
def test_an_account_is_named_by_id_or_email(reference: str) -> None:
    assert pick(snapshot(ADA, BOB, default="u-ada"), reference) is BOB


@pytest.mark.proves("K-11")
def test_a_name_that_fits_several_is_an_error_and_never_the_first_one() -> None:
    with pytest.raises(AccountAmbiguous) as caught:
        pick(snapshot(ADA, BOB, default="u-ada"), "Ada")
    assert caught.value.choices == ("u-ada", "u-bob")


@pytest.mark.proves("K-11")
def test_a_name_that_somebody_gave_themselves_never_takes_over_another_accounts_id() -> None:
    assert pick(snapshot(EVE, ADA), "u-ada") is ADA
    with pytest.raises(AccountAmbiguous):
        pick(snapshot(EVE, ADA), "ada@example.com")


@pytest.mark.proves("K-10")
def test_an_unreadable_record_is_an_error_and_nobody_else_is_used_instead() -> None:
    for given, reference in (
        (snapshot(unreadable=("u-ada",)), None),
        (snapshot(BOB, unreadable=("u-ada",), default="u-ada"), None),
        (snapshot(BOB, unreadable=("u-ada",)), "u-ada"),
    ):
        with pytest.raises(StoreCorrupt, match="u-ada"):
            pick(given, reference)
    with pytest.raises(AccountAmbiguous):
        pick(snapshot(BOB, unreadable=("u-ada",)), None)


def test_the_default_is_the_pinned_one_or_the_only_one() -> None:
    assert default_id(snapshot(ADA)) == "u-ada"
    assert default_id(snapshot(ADA, BOB)) is None
    assert default_id(snapshot(ADA, BOB, default="u-bob")) == "u-bob"
    assert default_id(snapshot()) is None


def test_people_see_the_email_else_the_label_else_the_id() -> None:
    assert display_name(Account(id="u", email="a@b", label="A")) == "a@b"
    assert display_name(Account(id="u", label="A")) == "A"
    assert display_name(Account(id="u")) == "u"


@pytest.mark.proves("K-11")
def test_switching_pins_an_account_and_a_refresh_does_not(issuer: Issuer, machine: Machine) -> None:
    issuer.subject = "bob"
    machine.signed_in(issuer, due=True)
    issuer.subject = "ada"
    machine.signed_in(issuer)
    auth = machine.auth(issuer)
    assert [info.account_id for info in auth.sessions()] == ["ada", "bob"]
    auth.token(account="bob")
    current = auth.session()
    assert current is not None
    assert current.account_id == "ada"
    assert auth.switch("bob@example.com").is_default
    assert [info.account_id for info in auth.sessions()] == ["bob", "ada"]
    with pytest.raises(AccountNotFound):
        auth.switch("eve")


@pytest.mark.proves("K-6")
def test_lists_and_presence_are_answered_from_the_file_alone(
    issuer: Issuer, machine: Machine
) -> None:
    machine.signed_in(issuer, due=True)
    auth = machine.auth(issuer)
    issuer.stop()
    assert auth.has_session()
    (info,) = auth.sessions()
    assert info.display_name == "ada@example.com"
    assert (info.storage, info.storage_path) == ("file", str(machine.home / "session.json"))
    assert info.has_refresh_token
    assert info.issuer_host == issuer.url.removeprefix("http://")
