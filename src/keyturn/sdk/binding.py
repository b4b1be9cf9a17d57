"""One description of each API operation, offered as a blocking and as an awaitable method.

An operation is a method that yields steps (requests, pauses, waits) and returns a result. Read from
an object bound to ``Sync`` it is an ordinary method; from one bound to ``Async`` it is a coroutine
method. Type checkers follow the same rule, so editors show the right signature and docstring for
both, and a forgotten ``await`` is a type error.

An operation uses another by ``yield from Team.update.steps(team, ...)``: its steps become part of
its own, and run in whichever form the outer one runs.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, cast, overload

from typing_extensions import TypeVar

from keyturn.net.drive import AsyncSender, Sender, drive, drive_async
from keyturn.protocol.errors import RefreshTransient
from keyturn.protocol.wire import Pause, Request

P = ParamSpec("P")
R = TypeVar("R")
OwnerT = TypeVar("OwnerT")


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait for the refresh that another thread or task makes; the answer is the future's result.

    Where it does not end within ``seconds``, RefreshTransient is raised into the flow.
    """

    future: Future[Any]
    seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Blocking:
    """Call a function that may block; the awaitable form does so in a worker thread."""

    call: Callable[[], Any]


Step = Request | Pause | Wait | Blocking
Steps = Generator[Step, Any, R]


class ClosableSender(Sender, Protocol):
    """Sends on the caller's thread, over connections that are closed when it is."""

    def close(self) -> None:
        """Close the connections."""
        ...


class AsyncClosableSender(AsyncSender, Protocol):
    """Sends on the running event loop, over connections that are closed when it is."""

    async def close(self) -> None:
        """Close the connections."""
        ...


class Sync:
    """Carries out steps on the caller's thread."""

    def __init__(self, sender: ClosableSender) -> None:
        self._sender = sender

    def run(self, steps: Steps[R]) -> R:
        """Run an operation's steps to their end and return its result."""
        return drive(steps, self._perform)

    def close(self) -> None:
        """Close the connections."""
        self._sender.close()

    def _perform(self, step: Step) -> object:
        if isinstance(step, Request):
            return self._sender.send(step)
        if isinstance(step, Pause):
            return self._sender.pause(step.seconds)
        if isinstance(step, Wait):
            return _waited(step)
        return step.call()


class Async:
    """Carries out steps on the running event loop."""

    def __init__(self, sender: AsyncClosableSender) -> None:
        self._sender = sender

    async def run(self, steps: Steps[R]) -> R:
        """Run an operation's steps to their end and return its result."""
        return await drive_async(steps, self._perform)

    async def close(self) -> None:
        """Close the connections."""
        await self._sender.close()

    async def _perform(self, step: Step) -> object:
        if isinstance(step, Request):
            return await self._sender.send(step)
        if isinstance(step, Pause):
            return await self._sender.pause(step.seconds)
        if isinstance(step, Wait):
            # Not in a worker thread: with all of those waiting, the one waited for could not even
            # look up a host name.
            return await _waited_async(step)
        return await asyncio.to_thread(step.call)


def _waited(step: Wait) -> object:
    try:
        return step.future.result(step.seconds)
    except TimeoutError:
        raise _never_ended() from None


async def _waited_async(step: Wait) -> object:
    try:
        async with asyncio.timeout(step.seconds):
            return await asyncio.wrap_future(step.future)
    except TimeoutError:
        raise _never_ended() from None


def _never_ended() -> RefreshTransient:
    """Say why we stopped waiting.

    The other one may be a task of an event loop that this very thread is holding up, or a thread
    that did not come along when the process forked.
    """
    return RefreshTransient("Somebody else's renewal of the session did not end.")


S_co = TypeVar("S_co", bound="Sync | Async", default=Sync, covariant=True)


class Bound(Protocol[S_co]):
    """Anything that knows how its operations are carried out."""

    @property
    def form(self) -> S_co:
        """The form it is bound to."""
        ...


class operation(Generic[OwnerT, P, R]):
    """Offer a generator of steps as a method.

    Attributes:
        steps: The generator function itself, for use inside another operation.
    """

    def __init__(self, steps: Callable[Concatenate[OwnerT, P], Steps[R]]) -> None:
        self.steps = steps
        self.__doc__ = steps.__doc__
        self.__name__: str = steps.__name__
        self.__wrapped__ = steps

    @overload
    def __get__(self, obj: None, owner: type) -> operation[OwnerT, P, R]: ...
    @overload
    def __get__(self, obj: Bound[Sync], owner: type) -> Callable[P, R]: ...
    @overload
    def __get__(self, obj: Bound[Async], owner: type) -> Callable[P, Coroutine[Any, Any, R]]: ...
    def __get__(self, obj: Any, owner: type) -> Any:
        """Return the operation bound to ``obj``, in the object's form."""
        if obj is None:
            return self
        form, steps = obj.form, self.steps

        async def call_async(*args: P.args, **kwargs: P.kwargs) -> R:
            result: R = await form.run(steps(obj, *args, **kwargs))
            return result

        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            result: R = form.run(steps(obj, *args, **kwargs))
            return result

        return self._named(call_async if isinstance(form, Async) else call)

    def _named(self, bound: Any) -> Any:
        bound.__name__, bound.__doc__ = self.__name__, self.__doc__
        bound.__signature__ = signature_of(self.steps)
        return bound


@cache
def signature_of(steps: Callable[..., Steps[Any]]) -> inspect.Signature:
    """Return the signature that callers see: without ``self``, and with the result of the steps."""
    signature = inspect.signature(steps)
    result = signature.return_annotation
    if isinstance(result, str) and result.startswith("Steps["):
        result = result.removeprefix("Steps[").removesuffix("]")
        result = result.replace("[S_co]", "").replace(", S_co]", "]")
    return signature.replace(
        parameters=[*signature.parameters.values()][1:], return_annotation=result
    )


def overloaded(steps: Callable[P, Steps[Any]]) -> Callable[P, Any]:
    """Offer a generator of steps whose result depends on its arguments, as ``operation`` does.

    Which result belongs to which arguments and form, ``typing.overload`` spells out before it.
    """
    offered: Any = operation(cast("Callable[..., Steps[Any]]", steps))
    return cast("Callable[P, Any]", offered)
