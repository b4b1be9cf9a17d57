"""Fixtures of the adapters' tests."""

from collections.abc import Iterator

import pytest

from tests.client.adapters.ways_ import WAYS, Api, Way


@pytest.fixture(params=list(WAYS.values()), ids=list(WAYS))
def ask(request: pytest.FixtureRequest) -> Way:
    """Return one way after the other to send a request."""
    way: Way = request.param
    return way


@pytest.fixture
def api() -> Iterator[Api]:
    """Yield a running API."""
    with Api() as running:
        yield running


@pytest.fixture
def elsewhere() -> Iterator[Api]:
    """Yield another API, on another port."""
    with Api() as running:
        yield running
