"""A project whose people come from one provider, which vouches for their addresses."""

import pytest

from tests.issuers_.openid_ import OpenIssuer
from tests.server.in_process_ import InProcess
from tests.server.stack.api_ import Api
from tests.server.stack.external_ import ADA
from tests.server.stack.providers_ import api_at


@pytest.fixture(scope="module")
def server(shared_server: InProcess) -> InProcess:
    return shared_server


@pytest.fixture
def issuer(issuer: OpenIssuer) -> OpenIssuer:
    """Return a provider that vouches for Ada's address."""
    issuer.extra_claims = {"exp": 4_102_444_800, "email": ADA, "email_verified": True}
    return issuer


@pytest.fixture
def api(server: InProcess, issuer: OpenIssuer) -> Api:
    return api_at(issuer, server)
