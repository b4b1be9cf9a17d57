"""The catalogue of errors: complete, stable, and each with a way out."""

import subprocess
import sys

import pytest

from keyturn.protocol.errors import (
    CATALOGUE,
    AccountAmbiguous,
    KeyturnError,
    MissingExtra,
    ServerUnreachable,
    SessionExpired,
    SignInRequired,
    is_auth_error,
)

# One to a line, so that a code that goes missing is one line of a diff.
PROMISED = [
    "SIGN_IN_REQUIRED",
    "SESSION_EXPIRED",
    "ACCOUNT_NOT_FOUND",
    "ACCOUNT_AMBIGUOUS",
    "STORE_UNAVAILABLE",
    "STORE_LOCKED",
    "STORE_CORRUPT",
    "STORE_READ_FAILED",
    "STORE_WRITE_FAILED",
    "SERVER_UNREACHABLE",
    "REFRESH_UNAVAILABLE",
    "REFRESH_TRANSIENT",
    "EXCHANGE_FAILED",
    "REGISTRATION_FAILED",
    "LOGIN_DENIED",
    "LOGIN_EXPIRED",
    "CALLBACK_TIMEOUT",
    "PORT_UNAVAILABLE",
    "TOKEN_FROM_ENV",
    "UNEXPECTED_REPLY",
]


@pytest.mark.proves("K-63")
def test_every_promised_code_is_there_and_no_other() -> None:
    # MISSING_EXTRA is no failure of signing in: it says which extra to install.
    assert sorted(set(CATALOGUE) - {"MISSING_EXTRA"}) == sorted(PROMISED)


@pytest.mark.proves("K-63")
@pytest.mark.parametrize("code", PROMISED)
def test_every_error_names_a_next_step_an_anchor_and_a_documented_exit_status(code: str) -> None:
    error = CATALOGUE[code]()
    assert error.code == code
    assert error.hint_for("acme")
    assert "{" not in (error.hint_for("acme") or "")
    assert error.anchor == "#" + code.lower().replace("_", "-")
    assert error.exit_status in (1, 4, 75)
    assert str(error).endswith(".")


@pytest.mark.proves("K-63")
def test_signing_in_again_is_one_family_of_errors_with_exit_status_4() -> None:
    assert issubclass(SessionExpired, SignInRequired)
    assert SignInRequired().reason == "not_signed_in"
    assert SessionExpired().reason == "session_expired"
    assert {SignInRequired.exit_status, SessionExpired.exit_status} == {4}
    assert {e.code for e in CATALOGUE.values() if e.exit_status == 4} == {
        "SIGN_IN_REQUIRED",
        "SESSION_EXPIRED",
    }


@pytest.mark.proves("K-63")
def test_network_trouble_is_temporary_and_no_auth_error() -> None:
    error = ServerUnreachable("id.example did not answer.", kind="timeout")
    assert error.exit_status == 75
    assert error.kind == "timeout"
    assert not is_auth_error(error)


class _Response:
    def __init__(self, status_code: int) -> None:
        self.status_code = status_code


class _HttpError(Exception):
    def __init__(self, status_code: int) -> None:
        self.response = _Response(status_code)


@pytest.mark.proves("K-63")
def test_401_and_403_of_an_http_library_are_auth_errors_and_500_is_none() -> None:
    assert is_auth_error(SessionExpired())
    assert is_auth_error(_HttpError(401))
    assert is_auth_error(_HttpError(403))
    assert not is_auth_error(_HttpError(500))
    assert not is_auth_error(ValueError())


def test_a_message_of_its_own_wins_over_the_one_of_the_class() -> None:
    assert str(SignInRequired()) == "Nobody is signed in."
    assert str(SignInRequired("Not here.")) == "Not here."
    assert SignInRequired(hint="Run `{program} x`.").hint_for("acme") == "Run `acme x`."
    assert KeyturnError().hint_for("acme") is None


def test_an_error_without_a_docstring_still_says_its_code() -> None:
    SignInRequired.__doc__, kept = None, SignInRequired.__doc__
    try:
        assert str(SignInRequired()) == "SIGN_IN_REQUIRED"
    finally:
        SignInRequired.__doc__ = kept


def test_an_ambiguous_account_lists_the_choices() -> None:
    assert AccountAmbiguous("Two.", choices=["a", "b"]).choices == ("a", "b")


def test_a_missing_extra_names_the_install_command() -> None:
    error = MissingExtra("server", needed_for="`keyturn serve`")
    assert str(error) == "`keyturn serve` needs the extra 'server', which is not installed."
    assert error.hint_for("acme") == "Run `pip install 'keyturn[server]'`."


def test_two_errors_cannot_claim_one_code() -> None:
    with pytest.raises(TypeError, match="SIGN_IN_REQUIRED"):
        type("Again", (KeyturnError,), {}, code="SIGN_IN_REQUIRED")
    assert CATALOGUE["SIGN_IN_REQUIRED"] is SignInRequired


@pytest.mark.proves("K-71")
def test_the_catalogue_loads_nothing_else() -> None:
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; before = set(sys.modules)\n"
            "import keyturn.protocol.errors\n"
            "print(sorted(set(sys.modules) - before))",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == "['keyturn', 'keyturn.protocol', 'keyturn.protocol.errors']"
