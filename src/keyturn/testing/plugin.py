"""Fixtures for pytest: a running server, a person, and programs that meet them.

In a ``conftest.py``: ``pytest_plugins = ["keyturn.testing.plugin"]``.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from keyturn.client.auth import Auth
from keyturn.client.effects import Effects
from keyturn.testing.program import ELSEWHERE, Program
from keyturn.testing.server import SignInServer

if TYPE_CHECKING:
    from keyturn.testing.person import Person


class MakeAuth(Protocol):
    """What ``keyturn_auth`` is."""

    def __call__(self, name: str = "acme", **options: Any) -> Auth:
        """Return the Auth of a program on a fresh machine.

        Args:
            name: The program's name.
            options: As for ``keyturn.Auth``; the server, the person's browser, the server's clock
                and a folder of the test's are filled in, and sessions are kept in a file.
        """
        ...


class MakeProgram(Protocol):
    """What ``keyturn_program`` is."""

    def __call__(
        self,
        main: Callable[[], object] | Sequence[str],
        *,
        name: str,
        environ: Mapping[str, str] | None = None,
    ) -> Program:
        """Return a program on a fresh machine, in front of ``keyturn_person``.

        Args:
            main: As for Program.
            name: As for Program.
            environ: Further variables.
        """
        ...


@pytest.fixture(scope="session")
def keyturn_server() -> Iterator[SignInServer]:
    """Yield the real server, running in this process; one for all tests."""
    with SignInServer() as server:
        yield server


@pytest.fixture
def keyturn_person(keyturn_server: SignInServer) -> Iterator[Person]:
    """Yield somebody who has no account yet, makes one when asked, and approves.

    Set ``answer`` to have them deny. What goes wrong in their browser fails the test.
    """
    with keyturn_server.person() as person:
        yield person


@pytest.fixture
def keyturn_auth(
    keyturn_server: SignInServer,
    keyturn_person: Person,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> MakeAuth:
    """Return a function that makes a program's Auth, ready to sign ``keyturn_person`` in."""
    numbers = itertools.count()
    for variable in ELSEWHERE:
        monkeypatch.delenv(variable, raising=False)
    for variable, value in keyturn_person.environment.items():
        monkeypatch.setenv(variable, value)  # So that a sign-in is for a browser here.

    def make(name: str = "acme", **options: Any) -> Auth:
        given = {
            "issuer": keyturn_server.issuer,
            "client_id": keyturn_server.client_id,
            "home": str(tmp_path / f"keyturn-home-{next(numbers)}"),
            "storage": "file",
            "effects": effects_for(keyturn_person, keyturn_server),
            **options,
        }
        if "stack" in options:
            del given["issuer"], given["client_id"]
        return Auth(name, **given)

    return make


@pytest.fixture
def keyturn_program(keyturn_person: Person, tmp_path: Path) -> MakeProgram:
    """Return a function that makes a program whose output is captured."""
    numbers = itertools.count()

    def make(
        main: Callable[[], object] | Sequence[str],
        *,
        name: str,
        environ: Mapping[str, str] | None = None,
    ) -> Program:
        home = tmp_path / f"keyturn-program-{next(numbers)}"
        variables = {**keyturn_person.environment, **(environ or {})}
        return Program(main, name=name, home=home, environ=variables)

    return make


def effects_for(person: Person, server: SignInServer) -> Effects:
    """Return the effects of a program that ``person`` uses, by the clock of ``server``."""
    return replace(
        Effects(),
        now=server.clock.now,
        monotonic=server.clock.monotonic,
        open_url=person.open_url,
    )
