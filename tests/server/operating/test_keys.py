"""`keyturn keys`: what an operator sees of the signing keys, and letting the next ones sign."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keyturn.cli import keys as command
from keyturn.server.keys import jwt
from keyturn.server.keys.listing import listed
from keyturn.server.keys.service import OAUTH
from keyturn.server.services import Services, open_services
from keyturn.server.settings import Settings
from tests.server.in_process_ import SetClock

HOUR = 3600

Told = Callable[..., tuple[int, Any]]


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def told(tmp_path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Told:
    """Run the command on a clock of the test's."""

    async def with_services(settings: Settings, action: Any, options: Any) -> int:
        services = await open_services(settings, clock=clock)
        try:
            code: int = await action(services, options)
            return code
        finally:
            await services.close()

    monkeypatch.setattr(command, "with_services", with_services)

    def run_it(action: str) -> tuple[int, Any]:
        code = command.main([action, "--data", str(tmp_path / "data"), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return run_it


def in_services(data: Path, clock: SetClock, work: Callable[[Services], Any]) -> Any:
    async def within() -> Any:
        services = await open_services(Settings(data=data), clock=clock)
        try:
            return await work(services)
        finally:
            await services.close()

    return asyncio.run(within())


async def sign(services: Services) -> str:
    return jwt.sign({"sub": "ada"}, (await services.keys.of(OAUTH)).signing)


@pytest.mark.proves("S-61")
def test_a_rotation_lets_the_next_key_sign_and_what_was_signed_before_stays_valid(
    tmp_path: Path, told: Told, clock: SetClock
) -> None:
    data = tmp_path / "data"
    old = in_services(data, clock, sign)
    _, before = told("list")
    assert [key["state"] for key in before] == ["signing", "next"]
    clock.advance(HOUR)
    assert told("rotate") == (0, {"rotated": ["oauth"], "not_yet": []})
    _, after = told("list")
    states = {key["kid"]: key["state"] for key in after}
    assert states[before[0]["kid"]] == "retired"
    assert states[before[1]["kid"]] == "signing"
    assert sorted(states.values()) == ["next", "retired", "signing"]

    async def read(services: Services) -> dict[str, Any]:
        return jwt.read(old, (await services.keys.of(OAUTH)).published, typ="JWT")

    assert in_services(data, clock, read) == {"sub": "ada"}


@pytest.mark.proves("S-61")
def test_a_key_that_was_not_published_for_an_hour_is_not_used_and_the_status_is_75(
    tmp_path: Path, told: Told, clock: SetClock
) -> None:
    in_services(tmp_path / "data", clock, sign)
    _, before = told("list")
    code, answer = told("rotate")
    assert (code, answer["rotated"]) == (75, [])
    assert [one["purpose"] for one in answer["not_yet"]] == ["oauth"]
    assert told("list") == (0, before)


def test_every_purpose_rotates_whatever_it_is_called(
    tmp_path: Path, told: Told, clock: SetClock
) -> None:
    async def use(services: Services) -> None:
        for purpose in ("oauth", "default:project", "something newer"):
            await services.keys.of(purpose)

    in_services(tmp_path / "data", clock, use)
    clock.advance(HOUR)
    code, answer = told("rotate")
    assert code == 0
    assert sorted(answer["rotated"]) == ["default:project", "oauth", "something newer"]


def test_a_listing_shows_id_algorithm_and_age_and_no_private_half(
    tmp_path: Path, told: Told, clock: SetClock
) -> None:
    in_services(tmp_path / "data", clock, sign)
    clock.advance(3 * HOUR)
    _, shown = told("list")
    for key in shown:
        assert set(key) == {
            "kid", "purpose", "algorithm", "state", "age_seconds", "created_at", "retired_at"
        }  # fmt: skip
        assert (key["algorithm"], key["age_seconds"]) == ("ES256", 3 * HOUR)


def test_a_key_that_is_published_no_more_is_gone(
    tmp_path: Path, told: Told, clock: SetClock
) -> None:
    in_services(tmp_path / "data", clock, sign)
    clock.advance(HOUR)
    told("rotate")
    clock.advance(48 * HOUR + 1)
    assert sorted(key["state"] for key in told("list")[1]) == ["next", "signing"]

    async def states(services: Services) -> list[str]:
        found = await services.storage.read(listed, now=clock.now)
        return sorted(key.state for key in found)

    assert in_services(tmp_path / "data", clock, states) == ["gone", "next", "signing"]


def test_without_a_folder_to_work_in_it_fails_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert command.main(["rotate", "--data", "/dev/null/none"]) == 1
    assert capsys.readouterr().err.startswith("fail  ")
