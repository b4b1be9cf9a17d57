"""What tries at signing in, and the mails they cause, count against: the account and the visitor.

Counted is what the server knows, as keyed hashes, never what a caller can vary: the folded address
within its project, and the network that a request came from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.accounts.rules import folded_email
from keyturn.server.http.limits import Limit
from keyturn.server.http.origin import subscriber

if TYPE_CHECKING:
    from keyturn.server.secret import ServerSecret

WINDOW_SECONDS = 600
# For each thing that can be tried: how often for one account, and from one address.
TRIES = {"password": (10, 50), "mail": (5, 20)}


def tries_of(
    what: str, secret: ServerSecret, *, project_id: str, email: str, counted_ip: str | None
) -> list[Limit]:
    """Return the limits of one try at ``what``, a key of ``TRIES``."""
    account = secret.hash("limited account", f"{project_id}|{folded_email(email)}").hex()
    per_account, per_address = TRIES[what]
    found = [Limit(f"{what} of account {account}", per_account, WINDOW_SECONDS)]
    if counted_ip is not None:
        found.append(Limit(f"{what} of {subscriber(counted_ip)}", per_address, WINDOW_SECONDS))
    return found
