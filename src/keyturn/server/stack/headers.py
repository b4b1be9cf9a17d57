"""The header names of the Stack-compatible API: two families that mean the same. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FAMILIES = ("x-stack-", "x-hexclave-")

# What a request may carry, without the family's prefix.
REQUEST_NAMES = (
    "access-type",
    "project-id",
    "branch-id",
    "publishable-client-key",
    "secret-server-key",
    "super-secret-admin-key",
    "admin-access-token",
    "access-token",
    "refresh-token",
    "allow-anonymous-user",
    "allow-restricted-user",
    "override-error-status",
    "random-nonce",
    "client-version",
)
_KEYS = (
    "publishable-client-key",
    "secret-server-key",
    "super-secret-admin-key",
    "admin-access-token",
)

ACTUAL_STATUS = "x-stack-actual-status"
KNOWN_ERROR = "x-stack-known-error"
REQUEST_ID = "x-stack-request-id"
OVERRIDE = "override-error-status"

NO_STORE = "no-store, max-age=0"
_EXPOSED = ", ".join((ACTUAL_STATUS, KNOWN_ERROR, REQUEST_ID, "retry-after"))
# Browsers take the star for every header but Authorization; older ones want the names.
_ALLOWED = ", ".join(
    (
        *(family + name for family in FAMILIES for name in REQUEST_NAMES),
        "authorization",
        "content-type",
        "prefer",
        "ngrok-skip-browser-warning",
        "*",
    )
)
CORS = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": _EXPOSED,
}
PREFLIGHT = {
    **CORS,
    "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE, OPTIONS",
    "access-control-allow-headers": _ALLOWED,
    "access-control-max-age": "86400",
}


class StackHeaders:
    """The API's own headers of one request, whichever family they came in."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    @classmethod
    def read(cls, raw: list[tuple[bytes, bytes]]) -> StackHeaders:
        """Collect the headers of an ASGI scope.

        Values that contradict one another are joined with a comma, as a list header would be, so
        that none of them wins: the joined text is no access type, project or key.
        """
        found: dict[str, list[str]] = {}
        for name, value in raw:
            text = name.decode("latin-1").lower()
            for family in FAMILIES:
                if text.startswith(family):
                    values = found.setdefault(text.removeprefix(family), [])
                    if (given := value.decode("latin-1").strip()) not in values:
                        values.append(given)
        return cls({name: ", ".join(values) for name, values in found.items()})

    def of_answers(self) -> StackHeaders:
        """Return the one that answers depend on, to be kept while a request waits."""
        kept = ((name, self._values[name]) for name in (OVERRIDE,) if name in self._values)
        return StackHeaders(dict(kept))

    def get(self, name: str) -> str | None:
        """Return a header by its name without prefix; empty counts as absent."""
        return self._values.get(name) or None

    def is_true(self, name: str) -> bool:
        """Say whether a switch is on."""
        return self._values.get(name) == "true"

    @property
    def has_key(self) -> bool:
        """Say whether any project key came along."""
        return any(self.get(name) for name in _KEYS)

    @property
    def overrides_error_status(self) -> bool:
        """Say whether the client wants its 4xx as 200, so that no proxy in between replaces it."""
        return self.get(OVERRIDE) not in (None, "false")
