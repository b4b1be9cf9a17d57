"""acme's tests: they use nothing but pytest and keyturn.testing."""

import json
import sys
from pathlib import Path

import acme
import pytest

import keyturn
from keyturn.testing import MemoryStore, Person, RawTokenStoreContract, SignInServer
from keyturn.testing.plugin import MakeAuth, MakeProgram


@pytest.fixture(params=["here", "process"])
def program(request, keyturn_program: MakeProgram, keyturn_server: SignInServer):
    main = acme.main if request.param == "here" else [sys.executable, acme.__file__]
    return keyturn_program(main, name="acme", environ={"ACME_ISSUER": keyturn_server.issuer})


def test_a_person_signs_in_works_and_signs_out(program, keyturn_person: Person) -> None:
    assert program("auth", "status").status == 4
    login = program("auth", "login")
    assert login.status == 0, login.err
    assert keyturn_person.email in login.out + login.err
    assert program("auth", "token").out.count(".") == 2
    status = json.loads(program("auth", "status", "--json").out)
    assert status["account"]["email"] == keyturn_person.email
    assert program("auth", "logout").status == 0
    assert program("auth", "token").status == 4


def test_who_declines_is_not_signed_in(program, keyturn_person: Person) -> None:
    keyturn_person.answer = "deny"
    login = program("auth", "login")
    assert login.status != 0
    assert "declined" in login.err
    assert program("auth", "status").status == 4


def test_a_token_ends_while_nobody_waits(
    keyturn_auth: MakeAuth, keyturn_server: SignInServer
) -> None:
    auth = keyturn_auth("acme", store=MemoryStore())
    auth.login(method="loopback")
    first = auth.token()
    keyturn_server.clock.advance(3600)
    assert auth.token() != first


class OneToken:
    def __init__(self, path: Path) -> None:
        self.path = path

    def load_token(self):
        return self.path.read_text() if self.path.exists() else None

    def save_token(self, token):
        if token is None:
            self.path.unlink(missing_ok=True)
            return
        fresh = self.path.with_suffix(f".{id(self)}")
        fresh.write_text(token)
        fresh.replace(self.path)


class TestOneToken(RawTokenStoreContract):
    @pytest.fixture
    def make_store(self, tmp_path):
        return lambda: OneToken(tmp_path / "token")


def test_a_store_for_one_token_signs_in_at_the_real_server_and_cannot_renew(
    keyturn_auth: MakeAuth, keyturn_person: Person, keyturn_server: SignInServer, tmp_path: Path
) -> None:
    auth = keyturn_auth("acme", store=OneToken(tmp_path / "token"))
    assert auth.login(method="loopback").session.email == keyturn_person.email
    assert auth.token() == (tmp_path / "token").read_text()
    with pytest.raises(keyturn.RefreshUnavailable):
        auth.refresh()
    keyturn_server.clock.advance(3600)
    with pytest.raises(keyturn.RefreshUnavailable):
        auth.token()
    auth.logout()
    assert not (tmp_path / "token").exists()
