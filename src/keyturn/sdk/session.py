"""An app together with the tokens its calls carry: what every resource holds.

A resource calls the API by ``yield from self._session.get(...)`` and its kin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic

from typing_extensions import TypeVar

from keyturn.sdk.binding import S_co, Steps
from keyturn.sdk.paging import Page
from keyturn.sdk.values import Members

if TYPE_CHECKING:
    from collections.abc import Callable

    from keyturn.sdk.api import Api
    from keyturn.sdk.token_store import TokenStore

T = TypeVar("T")
Query = str | int | bool | None


class Session(Generic[S_co]):
    """How one app calls the API on behalf of one person, or of nobody.

    Args:
        form: How steps are carried out.
        api: The project's API.
        tokens: Whose session the calls are part of; ``None``: the project's own keys suffice.
    """

    def __init__(self, form: S_co, api: Api, tokens: TokenStore | None) -> None:
        self._form = form
        self.api = api
        self.tokens = tokens

    @property
    def form(self) -> S_co:
        """How steps are carried out."""
        return self._form

    def get(self, path: str, **query: Query) -> Steps[Members]:
        """Read an object. Parameters that are ``None`` are left out; flags travel as true, false.

        Raises what ``Api.call`` raises, as all of these.
        """
        return Members.of((yield from self._call("GET", path, query=_texts(query))))

    def post(self, path: str, body: dict[str, Any] | None = None, **query: Query) -> Steps[Members]:
        """Create or do something, and return what the server says of it."""
        return Members.of((yield from self._call("POST", path, query=_texts(query), body=body)))

    def patch(self, path: str, body: dict[str, Any], **query: Query) -> Steps[Members]:
        """Change something, and return it as it is now."""
        return Members.of((yield from self._call("PATCH", path, query=_texts(query), body=body)))

    def delete(self, path: str, **query: Query) -> Steps[None]:
        """Delete something."""
        yield from self._call("DELETE", path, query=_texts(query), body={})

    def pages(
        self,
        path: str,
        read: Callable[[Session[S_co], Members], T],
        *,
        cursor: str | None = None,
        **query: Query,
    ) -> Steps[Page[T, S_co]]:
        """Fetch a page of a list: ``items`` read one by one, and where it goes on.

        Servers that answer everything at once have no ``pagination``.
        """

        def turn(cursor: str | None) -> Steps[Page[T, S_co]]:
            answer = yield from self.get(path, cursor=cursor, **query)
            items = [read(self, item) for item in answer.items()]
            pagination = answer.members_or_none("pagination")
            after = pagination.text_or_none("next_cursor") if pagination else None
            # A server that names the same page again would be asked for ever.
            return Page(self._form, items, after if after != cursor else None, turn)

        return turn(cursor)

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str],
        body: dict[str, Any] | None = None,
    ) -> Steps[Any]:
        return self.api.call(method, path, query=query, body=body, tokens=self.tokens)


def _texts(query: dict[str, Query]) -> dict[str, str]:
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in query.items()
        if value is not None
    }
