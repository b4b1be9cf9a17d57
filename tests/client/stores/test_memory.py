"""The memory store keeps the contract."""

import pytest

from keyturn.client.stores.base import SessionStore
from keyturn.client.stores.memory import MemoryStore
from tests.contracts.token_store import TokenStoreContract


class TestMemoryStore(TokenStoreContract):
    @pytest.fixture
    def store(self) -> SessionStore:
        return MemoryStore()
