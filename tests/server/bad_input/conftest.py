"""One real server for a whole table of bad input: it must outlive every line of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.server.bad_input.callers_ import Callers
from tests.server.in_process_ import InProcess
from tests.server.person_ import PASSWORD, Person


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    """Yield a started server that the tests of a module share."""
    server = InProcess(
        tmp_path_factory.mktemp("shared") / "data",
        rate_limits="off",
        projects=[
            {
                "id": "default",
                "display_name": "Acme",
                "registration": "open",
                "secret_server_key": "ssk_of_acme",
                "super_secret_admin_key": "sak_of_acme",
            },
            {"id": "other", "display_name": "Other", "secret_server_key": "ssk_of_other"},
        ],
        clients=[
            {"id": "keyturn-cli", "project": "default", "display_name": "Acme CLI"},
            {"id": "other-cli", "project": "other", "display_name": "Other CLI"},
            {"id": "confidential", "project": "default", "secret": "cs_of_acme"},
        ],
    )
    yield server
    server.close()


@pytest.fixture(scope="module")
def callers(shared: InProcess) -> Callers:
    """Return credentials of every kind at ``shared``."""
    return Callers(shared)


@pytest.fixture(scope="module")
def person(shared: InProcess) -> Person:
    """Return somebody who is signed in with a browser."""
    found = Person(shared)
    found.open("/sign-up")
    found.press("/sign-up", email="ada@example.com", password=PASSWORD)
    return found
