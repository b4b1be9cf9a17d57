"""``auth list`` and ``auth switch``: several accounts, and which of them is used."""

import json
from pathlib import Path

import pytest

from tests.client.commands.acme_ import Acme, documents

HOME, WORK = "ada@example.com", "ada@work.example"


def sign_in_twice(acme: Acme) -> None:
    """Sign in at home, then at work; the last sign-in is the default."""
    acme.sign_in(subject="user-1", email=HOME)
    acme.sign_in(subject="user-2", email=WORK)


def default_of(acme: Acme) -> str | None:
    """Return the pinned account id in acme's file."""
    (client,) = json.loads((acme.state / "session.json").read_text())["clients"].values()
    pinned: str | None = client["default"]
    return pinned


@pytest.mark.proves("K-11", "K-6")
def test_list_shows_the_default_first_and_needs_no_server(any_acme: Acme) -> None:
    sign_in_twice(any_acme)
    any_acme.server.stop()
    done = any_acme.auth("list")
    host = any_acme.server.host
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"  {WORK}      {host}   default",
        f"  {HOME}       {host}",
    ]
    assert done.stderr == "Kept in ~/.local/state/acme/session.json.\n"


def test_list_as_json_has_every_account_with_its_storage_and_no_token(any_acme: Acme) -> None:
    sign_in_twice(any_acme)
    done = any_acme.auth("list", "--json")
    (document,) = documents(done.stdout)
    accounts = document["accounts"]
    assert [entry["account"]["email"] for entry in accounts] == [WORK, HOME]
    assert [entry["default"] for entry in accounts] == [True, False]
    assert {entry["storage"] for entry in accounts} == {"file"}
    assert document["selected"] is None
    assert not [token for token in any_acme.server.issued if token in done.stdout]
    assert done.stderr == ""


def test_a_list_of_nobody_is_empty_and_says_how_to_sign_in(any_acme: Acme) -> None:
    done = any_acme.auth("list")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines() == [
        f"Nobody is signed in to {any_acme.server.host}.",
        "Run `acme auth login` to sign in.",
    ]
    (document,) = documents(any_acme.auth("list", "--json").stdout)
    assert document["accounts"] == []


@pytest.mark.proves("K-11")
def test_two_accounts_of_one_name_are_told_apart_by_their_ids(acme: Acme) -> None:
    acme.sign_in(subject="user-1", email=HOME)
    acme.sign_in(subject="user-2", email=HOME)
    lines = acme.auth("list").stdout.splitlines()
    assert lines[0].startswith(f"  {HOME} (user-2)  ")
    assert lines[1].startswith(f"  {HOME} (user-1)  ")
    ambiguous = acme.auth("switch", HOME)
    assert (ambiguous.returncode, ambiguous.stdout) == (1, "")
    assert "user-1, user-2" in ambiguous.stderr
    assert default_of(acme) == "user-2"
    assert acme.auth("switch", "user-1").returncode == 0
    assert default_of(acme) == "user-1"


@pytest.mark.proves("K-11")
def test_switch_pins_the_account_and_the_next_command_uses_it(any_acme: Acme) -> None:
    sign_in_twice(any_acme)
    home_token, work_token = any_acme.server.issued
    assert any_acme.auth("token").stdout == work_token
    done = any_acme.auth("switch", HOME.upper())
    assert done.stdout == f"Now using {HOME} ({any_acme.server.host}).\n"
    assert (done.returncode, done.stderr) == (0, "")
    assert any_acme.auth("token").stdout == home_token
    (document,) = documents(any_acme.auth("switch", "user-2", "--json").stdout)
    assert document["account"]["email"] == WORK
    assert document["default"] is True
    assert any_acme.auth("token").stdout == work_token


@pytest.mark.proves("K-11")
def test_switching_to_somebody_who_is_not_signed_in_changes_nothing(any_acme: Acme) -> None:
    sign_in_twice(any_acme)
    done = any_acme.auth("switch", "nobody@example.com")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "fail  No account called 'nobody@example.com' is signed in.",
        "      See who is signed in with `acme auth list`.",
    ]
    (line,) = documents(any_acme.auth("switch", "nobody@example.com", "--json").stderr)
    assert line["error"]["code"] == "ACCOUNT_NOT_FOUND"
    assert default_of(any_acme) == "user-2"


def test_switch_without_an_account_is_a_usage_error(any_acme: Acme) -> None:
    done = any_acme.auth("switch")
    assert (done.returncode, done.stdout) == (2, "")
    assert "REF" in done.stderr
    (line,) = documents(any_acme.auth("switch", "--json").stderr)
    assert line["error"]["code"] == "USAGE"


@pytest.mark.proves("K-11")
def test_with_the_default_signed_out_nobody_of_several_is_picked(acme: Acme) -> None:
    sign_in_twice(acme)
    acme.sign_in(subject="user-3", email="ada@third.example")
    assert acme.auth("logout").returncode == 0
    done = acme.auth("token")
    assert (done.returncode, done.stdout) == (1, "")
    assert HOME in done.stderr
    assert WORK in done.stderr
    listed = acme.auth("list")
    assert "default" not in listed.stdout
    assert "Pick one with `acme auth switch`." in listed.stderr


@pytest.mark.proves("K-11")
def test_a_directory_or_a_variable_selects_an_account_and_switch_says_so(
    acme: Acme, tmp_path: Path
) -> None:
    sign_in_twice(acme)
    home_token, work_token = acme.server.issued
    project = tmp_path / "project" / "deep"
    project.mkdir(parents=True)
    (project.parent / ".keyturn-account").write_text(f"{HOME}\n")
    assert acme.auth("token", cwd=project).stdout == home_token
    assert acme.auth("token", cwd=tmp_path).stdout == work_token
    assert default_of(acme) == "user-2"
    warned = acme.auth("switch", WORK, cwd=project)
    assert warned.stdout.startswith(f"Now using {WORK}")
    assert warned.stderr == f"warn  .keyturn-account chooses {HOME} here instead.\n"
    (document,) = documents(acme.auth("list", "--json", cwd=project).stdout)
    assert (document["selected_by"], document["selected"]) == (".keyturn-account", "user-1")
    acme.variables["ACME_ACCOUNT"] = WORK
    assert acme.auth("token", cwd=project).stdout == work_token
    acme.variables["ACME_ACCOUNT"] = "nobody"
    listed = acme.auth("list", cwd=project)
    assert listed.returncode == 0
    assert "warn  ACME_ACCOUNT asks for 'nobody'" in listed.stderr


@pytest.mark.proves("K-11")
def test_a_renewal_pins_nobody(acme: Acme) -> None:
    sign_in_twice(acme)
    acme.server.lifetime = 0
    acme.sign_in(subject="user-1", email=HOME)
    assert acme.auth("switch", WORK).returncode == 0
    acme.server.lifetime = 600
    assert acme.auth("token", "--account", HOME).returncode == 0
    assert acme.server.grant_types()[-1] == "refresh_token"
    assert default_of(acme) == "user-2"


def test_list_and_switch_say_that_a_token_from_the_environment_rules(acme: Acme) -> None:
    sign_in_twice(acme)
    acme.variables["ACME_TOKEN"] = "from-outside"
    for done in (acme.auth("list"), acme.auth("switch", HOME)):
        assert done.returncode == 0
        assert "warn  ACME_TOKEN is set in the environment and is used instead." in done.stderr
