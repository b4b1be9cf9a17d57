"""One PostgreSQL for all tests of a worker; each gets a database of its own."""

import pytest

from tests.postgres_ import Cluster, shared


@pytest.fixture(scope="session")
def postgres() -> Cluster:
    """Return a running cluster that forgets its syncs, for what is not about power cuts."""
    return shared()
