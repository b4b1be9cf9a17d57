"""Fixtures of the Stack-compatible API's tests."""

import pytest

from tests.server.in_process_ import InProcess
from tests.server.stack.api_ import Api


@pytest.fixture
def api(server: InProcess) -> Api:
    """Return a fresh project of a server of its own."""
    return Api.create(server)
