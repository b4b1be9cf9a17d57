"""Lists that come in pages: one request per page, and only when somebody gets that far."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator, Sequence
from typing import Any, Concatenate, Generic, ParamSpec, overload

from typing_extensions import TypeVar

from keyturn.sdk.binding import Async, Bound, S_co, Steps, Sync, operation, signature_of

DEFAULT_LIMIT = 100

P = ParamSpec("P")
T_co = TypeVar("T_co", covariant=True)
ItemT = TypeVar("ItemT")
OwnerT = TypeVar("OwnerT")


class Page(Generic[T_co, S_co]):
    """One page of a list, which iterates over this page and all that follow.

    Attributes:
        form: How further pages are fetched.
        items: What is on this page.
        next_cursor: What the next page is asked for by; ``None`` at the end.
    """

    def __init__(
        self,
        form: S_co,
        items: Sequence[T_co],
        next_cursor: str | None,
        turn: Callable[[str], Steps[Page[T_co, S_co]]],
    ) -> None:
        self._form = form
        self.items = items
        self.next_cursor = next_cursor
        self._turn = turn

    def __repr__(self) -> str:
        return f"Page(items={self.items!r}, next_cursor={self.next_cursor!r})"

    @property
    def form(self) -> S_co:
        """How further pages are fetched."""
        return self._form

    @operation
    def next_page(self) -> Steps[Page[T_co, S_co] | None]:
        """Fetch the page after this one; ``None`` at the end."""
        return (yield from self.following())

    def following(self) -> Steps[Page[T_co, S_co] | None]:
        """The steps of ``next_page``, for use inside an operation."""
        if self.next_cursor is None:
            return None
        return (yield from self._turn(self.next_cursor))

    def __iter__(self: Page[ItemT, Sync]) -> Iterator[ItemT]:
        """Iterate over this page's items and those of all that follow."""
        page: Page[ItemT, Sync] | None = self
        while page is not None:
            yield from page.items
            page = page.next_page()

    async def __aiter__(self: Page[ItemT, Async]) -> AsyncIterator[ItemT]:
        """Iterate over this page's items and those of all that follow."""
        page: Page[ItemT, Async] | None = self
        while page is not None:
            for item in page.items:
                yield item
            page = await page.next_page()


def find(first: Page[T_co, S_co], fits: Callable[[T_co], bool]) -> Steps[T_co | None]:
    """Return the first item of a list that fits, asking for further pages as needed."""
    page: Page[T_co, S_co] | None = first
    while page is not None:
        for item in page.items:
            if fits(item):
                return item
        page = yield from page.following()
    return None


class PendingPage(Generic[ItemT]):
    """The awaitable form's list before its first page is there: await it, or iterate over it."""

    def __init__(self, first: Callable[[], Coroutine[Any, Any, Page[ItemT, Async]]]) -> None:
        self._first = first

    def __await__(self) -> Generator[Any, None, Page[ItemT, Async]]:
        """Fetch the first page."""
        return self._first().__await__()

    async def __aiter__(self) -> AsyncIterator[ItemT]:
        """Iterate over the items of all pages."""
        async for item in await self:
            yield item


class listing(Generic[OwnerT, P, ItemT]):
    """Offer steps that return a page: ``for x in list()``, ``async for x in list()``.

    Attributes:
        steps: The generator function itself, for use inside an operation.
    """

    def __init__(self, steps: Callable[Concatenate[OwnerT, P], Steps[Page[ItemT, Any]]]) -> None:
        self.steps = steps
        self.__doc__ = steps.__doc__
        self.__name__: str = steps.__name__
        self.__wrapped__ = steps

    @overload
    def __get__(self, obj: None, owner: type) -> listing[OwnerT, P, ItemT]: ...
    @overload
    def __get__(self, obj: Bound[Sync], owner: type) -> Callable[P, Page[ItemT, Sync]]: ...
    @overload
    def __get__(self, obj: Bound[Async], owner: type) -> Callable[P, PendingPage[ItemT]]: ...
    def __get__(self, obj: Any, owner: type) -> Any:
        """Return the listing bound to ``obj``, in the object's form."""
        if obj is None:
            return self
        form, steps = obj.form, self.steps

        def call(*args: P.args, **kwargs: P.kwargs) -> Any:
            if isinstance(form, Async):
                return PendingPage(lambda: form.run(steps(obj, *args, **kwargs)))
            return form.run(steps(obj, *args, **kwargs))

        call.__name__, call.__doc__ = self.__name__, self.__doc__
        call.__signature__ = signature_of(steps)  # type: ignore[attr-defined]
        return call
