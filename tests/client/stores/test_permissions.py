"""What an ordinary user meets: read-only homes, other people's files. Root would meet nothing."""

import os

import pytest

from tests.client.unprivileged_ import NOBODY, run, their_home
from tests.requirements_ import go_without


@pytest.fixture
def as_root() -> None:
    """Giving a file to somebody else takes root."""
    if os.geteuid() != 0:
        go_without("only root can give a file to somebody else; run this as root")


@pytest.mark.proves("K-3", "K-27")
def test_a_home_that_cannot_be_written_is_reported_before_and_at_the_write() -> None:
    with their_home() as home:
        home.chmod(0o500)
        printed = run(
            """
for attempt in (
    file_store(home / "acme").check,
    file_store(home).check,
    lambda: file_store(home / "acme").put(make_session(), pin=True),
    lambda: file_store(home).put(make_session(), pin=True),
):
    try:
        attempt()
    except StoreUnavailable as error:
        print(error.code, "Permission denied" in str(error))
""",
            home,
        )
        home.chmod(0o700)
    assert printed.splitlines() == ["STORE_UNAVAILABLE True"] * 4


@pytest.mark.proves("K-27")
def test_a_home_that_became_read_only_keeps_its_session() -> None:
    with their_home() as home:
        printed = run(
            """
store = file_store(home)
first = store.put(make_session(), pin=True)
home.chmod(0o500)
try:
    store.put(make_session(tokens="2"), pin=True)
except (StoreWriteFailed, StoreUnavailable) as error:
    print(error.code)
print(store.snapshot().sessions == {"ada": first}, sorted(os.listdir(home)))
home.chmod(0o700)
""",
            home,
        )
    assert printed.splitlines()[0] in ("STORE_WRITE_FAILED", "STORE_UNAVAILABLE")
    assert printed.splitlines()[1] == "True ['session.json', 'store.lock']"


@pytest.mark.proves("K-3")
def test_a_file_that_its_owner_may_not_read_is_a_read_error_and_not_signed_out() -> None:
    with their_home() as home:
        printed = run(
            """
store = file_store(home)
store.put(make_session(), pin=True)
(home / "session.json").chmod(0o000)
try:
    store.snapshot()
except StoreReadFailed as error:
    print("Permission denied" in str(error))
""",
            home,
        )
    assert printed == "True"


@pytest.mark.usefixtures("as_root")
@pytest.mark.proves("K-3")
def test_another_users_file_is_refused_even_where_it_could_be_read() -> None:
    with their_home() as home:
        run("file_store(home).put(make_session(), pin=True)", home)
        os.chown(home / "session.json", 0, 0)
        (home / "session.json").chmod(0o644)
        printed = run(
            """
try:
    file_store(home).snapshot()
except StoreReadFailed as error:
    print("belongs to another user" in str(error), error.hint)
""",
            home,
        )
    assert printed == "True Run this as its owner, or move it away, then try again."


@pytest.mark.usefixtures("as_root")
@pytest.mark.proves("K-3")
def test_root_does_not_use_the_file_of_whoever_called_it() -> None:
    from keyturn.protocol.errors import StoreReadFailed
    from tests.client.stores.test_file import file_store

    with their_home() as home:
        run("file_store(home).put(make_session(), pin=True)", home)
        assert os.stat(home / "session.json").st_uid == NOBODY
        with pytest.raises(StoreReadFailed, match="belongs to another user"):
            file_store(home).snapshot()


@pytest.mark.usefixtures("as_root")
@pytest.mark.proves("K-3")
def test_a_directory_of_somebody_else_is_refused() -> None:
    with their_home() as home:
        os.chown(home, 12345, 12345)
        home.chmod(0o777)
        printed = run(
            """
try:
    file_store(home).put(make_session(), pin=True)
except StoreUnavailable as error:
    print("is in another user's directory" in str(error))
""",
            home,
        )
    assert printed == "True"


@pytest.mark.usefixtures("as_root")
@pytest.mark.proves("K-11")
def test_an_account_file_that_somebody_else_left_in_a_shared_directory_picks_nobody() -> None:
    with their_home() as home:
        shared = home / "shared"
        shared.mkdir(0o777)
        planted = shared / ".keyturn-account"
        planted.write_text("bob\n")
        os.chown(planted, 12345, 12345)
        planted.chmod(0o644)
        shared.chmod(0o755)
        printed = run(
            """
os.chdir(home / "shared")
auth = keyturn.Auth("acme", issuer="https://id.example", client_id="x", home=str(home))
print(hot.named_account(auth))
""",
            home,
        )
    assert printed == "None"
