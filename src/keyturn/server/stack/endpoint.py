"""How a feature declares an endpoint of the Stack-compatible API, and what its handler is given.

The declaration is the whole truth about an endpoint: the OpenAPI document is made from it, and the
request is checked against it in the order of S-4 (headers, access, query, body).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field

from keyturn.server.http.body import LARGEST_BODY
from keyturn.server.http.origin import counted_ip, origin_of
from keyturn.server.stack.caller import ANY_ACCESS, AccessType, Caller
from keyturn.server.stack.errors import schema_error

if TYPE_CHECKING:
    from starlette.requests import Request

    from keyturn.server.accounts.rules import User
    from keyturn.server.projects.rules import Project
    from keyturn.server.services import Services
    from keyturn.server.sessions.rules import Origin
    from keyturn.server.stack.headers import StackHeaders
    from keyturn.server.stack.redirect import Redirect
    from keyturn.server.waiting import Later


class Wire(BaseModel):
    """A body, query or answer: exactly these members, exactly these types."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True, frozen=True)

    def __repr__(self) -> str:
        # Passwords, codes and tokens are members, and no log or traceback may show them.
        return f"{type(self).__name__}(...)"

    __str__ = __repr__


class Nothing(Wire):
    """No members."""


class Success(Wire):
    """The answer of endpoints that have nothing to tell."""

    success: bool = True


Flag = Annotated[str, Field(pattern="^(true|false)$")]
# No name or address is longer, and databases refuse patterns without end.
Search = Annotated[str, Field(max_length=256)]
B = TypeVar("B", bound=Wire)
Q = TypeVar("Q", bound=Wire)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[B, Q]):
    """One checked request."""

    services: Services
    request: Request
    headers: StackHeaders
    found_caller: Caller | None
    path: Mapping[str, str]
    query: Q
    body: B

    @property
    def caller(self) -> Caller:
        """Who calls. Only for endpoints that ask for an access type."""
        assert self.found_caller is not None  # noqa: S101 - checked before the handler runs
        return self.found_caller

    @property
    def project(self) -> Project:
        """The project that the request is about."""
        return self.caller.project

    @property
    def user(self) -> User | None:
        """Who is signed in, if anybody."""
        return self.caller.user

    @property
    def origin(self) -> Origin:
        """Where the request comes from."""
        return origin_of(self.request)

    @property
    def counted_ip(self) -> str | None:
        """The address that limits count against, if it can be known."""
        return counted_ip(self.request)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One operation.

    Attributes:
        method: The HTTP method.
        path: Below ``/api/v1``, with ``{names}``.
        handler: Takes a ``Call``, returns one of the models in ``answers``, now or later, or a
            ``Redirect``.
        answers: What is answered, by status; the model's class decides the status.
        access: The kinds of access it is for; ``None`` asks for no project headers at all.
        body: The model of its body; ``Nothing`` where it takes none.
        body_required: Whether the body may be absent.
        form: Whether the body may be a form instead of JSON.
        query: The model of its query.
        most_bytes: The largest body.
        ended_session_is_fine: Whether a revoked session's access token still gets in.
        cache: Cache-Control of a good answer, if not ``no-store``.
        makes_rows: Whether anybody can fill the database with it, so that volume is limited.
        redirects: The status of its redirects, where it sends browsers on.
        tag: Where the reference lists it.
    """

    method: str
    path: str
    handler: Callable[[Call[Any, Any]], Awaitable[Wire | Later[Wire] | Redirect]]
    answers: Mapping[int, type[Wire] | UnionType]
    tag: str
    access: tuple[AccessType, ...] | None = ANY_ACCESS
    body: type[Wire] = Nothing
    body_required: bool = True
    form: bool = False
    query: type[Wire] = Nothing
    most_bytes: int = LARGEST_BODY
    ended_session_is_fine: bool = False
    cache: str | None = None
    makes_rows: bool = False
    redirects: int | None = None
    statuses: Mapping[type[Wire], int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Turn ``answers`` around for looking up."""
        found = {
            model: status
            for status, answer in self.answers.items()
            for model in get_args(answer) or (answer,)
        }
        object.__setattr__(self, "statuses", found)


def changes_of(call: Call[Any, Any], client_model: type[Wire]) -> dict[str, Any]:
    """Return the members of the body that were sent, and refuse those that are for servers only.

    Args:
        call: The request.
        client_model: The model with the members that a client may send.
    """
    sent: dict[str, Any] = call.body.model_dump(exclude_unset=True)
    if call.caller.is_client:
        beyond = sorted(sent.keys() - client_model.model_fields.keys())
        if beyond:
            problems = [f"body.{name}: only with server access" for name in beyond]
            raise schema_error(call.request.method, call.request.url.path, problems)
    return sent


def user_id_of(call: Call[Any, Any], given: str) -> str:
    """Return the user that a path or query names; ``me`` is whoever is signed in."""
    return call.caller.signed_in()[0].id if given == "me" else given
