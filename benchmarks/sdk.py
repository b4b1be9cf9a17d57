"""What the SDK costs per call beside bare httpx2, which sends the same request and reads the JSON.

Both ask who is signed in, in turns, against the real server. Bound: 1.15 times at the median. The
second table has a server that answers at once, so that nothing but the clients is measured.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
from _numbers import Aim, ratio
from _running import server, table

from keyturn.sdk import Async, StackClientApp, TokenPair

ROUNDS = 61
CALLS = 25
WARM_UP = 3
BOUND = Aim(aim=1.15, at_least=False)
HERE = Path(__file__).resolve().parent

Tokens = dict[str, str]
Burst = Callable[[], float]


def main() -> int:
    """Measure both forms against both servers; 1 when the real one shows a broken bound."""
    with server(rate_limits="off") as base:
        tokens = _signed_up(base)
        user = httpx2.get(f"{base}/api/v1/users/me", headers=_headers(tokens)).json()
        print(f"One call, microseconds, {ROUNDS} rounds of {CALLS}; bound {BOUND} at the median")
        broken = _measure(base, tokens, bound=BOUND)
    child = subprocess.Popen(
        [sys.executable, HERE / "_fixed_answer.py", httpx2.Response(200, json=user).text],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout is not None
        port = child.stdout.readline().strip()
        print("\nThe same from a server that answers at once; no bound")
        _measure(f"http://127.0.0.1:{port}", tokens, bound=None)
    finally:
        child.kill()
    return int(broken)


def _measure(base: str, tokens: Tokens, *, bound: Aim | None) -> bool:
    rows, broken = [], False
    for form, bursts in (("blocking", _blocking), ("awaitable", _awaitable)):
        with asyncio.Runner() as runner:
            took = _in_turns(bursts(base, tokens, runner))
        found = ratio(took["sdk"], took["bare"])
        verdict = "" if bound is None else bound.verdict(found)
        broken |= verdict == "short"
        medians = (statistics.median(took[name]) * 1e6 / CALLS for name in ("bare", "sdk"))
        rows.append([form, *(f"{value:.0f}" for value in medians), str(found), verdict])
    table(["", "bare httpx2", "SDK", "times", ""], rows)
    return broken


def _in_turns(bursts: dict[str, Burst]) -> dict[str, list[float]]:
    """Return each contestant's rounds; who begins is drawn anew every time."""
    took: dict[str, list[float]] = {name: [] for name in bursts}
    for number in range(ROUNDS + WARM_UP):
        for name in random.sample([*bursts], len(bursts)):
            seconds = bursts[name]()
            if number >= WARM_UP:
                took[name].append(seconds)
    return took


def _blocking(base: str, tokens: Tokens, _: asyncio.Runner) -> dict[str, Burst]:
    client, headers = httpx2.Client(), _headers(tokens)
    app = StackClientApp(project_id="default", base_url=base, token_store=TokenPair(**tokens))

    def bare() -> Any:
        return client.request("GET", f"{base}/api/v1/users/me", headers=headers).json()

    def sdk() -> Any:
        return app.get_user()

    assert bare()["id"] == sdk().id

    def burst(call: Callable[[], Any]) -> float:
        started = time.perf_counter()
        for _ in range(CALLS):
            call()
        return time.perf_counter() - started

    return {"bare": lambda: burst(bare), "sdk": lambda: burst(sdk)}


def _awaitable(base: str, tokens: Tokens, runner: asyncio.Runner) -> dict[str, Burst]:
    client, headers = httpx2.AsyncClient(), _headers(tokens)
    app = StackClientApp[Async](
        project_id="default", base_url=base, token_store=TokenPair(**tokens)
    )

    async def bare() -> Any:
        answer = await client.request("GET", f"{base}/api/v1/users/me", headers=headers)
        return answer.json()

    async def sdk() -> Any:
        return await app.get_user()

    async def burst(call: Callable[[], Awaitable[Any]]) -> float:
        started = time.perf_counter()
        for _ in range(CALLS):
            await call()
        return time.perf_counter() - started

    return {"bare": lambda: runner.run(burst(bare)), "sdk": lambda: runner.run(burst(sdk))}


def _signed_up(base: str) -> Tokens:
    body = {"email": "ada@example.com", "password": "correct horse battery"}
    headers = {"x-stack-access-type": "client", "x-stack-project-id": "default"}
    answer = httpx2.post(f"{base}/api/v1/auth/password/sign-up", json=body, headers=headers)
    answer.raise_for_status()
    return {name: answer.json()[name] for name in ("access_token", "refresh_token")}


def _headers(tokens: Tokens) -> dict[str, str]:
    return {
        "accept": "application/json",
        "x-stack-access-type": "client",
        "x-stack-project-id": "default",
        "x-stack-access-token": tokens["access_token"],
        "x-stack-refresh-token": tokens["refresh_token"],
    }


if __name__ == "__main__":
    sys.exit(main())
