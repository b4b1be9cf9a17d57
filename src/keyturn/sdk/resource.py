"""What all objects that the API answers with have in common."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Generic, Self

from keyturn.sdk.binding import S_co
from keyturn.sdk.session import Session  # noqa: TC001 - dataclasses look their fields up


@dataclass(eq=False, kw_only=True)
class Resource(Generic[S_co]):
    """An object of the API, with the session that it came by.

    Its fields are what the server said last; they change in place when an operation of the object
    itself changes it. Nothing is cached: each operation asks the server.
    """

    _session: Session[S_co] = field(repr=False)

    @property
    def form(self) -> S_co:
        """How its operations are carried out."""
        return self._session.form

    def _become(self, newer: Self) -> None:
        """Take over the fields of the same object as the server answered it just now."""
        for each in fields(newer):
            setattr(self, each.name, getattr(newer, each.name))
