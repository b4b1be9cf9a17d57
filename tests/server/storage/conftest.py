"""One PostgreSQL for all tests of a worker; each gets a database of its own."""

from collections.abc import Iterator

import pytest

from tests.postgres_ import Cluster, cluster


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """Return a running cluster that forgets its syncs, for what is not about power cuts."""
    with cluster("-c fsync=off") as running:
        yield running
