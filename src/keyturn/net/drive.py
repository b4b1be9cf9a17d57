"""The only two loops that run a flow: a blocking one and an awaitable one.

Both do what the flow's steps say and hand back what came of it. A failure to send is thrown into
the flow, which may know what to do (a poll backs off); one it does not catch reaches the caller.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from keyturn.protocol.errors import KeyturnError
from keyturn.protocol.wire import Pause

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

    from keyturn.protocol.wire import Reply, Request, Steps

T = TypeVar("T")
StepT = TypeVar("StepT")


class Sender(Protocol):
    """Carries out steps on the caller's thread."""

    def send(self, request: Request) -> Reply:
        """Send one request and return its whole reply.

        Raises:
            ServerUnreachable: no answer, in time or at all.
            UnexpectedReply: an answer that is no HTTP, or too big.
        """
        ...

    def pause(self, seconds: float) -> float:
        """Do nothing for ``seconds`` and return the monotonic time afterwards."""
        ...


class AsyncSender(Protocol):
    """Carries out steps on the running event loop; see Sender."""

    async def send(self, request: Request) -> Reply:
        """Send one request and return its whole reply."""
        ...

    async def pause(self, seconds: float) -> float:
        """Do nothing for ``seconds`` and return the monotonic time afterwards."""
        ...


def run(steps: Steps[T], sender: Sender) -> T:
    """Run ``steps`` to their end on this thread and return their result."""

    def perform(step: Request | Pause) -> Reply | float:
        return sender.pause(step.seconds) if isinstance(step, Pause) else sender.send(step)

    return drive(steps, perform)


async def run_async(steps: Steps[T], sender: AsyncSender) -> T:
    """Run ``steps`` to their end on this event loop and return their result."""

    async def perform(step: Request | Pause) -> Reply | float:
        if isinstance(step, Pause):
            return await sender.pause(step.seconds)
        return await sender.send(step)

    return await drive_async(steps, perform)


def drive(steps: Generator[StepT, Any, T], perform: Callable[[StepT], object]) -> T:
    """Have every step performed on this thread; return what the flow returns."""
    try:
        step = next(steps)
        while True:
            try:
                outcome = perform(step)
            except KeyturnError as error:
                step = steps.throw(error)
            else:
                step = steps.send(outcome)
    except StopIteration as done:
        result: T = done.value
        return result
    finally:
        # Whoever was interrupted leaves nothing held: a flow's own ``finally`` runs now, not when
        # somebody lets go of the traceback.
        steps.close()


async def drive_async(
    steps: Generator[StepT, Any, T], perform: Callable[[StepT], Awaitable[object]]
) -> T:
    """Have every step performed on this event loop; return what the flow returns."""
    try:
        step = next(steps)
        while True:
            try:
                outcome = await perform(step)
            except KeyturnError as error:
                step = steps.throw(error)
            else:
                step = steps.send(outcome)
    except StopIteration as done:
        result: T = done.value
        return result
    finally:
        steps.close()
