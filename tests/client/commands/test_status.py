"""``auth status`` and ``auth whoami``: the store's answer, and the server's."""

import pytest

from tests.client.commands.acme_ import Acme, documents


@pytest.mark.proves("K-60")
def test_status_tells_who_where_how_long_and_where_it_is_kept(any_acme: Acme) -> None:
    any_acme.sign_in(lifetime=7 * 60 + 50, session_lifetime=29 * 86400 + 3600)
    any_acme.server.stop()  # the store alone answers
    done = any_acme.auth("status")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"Signed in as ada@example.com ({any_acme.server.host})",
        "  access token   valid for 7 minutes, renews by itself",
        "  session        ends in 29 days if unused",
        "  kept in        ~/.local/state/acme/session.json",
    ]
    assert done.stderr == ""


def test_status_as_json_has_the_same_with_absolute_times_and_no_token(any_acme: Acme) -> None:
    any_acme.sign_in()
    done = any_acme.auth("status", "--json")
    (document,) = documents(done.stdout)
    assert document["signed_in"] is True
    assert document["source"] == "store"
    assert document["account"]["email"] == "ada@example.com"
    assert document["storage_path"] == str(any_acme.state / "session.json")
    assert document["expires_at"].endswith("Z")
    assert document["session_ends_at"].endswith("Z")
    assert document["renews_by_itself"] is True
    assert not [token for token in any_acme.server.issued if token in done.stdout]


def test_an_expiry_the_server_did_not_tell_is_not_made_up(acme: Acme) -> None:
    acme.sign_in(lifetime=None, session_lifetime=None)
    done = acme.auth("status")
    lines = done.stdout.splitlines()
    assert lines[1] == "  access token   valid until the server says otherwise, renews by itself"
    assert not [line for line in lines if line.startswith("  session ")]


def test_status_with_nobody_signed_in_exits_4_with_the_next_step(any_acme: Acme) -> None:
    done = any_acme.auth("status")
    assert done.returncode == 4
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        f"fail  You are not signed in to {any_acme.server.host}.",
        "      Run `acme auth login` to sign in.",
    ]


def test_status_under_json_with_nobody_signed_in_answers_and_fails(acme: Acme) -> None:
    done = acme.auth("status", "--json")
    assert done.returncode == 4
    assert documents(done.stdout) == [{"signed_in": False, "issuer": acme.server.url}]
    (line,) = documents(done.stderr)
    assert line["error"]["code"] == "SIGN_IN_REQUIRED"
    assert line["error"]["hint"] == "Run `acme auth login` to sign in."


def test_a_pasted_token_that_ran_out_is_an_ended_session(acme: Acme) -> None:
    acme.sign_in(lifetime=0)
    assert acme.stored_secrets()
    assert acme.auth("status").stdout.splitlines()[1] == (
        "  access token   expired, renews by itself at the next use"
    )


@pytest.mark.proves("K-60")
def test_a_token_in_the_environment_is_said_to_shadow_the_stored_session(any_acme: Acme) -> None:
    any_acme.variables["ACME_TOKEN"] = "from-outside"
    assert any_acme.auth("status").stdout == "Using ACME_TOKEN from the environment.\n"
    any_acme.variables.clear()
    any_acme.sign_in()
    any_acme.variables["ACME_TOKEN"] = "from-outside"
    done = any_acme.auth("status")
    assert done.returncode == 0
    assert done.stdout == (
        "Using ACME_TOKEN from the environment. "
        "The stored session for ada@example.com is not used while it is set.\n"
    )
    (document,) = documents(any_acme.auth("status", "--json").stdout)
    assert document["source"] == "environment"
    assert document["environment_variable"] == "ACME_TOKEN"
    assert document["shadowed"]["account"]["email"] == "ada@example.com"
    assert "from-outside" not in done.stdout


@pytest.mark.proves("K-60")
def test_online_asks_the_server_and_offline_does_not(acme: Acme) -> None:
    acme.sign_in()
    asked = len(acme.server.paths())
    assert acme.auth("status").returncode == 0
    assert acme.auth("whoami").returncode == 0
    assert len(acme.server.paths()) == asked
    online = acme.auth("status", "--online")
    assert online.returncode == 0, online.stderr
    last = online.stdout.splitlines()[-1]
    assert last == f"  server         {acme.server.host} accepted the session just now"
    assert acme.server.paths()[asked:] == ["/oauth/userinfo"]


def test_whoami_names_the_account_from_the_store(any_acme: Acme) -> None:
    any_acme.sign_in()
    any_acme.server.stop()
    done = any_acme.auth("whoami")
    assert done.stdout == f"ada@example.com ({any_acme.server.host})\n"
    (document,) = documents(any_acme.auth("whoami", "--json").stdout)
    assert document["account"] == {"id": "ada", "email": "ada@example.com", "label": "Ada"}


def test_whoami_online_names_whom_the_server_names(acme: Acme) -> None:
    acme.sign_in()
    token = acme.server.issued[-1]
    acme.server.email = "ada@new.example"
    acme.server.hand_out(token)
    done = acme.auth("whoami", "--online")
    assert done.stdout == f"ada@new.example ({acme.server.host})\n"
    (document,) = documents(acme.auth("whoami", "--online", "--json").stdout)
    assert document["server"]["email"] == "ada@new.example"


def test_whoami_with_a_token_from_the_environment_says_that_only_the_server_knows(
    acme: Acme,
) -> None:
    acme.variables["ACME_TOKEN"] = acme.server.new_token()
    offline = acme.auth("whoami")
    assert offline.returncode == 0
    assert "ACME_TOKEN" in offline.stdout
    assert "acme auth whoami --online" in offline.stdout
    assert acme.auth("whoami", "--online").stdout.startswith("ada@example.com")


def test_an_unknown_account_is_an_error_never_the_first_one(any_acme: Acme) -> None:
    any_acme.sign_in()
    for flag in ("--account", "--user"):
        done = any_acme.auth("status", flag, "nobody@example.com")
        assert done.returncode == 1
        assert done.stdout == ""
    (line,) = documents(any_acme.auth("whoami", "--account", "nobody", "--json").stderr)
    assert line["error"]["code"] == "ACCOUNT_NOT_FOUND"
    assert any_acme.auth("whoami", "--account", "ada@example.com").returncode == 0
