"""Fixtures of the Stack-compatible API's tests."""

from collections.abc import Iterator

import pytest

from tests.issuers_.openid_ import OpenIssuer
from tests.server.in_process_ import InProcess
from tests.server.stack.api_ import Api


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    """Yield one server for the tests of a module, each of which makes a project of its own."""
    started = InProcess(tmp_path_factory.mktemp("shared") / "data")
    yield started
    started.close()


@pytest.fixture
def api(server: InProcess) -> Api:
    """Return a fresh project of a server of its own."""
    return Api.create(server)


@pytest.fixture
def issuer() -> Iterator[OpenIssuer]:
    """Yield a provider, a real server of its own."""
    with OpenIssuer() as started:
        yield started
