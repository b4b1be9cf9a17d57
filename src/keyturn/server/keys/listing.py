"""Every signing key of a server, for its operator: ids, ages, states, and no private half."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from keyturn.server.keys.service import PUBLISHED_BEFORE_USE_MS, RETIRED_FOR_MS
from keyturn.server.storage.base import Work, every

if TYPE_CHECKING:
    from keyturn.server.storage.base import Row

State = Literal["signing", "next", "retired", "gone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One key. Instants are milliseconds since 1970.

    Attributes:
        kid: Its id, as tokens name it.
        purpose: What it signs for: ``oauth``, or an audience of a project.
        algorithm: As in its JWK: ``ES256``.
        state: ``signing``; ``next``: published, signs after the next rotation; ``retired``: only
            verifies what it has signed; ``gone``: published no more.
        created_at: When it was made, and published.
        retired_at: When it stopped signing.
    """

    kid: str
    purpose: str
    algorithm: str
    state: State
    created_at: int
    retired_at: int | None

    @property
    def may_sign_at(self) -> int:
        """From when on every verifier knows it."""
        return self.created_at + PUBLISHED_BEFORE_USE_MS


def listed(*, now: int) -> Work[list[Listed]]:
    """Return every key, by purpose and in the order in which they sign."""
    found: list[Listed] = []
    signing: set[tuple[str, str]] = set()
    for row in (yield from every("signing_keys")):
        algorithm = json.loads(row["public_jwk"])["alg"]
        found.append(
            Listed(
                kid=row["kid"],
                purpose=row["purpose"],
                algorithm=algorithm,
                state=_state(row, algorithm, signing, now),
                created_at=row["created_at"],
                retired_at=row["retired_at"],
            )
        )
    return found


def _state(row: Row, algorithm: str, signing: set[tuple[str, str]], now: int) -> State:
    if row["retired_at"] is not None:
        return "retired" if row["retired_at"] > now - RETIRED_FOR_MS else "gone"
    if (row["purpose"], algorithm) in signing:
        return "next"
    signing.add((row["purpose"], algorithm))
    return "signing"
