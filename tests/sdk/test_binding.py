"""An operation is one body in two forms; whatever it yields, both forms do the same."""

import asyncio
import inspect
import threading
from concurrent.futures import Future
from typing import Generic

import pytest

from keyturn.protocol.errors import LoginDenied, ServerUnreachable
from keyturn.protocol.wire import Pause, Reply, Request
from keyturn.sdk import StackServerApp
from keyturn.sdk.binding import Async, Blocking, S_co, Steps, Sync, Wait, operation
from keyturn.sdk.paging import Page, listing

REQUEST = Request(method="GET", url="https://api.example/")


class Sender:
    """Answers with the number of the request; the second one fails."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.closed = False

    def send(self, request: Request) -> Reply:
        self.steps.append(request.method)
        if len(self.steps) == 2:
            raise ServerUnreachable("down")
        return Reply(status=200 + len(self.steps))

    def pause(self, seconds: float) -> float:
        self.steps.append(f"pause {seconds:g}")
        return 1000.0

    def close(self) -> None:
        self.closed = True


class AsyncSender:
    """The same for an event loop."""

    def __init__(self) -> None:
        self.blocking = Sender()

    async def send(self, request: Request) -> Reply:
        await asyncio.sleep(0)
        return self.blocking.send(request)

    async def pause(self, seconds: float) -> float:
        return self.blocking.pause(seconds)

    async def close(self) -> None:
        self.blocking.close()


class Robot(Generic[S_co]):
    """Does one of everything."""

    def __init__(self, form: S_co) -> None:
        self._form = form
        self.let_go = False

    @property
    def form(self) -> S_co:
        return self._form

    @operation
    def step(self, name: str, *, twice: bool = False) -> Steps[int]:
        """Send one request, or two."""
        reply: Reply = yield REQUEST
        if twice:
            try:
                yield REQUEST
            except ServerUnreachable:
                yield Pause(seconds=2)
        return reply.status

    @operation
    def nested(self) -> Steps[str]:
        """Use another operation."""
        status = yield from Robot.step.steps(self, "inner", twice=True)
        return f"nested {status}"

    @operation
    def fail(self) -> Steps[None]:
        """Fail half-way."""
        yield REQUEST
        raise LoginDenied

    @operation
    def wait(self, future: Future[str]) -> Steps[str]:
        """Wait for somebody else."""
        try:
            found: str = yield Wait(future)
            return found
        finally:
            self.let_go = True

    @operation
    def work(self) -> Steps[tuple[str, int]]:
        """Call something that blocks."""
        found: int = yield Blocking(threading.get_ident)
        return "worked", found

    @listing
    def numbers(self, *, start: int = 0) -> Steps[Page[int, S_co]]:
        """Count to five, two at a time."""

        def turn(cursor: str) -> Steps[Page[int, S_co]]:
            yield Pause(seconds=int(cursor))
            first = int(cursor)
            items = list(range(first, min(first + 2, 5)))
            return Page(self._form, items, str(first + 2) if first + 2 < 5 else None, turn)

        return turn(str(start))


def robots() -> tuple[Robot[Sync], Sender, Robot[Async], Sender]:
    blocking, awaitable = Sender(), AsyncSender()
    return Robot(Sync(blocking)), blocking, Robot(Async(awaitable)), awaitable.blocking


@pytest.mark.proves("D-3")
def test_both_forms_take_the_same_steps_to_the_same_result() -> None:
    blocking, first, awaitable, second = robots()
    assert blocking.step("x") == 201
    assert asyncio.run(awaitable.step("x")) == 201
    assert first.steps == second.steps == ["GET"]


def test_a_nested_operation_runs_in_the_form_of_the_outer_one() -> None:
    blocking, first, awaitable, second = robots()
    assert blocking.nested() == asyncio.run(awaitable.nested()) == "nested 201"
    assert first.steps == second.steps == ["GET", "GET", "pause 2"]


def test_what_an_operation_raises_reaches_the_caller() -> None:
    blocking, _, awaitable, _ = robots()
    with pytest.raises(LoginDenied):
        blocking.fail()
    with pytest.raises(LoginDenied):
        asyncio.run(awaitable.fail())


def test_the_awaitable_form_is_a_coroutine_function_and_sends_nothing_until_awaited() -> None:
    blocking, _, awaitable, sender = robots()
    assert inspect.iscoroutinefunction(awaitable.step)
    assert not inspect.iscoroutinefunction(blocking.step)
    awaitable.step("x").close()
    assert sender.steps == []


def test_both_forms_tell_their_name_docstring_and_arguments() -> None:
    blocking, _, awaitable, _ = robots()
    for method in (blocking.step, awaitable.step):
        assert inspect.getdoc(method) == "Send one request, or two."
        assert list(inspect.signature(method).parameters) == ["name", "twice"]
    assert Robot.step.__name__ == "step"
    assert list(inspect.signature(blocking.numbers).parameters) == ["start"]
    app = StackServerApp(project_id="p", secret_server_key="k")
    assert inspect.signature(app.get_project).return_annotation == "Project"
    assert inspect.signature(app.list_users).return_annotation == "Page[ServerUser]"


def test_waiting_for_another_thread_does_not_hold_the_event_loop() -> None:
    _, _, awaitable, _ = robots()
    future: Future[str] = Future()

    async def wait_and_tick() -> str:
        waiting = asyncio.create_task(awaitable.wait(future))
        await asyncio.sleep(0)
        threading.Thread(target=lambda: future.set_result("done")).start()
        return await waiting

    assert asyncio.run(wait_and_tick()) == "done"
    assert robots()[0].wait(future) == "done"


def test_a_cancelled_operation_lets_go_of_what_it_held_at_once() -> None:
    _, _, awaitable, _ = robots()
    future: Future[str] = Future()
    future.set_running_or_notify_cancel()  # so that cancelling a waiter does not cancel the work

    async def cancel() -> bool:
        waiting = asyncio.create_task(awaitable.wait(future))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        return awaitable.let_go

    assert asyncio.run(cancel())
    assert not future.cancelled()


def test_what_blocks_runs_in_a_thread_of_its_own_in_the_awaitable_form_only() -> None:
    blocking, _, awaitable, _ = robots()
    assert blocking.work() == ("worked", threading.get_ident())
    assert asyncio.run(awaitable.work())[1] != threading.get_ident()


@pytest.mark.proves("D-5")
def test_a_list_asks_for_a_page_only_when_somebody_gets_that_far() -> None:
    blocking, sender, awaitable, other = robots()
    numbers = iter(blocking.numbers())
    assert sender.steps == ["pause 0"]
    assert [next(numbers), next(numbers)] == [0, 1]
    assert sender.steps == ["pause 0"]
    assert [*numbers] == [2, 3, 4]
    assert sender.steps == ["pause 0", "pause 2", "pause 4"]

    async def iterate() -> list[int]:
        pending = awaitable.numbers()
        assert other.steps == []
        page = await pending
        assert (page.items, page.next_cursor, other.steps) == ([0, 1], "2", ["pause 0"])
        return [number async for number in awaitable.numbers(start=2)]

    assert asyncio.run(iterate()) == [2, 3, 4]


def test_closing_a_form_closes_its_sender() -> None:
    blocking, first, awaitable, second = robots()
    blocking.form.close()
    asyncio.run(awaitable.form.close())
    assert first.closed
    assert second.closed
