"""From what a caller gives as ``token_store=`` to a TokenStore."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, runtime_checkable

from keyturn.protocol.session_source import SessionSource
from keyturn.protocol.tokens import clean_token
from keyturn.sdk.token_store import (
    NOBODY,
    MemoryTokenStore,
    SourcedTokenStore,
    TokenPair,
    TokenStore,
)

if TYPE_CHECKING:
    from typing_extensions import TypeIs

AUTH_HEADER = "x-stack-auth"
_BEARER = "bearer stackauth_"


class HeaderLookup(Protocol):
    """Looks a header up by name; what frameworks' requests have as ``headers``."""

    def get(self, key: str, /) -> Any:
        """Return the header's text, or ``None``."""
        ...


@runtime_checkable
class RequestLike(Protocol):
    """A request of any framework: Starlette, FastAPI, Django, Flask and their kin."""

    @property
    def headers(self) -> Any:
        """Its headers, a HeaderLookup whatever case names are asked for in.

        Not typed as one: what Django computes when it is first asked, checkers cannot follow.
        """
        ...


TokenStoreInit: TypeAlias = Literal["memory"] | TokenPair | TokenStore | SessionSource | RequestLike
"""Where tokens come from: the process's memory, the caller, a request, or a shared session."""


class TokenStoreRegistry:
    """One memory store per project and process, so that all apps of a project share a session."""

    def __init__(self) -> None:
        self._stores: dict[tuple[str, str], MemoryTokenStore] = {}
        self._lock = threading.Lock()

    def get(self, kind: Literal["memory"], project_id: str, *, base_url: str) -> MemoryTokenStore:
        """Return the project's store.

        Args:
            kind: There is one kind.
            project_id: The project.
            base_url: Where it lives: a token must not go to another server with a project of the
                same name.
        """
        with self._lock:
            return self._stores.setdefault((base_url, project_id), MemoryTokenStore())


registry: TokenStoreRegistry = TokenStoreRegistry()
"""This process's memory stores."""


def token_store_from(given: TokenStoreInit, *, project_id: str, base_url: str) -> TokenStore:
    """Return the store that ``given`` stands for.

    Raises:
        TypeError: it is none of what ``token_store=`` takes.
    """
    if isinstance(given, TokenStore):
        return given
    if isinstance(given, TokenPair):
        return MemoryTokenStore(given)
    if given == "memory":
        return registry.get("memory", project_id, base_url=base_url)
    if _is_source(given):
        return SourcedTokenStore(given)
    headers = getattr(given, "headers", None)
    if headers is not None and callable(getattr(headers, "get", None)):
        return MemoryTokenStore(tokens_of_request(headers))
    raise TypeError(f"token_store= takes no {type(given).__name__}")


def _is_source(given: object) -> TypeIs[SessionSource]:
    return isinstance(given, SessionSource)


def tokens_of_request(headers: HeaderLookup) -> TokenPair:
    """Return the tokens that a request carries for us, or ``NOBODY``.

    They come as JSON in ``x-stack-auth``, or in base64 behind ``Bearer stackauth_``. What somebody
    else sent is nobody's tokens rather than an error.
    """
    text = _text(headers.get(AUTH_HEADER)) or _from_bearer(_text(headers.get("authorization")))
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        return NOBODY
    if not isinstance(members, Mapping):
        return NOBODY
    return TokenPair(
        access_token=clean_token(members.get("accessToken")),
        refresh_token=clean_token(members.get("refreshToken")),
    )


def auth_header(tokens: TokenPair) -> str:
    """Return the value of ``x-stack-auth`` that carries ``tokens``."""
    return json.dumps({"accessToken": tokens.access_token, "refreshToken": tokens.refresh_token})


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _from_bearer(value: str) -> str:
    if not value.lower().startswith(_BEARER):
        return ""
    encoded = value[len(_BEARER) :].strip()
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4)).decode("utf-8")
    except ValueError:
        return ""
