"""What is said where no server is needed to say it: events and outcomes in, lines out."""

import pytest

import keyturn
from keyturn.client.commands import logout
from keyturn.client.commands.login_talk import EventLines, Narrator
from keyturn.client.commands.output import Console
from keyturn.client.commands.run import Call
from keyturn.client.login.base import Verification, Waiting
from keyturn.client.session import LogoutOutcome

LINK = "https://app.acme.dev/handler/cli-auth-confirm?login_code=4MZK9TQX"
AUGUST = 1_785_600_000.0  # 2026-08-01


def call(**options: object) -> Call:
    auth = keyturn.Auth("acme", issuer="https://id.acme.dev", client_id="acme-cli")
    return Call(auth, Console(as_json=bool(options.get("json"))), options)


def test_a_stack_compatible_project_shows_a_code_to_compare(
    capsys: pytest.CaptureFixture[str],
) -> None:
    narrator = Narrator(call())
    link = Verification(method="cli_poll", url=LINK, compare_code="4MZK-9TQX", expires_at=AUGUST)
    narrator(link)
    narrator(Waiting(seconds_left=598))
    narrator(Waiting(seconds_left=597))
    assert capsys.readouterr().err.splitlines() == [
        f"Visit:  {LINK}",
        "Check that the page shows:  4MZK-9TQX",
        "Waiting for you in the browser ... (9:58 left)",
    ]


def test_the_event_of_a_stack_compatible_project_has_that_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = EventLines(call(json=True))
    link = Verification(method="cli_poll", url=LINK, compare_code="4MZK-9TQX", expires_at=AUGUST)
    lines(link)
    lines(Waiting(seconds_left=598))
    lines(link)
    assert capsys.readouterr().out == (
        f'{{"event":"verification","method":"cli_poll","url":"{LINK}",'
        '"expires_at":"2026-08-01T16:00:00Z","compare_code":"4MZK-9TQX"}\n'
    )


def test_a_browser_that_could_not_be_started_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    narrator = Narrator(call())
    url = "https://id.acme.dev/oauth/authorize?state=x"
    narrator(Verification(method="loopback", url=url, expires_at=AUGUST))
    narrator(Verification(method="loopback", url=url, expires_at=AUGUST, browser_opened=False))
    shown = capsys.readouterr().err.splitlines()
    assert shown[-1] == "No browser could be started here. Use the link above."
    assert sum(url in line for line in shown) == 1


class SignsOut(keyturn.Auth):
    """A program whose server answers a sign-out as the test says."""

    outcome: LogoutOutcome

    def logout(self, *, account: str | None = None) -> LogoutOutcome:
        return self.outcome


@pytest.mark.parametrize(
    ("outcome", "said", "warned"),
    [
        (
            LogoutOutcome(account="ada@example.com", issuer_host="id.acme.dev", revoked="nothing"),
            "Signed out ada@example.com. There was nothing to revoke at id.acme.dev.\n",
            "",
        ),
        (
            LogoutOutcome(account="ada@example.com", issuer_host="id.acme.dev", revoked="failed"),
            "Signed out ada@example.com on this machine.\n",
            "warn  id.acme.dev did not answer, so the session there may live on.\n",
        ),
        (
            LogoutOutcome(
                account="ada@example.com",
                issuer_host="api.acme.dev",
                revoked="revoked",
                may_end_browser_session=True,
            ),
            "Signed out ada@example.com. The session was revoked at api.acme.dev.\n",
            "You may find yourself signed out in the browser as well.\n",
        ),
    ],
)
@pytest.mark.proves("K-61")
def test_signing_out_says_what_became_of_the_session(
    capsys: pytest.CaptureFixture[str], outcome: LogoutOutcome, said: str, warned: str
) -> None:
    auth = SignsOut("acme", issuer="https://id.acme.dev", client_id="acme-cli")
    auth.outcome = outcome
    assert logout.run(Call(auth, Console(), {})) == 0
    assert capsys.readouterr() == (said, warned)
