"""The JSON of the data vault. Keys arrive hashed and values encrypted: both are texts here."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from keyturn.server.stack.endpoint import Wire

HashedKey = Annotated[str, StringConstraints(min_length=1, max_length=1024)]


class VaultGet(Wire):
    """Which value."""

    hashed_key: HashedKey


class VaultSet(Wire):
    """A value and its key. The client's encryption makes an empty value possible, too."""

    hashed_key: HashedKey
    encrypted_value: str


class VaultValue(Wire):
    """A value, as the client encrypted it."""

    encrypted_value: str
