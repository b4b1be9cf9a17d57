"""The shipped contract of session stores, under the name that our own tests know it by."""

from keyturn.testing.token_store_contract import (
    CLIENT_ID,
    ISSUER,
    NOW,
    TokenStoreContract,
    in_threads,
    make_session,
)

__all__ = ["CLIENT_ID", "ISSUER", "NOW", "TokenStoreContract", "in_threads", "make_session"]
