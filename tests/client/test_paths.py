"""The frozen names: where state lies and what it is called. Changing one loses users' sessions."""

import sys
from pathlib import Path

import pytest

from keyturn.client import named_account, paths, variable_prefix
from keyturn.client.auth import Auth

linux = pytest.mark.skipif(sys.platform != "linux", reason="names of Linux")


def auth(name: str = "acme", home: str | None = None) -> Auth:
    """Return a program's Auth."""
    return Auth(name, issuer="https://id.example", client_id="acme-cli", home=home)


@pytest.mark.proves("K-1c")
@pytest.mark.parametrize(
    ("name", "prefix"),
    [("acme", "ACME"), ("acme-cli", "ACME_CLI"), ("a.b_c-9", "A_B_C_9"), ("Acme", "ACME")],
)
def test_variables_begin_with_the_name_in_upper_case(name: str, prefix: str) -> None:
    assert variable_prefix(name) == prefix
    assert auth(name).env_token_name() == prefix + "_TOKEN"


@linux
@pytest.mark.proves("K-1c")
def test_literal_places_of_the_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    assert paths.home(auth()) == "/home/ada/.local/state/acme"
    assert paths.SESSION_FILE == "session.json"
    assert paths.store_lock("/h") == "/h/store.lock"
    assert paths.refresh_lock("/h", "0a") == "/h/refresh-0a.lock"
    assert paths.ACCOUNT_FILE == ".keyturn-account"
    monkeypatch.setenv("XDG_STATE_HOME", "/var/state")
    assert paths.home(auth()) == "/var/state/acme"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    assert paths.home(auth()) == "/home/ada/.local/state/acme"
    monkeypatch.setenv("ACME_HOME", "/elsewhere")
    assert paths.home(auth()) == "/elsewhere"
    assert paths.home(auth(home="/given")) == "/given"


@pytest.mark.proves("K-1c")
@pytest.mark.parametrize(
    ("platform", "place"),
    [
        ("darwin", "/home/ada/Library/Application Support/acme"),
        ("win32", "/home/ada/AppData/Local/acme"),
    ],
)
def test_literal_places_on_other_platforms(
    monkeypatch: pytest.MonkeyPatch, platform: str, place: str
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    assert paths.state_directory("acme") == place
    if platform == "win32":
        monkeypatch.setenv("LOCALAPPDATA", "/local")
        assert paths.state_directory("acme") == "/local/acme"


@pytest.mark.proves("K-1c", "K-22")
def test_the_lock_of_a_credential_is_named_by_a_hash_of_issuer_client_and_account() -> None:
    rt = auth(home="/h")._runtime()
    assert rt.refresh_lock("ada")._path == "/h/refresh-1ca9647fe82dd54cd5ae4a708ea386d4.lock"
    assert rt.refresh_lock("bob")._path != rt.refresh_lock("ada")._path


@pytest.mark.proves("K-11")
def test_an_account_is_named_by_variable_else_by_the_nearest_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    (tmp_path / ".keyturn-account").write_text("outer\n")
    monkeypatch.chdir(deep)
    assert named_account(auth()) == "outer"
    (tmp_path / "a" / ".keyturn-account").write_text("  inner@example.com  \nsecond line\n")
    assert named_account(auth()) == "inner@example.com"
    monkeypatch.setenv("ACME_ACCOUNT", "variable")
    assert named_account(auth()) == "variable"


@pytest.mark.proves("K-11")
def test_an_account_file_that_is_no_file_names_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".keyturn-account").mkdir()
    assert named_account(auth()) is None


def test_a_working_directory_that_is_gone_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert named_account(auth()) is None
    monkeypatch.setenv("ACME_ACCOUNT", "ada")
    assert named_account(auth()) == "ada"
