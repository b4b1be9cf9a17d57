"""The test kit: for tests of programs that sign people in, and of stores that keep sessions.

``keyturn.testing.plugin`` has it as fixtures of pytest. Each name is loaded when it is first used;
SignInServer needs the extra ``server``, the contracts need pytest.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keyturn.client.stores.memory import MemoryStore
    from keyturn.testing.person import Person
    from keyturn.testing.program import Program, Ran
    from keyturn.testing.raw_token_store_contract import RawTokenStoreContract
    from keyturn.testing.server import MovableClock, SignInServer
    from keyturn.testing.token_store_contract import TokenStoreContract, make_session

_HOMES = {
    "MemoryStore": "keyturn.client.stores.memory",
    "MovableClock": "keyturn.testing.server",
    "Person": "keyturn.testing.person",
    "Program": "keyturn.testing.program",
    "Ran": "keyturn.testing.program",
    "RawTokenStoreContract": "keyturn.testing.raw_token_store_contract",
    "SignInServer": "keyturn.testing.server",
    "TokenStoreContract": "keyturn.testing.token_store_contract",
    "make_session": "keyturn.testing.token_store_contract",
}

__all__ = [
    "MemoryStore",
    "MovableClock",
    "Person",
    "Program",
    "Ran",
    "RawTokenStoreContract",
    "SignInServer",
    "TokenStoreContract",
    "make_session",
]

if find_spec("pytest") is not None:
    import pytest

    # So that a failed promise says what it found instead, as in a test of one's own.
    pytest.register_assert_rewrite(
        "keyturn.testing.token_store_contract", "keyturn.testing.raw_token_store_contract"
    )


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
