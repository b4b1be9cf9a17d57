"""``auth doctor``: what stands in the way, what to do about it, and ``--fix``."""

import fcntl
from pathlib import Path
from typing import Any

import pytest

import keyturn
from keyturn.client.config import Config
from keyturn.client.doctor.checkup import CHECKS, examine
from keyturn.client.doctor.examination import Examination
from keyturn.client.runtime import start
from tests.client.commands.acme_ import Acme, documents
from tests.issuers_.issuer_ import CLIENT_ID, Issuer


def findings(acme: Acme, *arguments: str, **options: Any) -> dict[str, dict[str, Any]]:
    """Return doctor's findings by their checks, as ``--json`` tells them."""
    (document,) = documents(acme.auth("doctor", "--json", *arguments, **options).stdout)
    return {finding["check"]: finding for finding in document["findings"]}


@pytest.mark.proves("K-62")
def test_when_all_is_well_doctor_says_so_line_by_line(any_acme: Acme) -> None:
    any_acme.sign_in()
    done = any_acme.auth("doctor")
    host, lines = any_acme.server.host, done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert lines[:-2] == [
        f"ok    account        ada@example.com at {host}",
        "ok    token          accepted by the server",
        "ok    clock          agrees with the server's",
        "ok    keyring        not used: no keyring was found (no D-Bus session)",
        f"ok    connection     {host} answers directly, without TLS, on this computer",
        "ok    server         its metadata is complete; sign-in by browser or device code",
        "ok    files          ~/.local/state/acme/session.json is private",
        "ok    lock           works here",
        "ok    place          ~/.local/state/acme is in no git work tree or shared folder",
        "ok    environment    nothing replaces what is stored",
    ]
    assert lines[-2].startswith("ok    version        acme: keyturn ")
    assert lines[-1] == "No problems."
    secrets = [*any_acme.server.secrets()]
    assert not [secret for secret in secrets if secret in done.stdout]


@pytest.mark.proves("K-62")
def test_each_thing_is_asked_once_and_a_due_session_renewed_once(acme: Acme) -> None:
    acme.sign_in(lifetime=0)
    acme.server.lifetime = 600
    acme.server.asked.clear()
    assert acme.auth("doctor").returncode == 0
    assert sorted(acme.server.paths()) == [
        "/.well-known/oauth-authorization-server",
        "/oauth/ack",
        "/oauth/token",
        "/oauth/userinfo",
    ]


@pytest.mark.proves("K-62")
def test_nobody_signed_in_is_a_problem_with_the_next_step(any_acme: Acme) -> None:
    done = any_acme.auth("doctor")
    assert done.returncode == 1
    assert done.stdout.splitlines()[:2] == [
        f"fail  account        nobody is signed in to {any_acme.server.host}",
        "                     Run `acme auth login` to sign in.",
    ]
    assert done.stdout.splitlines()[-1] == "1 problem."
    assert "token" not in findings(any_acme)


@pytest.mark.proves("K-62")
@pytest.mark.parametrize(("minutes", "way"), [(-7, "ahead of"), (7, "behind")])
def test_a_clock_that_is_off_is_a_warning(acme: Acme, minutes: int, way: str) -> None:
    acme.sign_in()
    acme.server.clock_ahead = minutes * 60
    done = acme.auth("doctor")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[2:4] == [
        f"warn  clock          this machine is 7 minutes {way} the server",
        "                     Turn on automatic time.",
    ]
    assert lines[-1] == "1 warning."


@pytest.mark.proves("K-62")
def test_a_session_that_ended_at_the_server_is_found(acme: Acme) -> None:
    acme.sign_in()
    acme.server.owners.clear()
    found = findings(acme)
    assert found["account"]["outcome"] == "pass"
    assert found["token"]["outcome"] == "fail"
    assert found["token"]["remedy"] == "Run `acme auth login` to sign in again."
    assert found["token"]["fixable"] is True


@pytest.mark.proves("K-62")
def test_a_server_that_is_not_there_is_a_matter_of_the_connection(acme: Acme) -> None:
    acme.sign_in()
    acme.server.stop()
    found = findings(acme)
    assert found["account"]["outcome"] == "pass"
    assert found["token"]["outcome"] == "warn"
    assert found["connection"]["outcome"] == "fail"
    assert f"Nothing answers at {acme.server.host}." in found["connection"]["evidence"]
    assert not {"clock", "server"} & set(found)


def test_a_server_in_trouble_and_one_that_is_none_are_told_apart(acme: Acme) -> None:
    acme.sign_in()
    acme.server.broken = True
    found = findings(acme)
    assert found["connection"]["outcome"] == "pass"
    assert "HTTP 503" in found["server"]["evidence"]
    acme.server.broken = False
    acme.variables["ACME_ISSUER"] = acme.server.url + "/elsewhere"
    assert "no sign-in server there (HTTP 404)" in findings(acme)["server"]["evidence"]


@pytest.mark.proves("K-62", "K-30")
def test_certificates_and_a_proxy_that_cannot_be_used_are_named(acme: Acme) -> None:
    acme.variables |= {"ACME_ISSUER": "https://id.invalid", "HTTPS_PROXY": "socks5://x:secret@y"}
    found = findings(acme)["connection"]
    assert (found["outcome"], "secret" in str(found)) == ("fail", False)
    assert found["remedy"] == "Correct HTTPS_PROXY, or name the server in NO_PROXY."
    acme.variables |= {"ACME_ISSUER": acme.server.url.replace("http:", "https:")}
    acme.variables |= {"HTTPS_PROXY": "", "SSL_CERT_FILE": "/nowhere.pem"}
    found = findings(acme)["connection"]
    assert "SSL_CERT_FILE" in found["evidence"]
    assert found["remedy"] == "Correct the variable, or unset it."


@pytest.mark.proves("K-62")
def test_a_lock_that_is_never_let_go_is_found(acme: Acme) -> None:
    acme.sign_in()
    with (acme.state / "store.lock").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        found = findings(acme)["lock"]
    assert found["outcome"] == "warn"
    assert "holds the lock" in found["evidence"]


@pytest.mark.proves("K-62")
@pytest.mark.parametrize(
    ("folder", "mark", "said"),
    [("work", ".git", "git work tree"), ("Dropbox", None, "share"), ("s", ".stfolder", "share")],
)
def test_sessions_in_a_git_work_tree_or_a_shared_folder_are_a_warning(
    acme: Acme, folder: str, mark: str | None, said: str
) -> None:
    home = acme.home / folder / "deep" / "acme"
    home.mkdir(parents=True)
    if mark:
        (acme.home / folder / mark).mkdir()
    acme.variables["ACME_HOME"] = str(home)
    found = findings(acme)["place"]
    assert found["outcome"] == "warn"
    assert said in found["evidence"]
    assert "ACME_HOME" in found["remedy"]


@pytest.mark.proves("K-62")
def test_what_the_environment_replaces_is_a_warning(acme: Acme) -> None:
    acme.sign_in()
    acme.variables["ACME_TOKEN"] = "from-outside"
    found = findings(acme)
    assert found["environment"]["outcome"] == "warn"
    assert found["environment"]["evidence"] == (
        "ACME_TOKEN is used instead of the session of ada@example.com"
    )
    assert found["token"]["evidence"] == "the server does not accept the token in ACME_TOKEN"
    assert found["token"]["fixable"] is False
    acme.variables = {"ACME_ACCOUNT": "ada"}
    assert findings(acme)["environment"]["evidence"] == "ACME_ACCOUNT chooses ada here"
    acme.variables = {"XDG_STATE_HOME": "relative"}
    assert "XDG_STATE_HOME" in findings(acme)["environment"]["evidence"]


@pytest.mark.proves("K-62", "K-3")
def test_fix_offers_to_make_the_file_private_and_checks_again(any_acme: Acme) -> None:
    any_acme.sign_in()
    file = any_acme.state / "session.json"
    file.chmod(0o644)
    with any_acme.terminal("doctor", "--fix") as terminal:
        terminal.expect(f"Run `chmod 600 {file}`? [y/N] ")
        assert "2 problems." in terminal.shown
        terminal.type("y\n")
        assert terminal.end() == 0
    assert "Checking again." in terminal.shown
    assert terminal.shown.rstrip().endswith("No problems.")
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.proves("K-62")
def test_fix_changes_nothing_when_the_answer_is_no_or_nobody_is_there(acme: Acme) -> None:
    acme.sign_in()
    acme.state.chmod(0o755)
    with acme.terminal("doctor", "--fix") as terminal:
        terminal.expect("[y/N] ")
        terminal.type("n\n")
        assert terminal.end() == 0
    assert "Checking again." not in terminal.shown
    alone = acme.auth("doctor", "--fix")
    assert "nobody is here" in alone.stderr
    assert acme.state.stat().st_mode & 0o777 == 0o755


@pytest.mark.proves("K-62")
def test_fix_offers_a_new_sign_in(acme: Acme) -> None:
    with acme.terminal("doctor", "--fix") as terminal:
        terminal.expect("Sign in now? [y/N] ")
        terminal.type("y\n")
        assert terminal.end() == 0
    assert "Signed in as ada@example.com" in terminal.shown
    assert terminal.shown.rstrip().endswith("No problems.")


def test_a_file_that_is_a_link_is_never_followed_to_mend_it(acme: Acme, tmp_path: Path) -> None:
    acme.sign_in()
    file, target = acme.state / "session.json", tmp_path / "elsewhere"
    file.rename(target)
    target.chmod(0o644)
    file.symlink_to(target)
    found = findings(acme)["files"]
    assert (found["outcome"], found["fixable"]) == ("fail", False)
    assert "symbolic link" in found["evidence"]


@pytest.mark.proves("K-62")
def test_a_check_that_crashes_is_one_failed_line_without_its_text(
    server: Issuer, tmp_path: Path
) -> None:
    def broken(exam: Examination) -> None:
        raise ZeroDivisionError("at_secret")

    config = Config(
        name="acme",
        program="acme",
        issuer=server.url,
        client_id=CLIENT_ID,
        stack=None,
        scope=None,
        storage="file",
        home=str(tmp_path),
    )
    found = examine(start(config, None, None), None, checks=[broken, *CHECKS])
    assert found[0].check == "broken"
    assert found[0].outcome == "fail"
    assert found[0].evidence == "the check itself failed (ZeroDivisionError)"
    assert found[-1].check == "version"


def test_a_program_can_examine_itself(server: Issuer, tmp_path: Path) -> None:
    auth = keyturn.Auth("acme", issuer=server.url, client_id=CLIENT_ID, home=str(tmp_path))
    auth.login_with_token(server.new_token())
    found = auth.doctor()
    assert isinstance(found[0], keyturn.Finding)
    assert {finding.outcome for finding in found} == {"pass"}
