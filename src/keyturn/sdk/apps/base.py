"""What every app is: a project, its keys, a way to send, and where tokens live."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, cast, overload
from urllib.parse import urlsplit

from typing_extensions import TypeVar

from keyturn.net.httpx import AsyncHttpxSender, HttpClient, HttpxSender
from keyturn.sdk.api import Api
from keyturn.sdk.binding import Async, S_co, Sync
from keyturn.sdk.clock import Clock, SystemClock
from keyturn.sdk.errors import TokenStoreRequired
from keyturn.sdk.session import Session
from keyturn.sdk.token_sources import TokenStoreInit, token_store_from

if TYPE_CHECKING:
    from types import TracebackType

    from keyturn.sdk.token_store import TokenStore

BlockingT = TypeVar("BlockingT", bound="BaseApp[Sync]")
AwaitableT = TypeVar("AwaitableT", bound="BaseApp[Async]")

DEFAULT_BASE_URL = "https://api.stack-auth.com"


class BaseApp(Generic[S_co]):
    """One project, as this program speaks to it.

    ``with`` and ``async with`` close its connections. It may be used by several threads; the
    awaitable form belongs to one event loop.
    """

    _form_class: ClassVar[type[Sync | Async]] = Sync

    if not TYPE_CHECKING:

        def __class_getitem__(cls, form: Any) -> Any:
            """Return the class in that form: ``StackClientApp[Async]``."""
            if form is Sync or form is Async:
                return _in_form(cls, form)
            return super().__class_getitem__(form)

    def __init__(
        self,
        *,
        project_id: str,
        publishable_client_key: str | None,
        secret_server_key: str | None,
        base_url: str,
        token_store: TokenStoreInit | None,
        extra_request_headers: Mapping[str, str] = MappingProxyType({}),
        http_client: HttpClient | None,
        clock: Clock | None,
    ) -> None:
        if urlsplit(base_url).scheme not in ("http", "https") or not urlsplit(base_url).netloc:
            raise ValueError("base_url is an absolute http(s) URL, without /api/v1")
        clock = clock or SystemClock()
        self.project_id = project_id
        self.base_url: str = base_url.rstrip("/")
        self._api = Api(
            base_url=base_url,
            project_id=project_id,
            publishable_client_key=publishable_client_key,
            secret_server_key=secret_server_key,
            extra_headers=extra_request_headers,
            clock=clock,
        )
        self._form = cast(
            "S_co",
            Async(AsyncHttpxSender(http_client, monotonic=clock.monotonic, sleep=clock.sleep_async))
            if issubclass(self._form_class, Async)
            else Sync(HttpxSender(http_client, monotonic=clock.monotonic, sleep=clock.sleep)),
        )
        self._tokens: TokenStore | None = None if token_store is None else self._store(token_store)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(project_id={self.project_id!r}, base_url={self.base_url!r})"

    @property
    def form(self) -> S_co:
        """How its operations are carried out."""
        return self._form

    def __enter__(self: BlockingT) -> BlockingT:
        return self

    def __exit__(
        self: BaseApp[Sync],
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.form.close()

    async def __aenter__(self: AwaitableT) -> AwaitableT:
        return self

    async def __aexit__(
        self: BaseApp[Async],
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.form.close()

    @overload
    def close(self: BaseApp[Sync]) -> None: ...
    @overload
    def close(self: BaseApp[Async]) -> Coroutine[Any, Any, None]: ...
    def close(self: BaseApp[Any]) -> Any:
        """Close the connections, unless they are those of an ``http_client`` passed in."""
        return self.form.close()

    @property
    def _as_project(self) -> Session[S_co]:
        """Calls with the project's own keys, on nobody's behalf."""
        return Session(self._form, self._api, None)

    def _as_user(self, token_store: TokenStoreInit | None) -> Session[S_co]:
        """Calls on behalf of whoever is signed in there.

        Raises:
            TokenStoreRequired: neither the app nor the call names a place for tokens.
        """
        return Session(self._form, self._api, self._store_for(token_store))

    def _store_for(self, given: TokenStoreInit | None) -> TokenStore:
        tokens = self._tokens if given is None else self._store(given)
        if tokens is None:
            raise TokenStoreRequired
        return tokens

    def _store(self, given: TokenStoreInit) -> TokenStore:
        return token_store_from(given, project_id=self.project_id, base_url=self.base_url)


@cache
def _in_form(app: type[BaseApp[Any]], form: type[Sync | Async]) -> type[BaseApp[Any]]:
    members = {"_form_class": form, "__module__": app.__module__, "__doc__": app.__doc__}
    return type(f"{app.__name__}[{form.__name__}]", (app,), members)
