"""One server a file: its RS256 keys take a moment to make, and the people differ anyway."""

from collections.abc import Iterator

import pytest

from tests.server.in_process_ import InProcess
from tests.server.oauth.openid.rp_ import Party, start


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    started = start(tmp_path_factory.mktemp("op") / "data")
    yield started
    started.close()


@pytest.fixture
def party(server: InProcess) -> Party:
    """Return the relying party ``rp``."""
    return Party(server)
