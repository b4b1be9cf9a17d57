"""Both loops run a flow alike: results, errors thrown in, errors let through."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from keyturn.net.drive import run, run_async
from keyturn.protocol.errors import LoginDenied, ServerUnreachable
from keyturn.protocol.wire import Reply, Request, Steps, pause, send

REQUEST = Request(method="GET", url="https://id.example/")


class Blocking:
    """Answers 200, 500 and so on in turn; fails where told to."""

    def __init__(self, *, fail_first: bool = False) -> None:
        self.fail_first = fail_first
        self.sent = 0

    def send(self, request: Request) -> Reply:
        self.sent += 1
        if self.fail_first and self.sent == 1:
            raise ServerUnreachable("down")
        return Reply(status=200 + self.sent)

    def pause(self, seconds: float) -> float:
        return 1000 + seconds


class Awaitable:
    """The same for an event loop."""

    def __init__(self, *, fail_first: bool = False) -> None:
        self._blocking = Blocking(fail_first=fail_first)

    async def send(self, request: Request) -> Reply:
        await asyncio.sleep(0)
        return self._blocking.send(request)

    async def pause(self, seconds: float) -> float:
        return self._blocking.pause(seconds)


def play_blocking(steps: Steps[Any], **options: bool) -> Any:
    return run(steps, Blocking(**options))


def play_awaitable(steps: Steps[Any], **options: bool) -> Any:
    return asyncio.run(run_async(steps, Awaitable(**options)))


Play = Callable[..., Any]
both = pytest.mark.parametrize("play", [play_blocking, play_awaitable])


@both
def test_replies_and_times_come_back_and_the_result_is_returned(play: Play) -> None:
    def flow() -> Steps[list[float]]:
        first = yield from send(REQUEST)
        now = yield from pause(5)
        second = yield from send(REQUEST)
        return [first.status, now, second.status]

    assert play(flow()) == [201, 1005, 202]


@both
def test_a_failure_is_thrown_into_the_flow_which_may_go_on(play: Play) -> None:
    def flow() -> Steps[str]:
        try:
            yield from send(REQUEST)
        except ServerUnreachable as error:
            reply = yield from send(REQUEST)
            return f"{error} {reply.status}"
        return "no failure"

    assert play(flow(), fail_first=True) == "down 202"


@both
def test_a_flow_may_end_because_of_a_failure(play: Play) -> None:
    def flow() -> Steps[str]:
        try:
            yield from send(REQUEST)
        except ServerUnreachable:
            return "gave up"
        return "no failure"

    assert play(flow(), fail_first=True) == "gave up"


@both
def test_what_the_flow_does_not_catch_reaches_the_caller(play: Play) -> None:
    def flow() -> Steps[None]:
        yield from send(REQUEST)
        raise LoginDenied

    with pytest.raises(ServerUnreachable):
        play(flow(), fail_first=True)
    with pytest.raises(LoginDenied):
        play(flow())


@both
def test_a_flow_that_asks_for_nothing_just_returns(play: Play) -> None:
    def flow() -> Steps[int]:
        return 7
        yield

    assert play(flow()) == 7
