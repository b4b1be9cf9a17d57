"""Codes that are handed out once: of any number who bring one, one goes on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from keyturn.server.one_time import store
from keyturn.server.one_time.rules import CodeExpired, CodeNotFound, CodeUsed, TooManyGuesses
from keyturn.server.one_time.service import LENGTH, MOST_GUESSES, SHORT_LENGTH, new_code
from keyturn.server.one_time.store import Kind

if TYPE_CHECKING:
    from tests.server.in_process_ import InProcess, SetClock


def handed_out(server: InProcess, kind: Kind, **more: Any) -> str:
    code = new_code()
    new = server.services.one_time.new
    server.run(
        server.services.storage.write(
            new, kind, code, now=server.clock.now, minutes=10, facts={"email": "ada@x.io"}, **more
        )
    )
    return code


def use(server: InProcess, kind: Kind, code: str) -> Any:
    services = server.services
    return services.storage.write(services.one_time.use, kind, code, now=server.clock.now)


@pytest.fixture
def kind(server: InProcess) -> Kind:
    return Kind(name="test", project_id=server.project.id)


def test_a_code_works_once_and_says_why_it_does_not_twice(
    server: InProcess, clock: SetClock, kind: Kind
) -> None:
    code, late = handed_out(server, kind), handed_out(server, kind)
    assert server.run(use(server, kind, f" {code.upper()} ")).facts == {"email": "ada@x.io"}
    with pytest.raises(CodeUsed):
        server.run(use(server, kind, code))
    clock.advance(601)
    with pytest.raises(CodeExpired):
        server.run(use(server, kind, late))
    with pytest.raises(CodeUsed):
        server.run(use(server, kind, code))


def test_of_twenty_who_bring_a_code_one_goes_on(server: InProcess, kind: Kind) -> None:
    code = handed_out(server, kind)

    async def all_at_once() -> list[Any]:
        tries = (use(server, kind, code) for _ in range(20))
        return await asyncio.gather(*tries, return_exceptions=True)

    outcomes = server.run(all_at_once())
    assert sum(not isinstance(outcome, CodeUsed) for outcome in outcomes) == 1


@pytest.mark.proves("S-7")
def test_a_code_is_found_as_what_it_is_and_where_it_was_made_alone(
    server: InProcess, kind: Kind
) -> None:
    code = handed_out(server, kind)
    other_kind = Kind(name="other", project_id=kind.project_id)
    other_project = Kind(name="test", project_id="another")
    for wrong in (other_kind, other_project):
        with pytest.raises(CodeNotFound):
            server.run(use(server, wrong, code))
    server.run(use(server, kind, code))


@pytest.mark.proves("S-7")
def test_guesses_at_the_short_part_are_counted_and_the_sixth_ends_it(
    server: InProcess, kind: Kind
) -> None:
    code = handed_out(server, kind)
    count, write = server.services.one_time.count_guess, server.services.storage.write
    for guess in range(MOST_GUESSES):
        wrong = f"{guess}" * SHORT_LENGTH + code[SHORT_LENGTH:]
        server.run(write(count, kind, wrong, now=server.clock.now))
        with pytest.raises(CodeNotFound):
            server.run(use(server, kind, wrong))
    for _ in range(3):
        with pytest.raises(TooManyGuesses):
            server.run(write(count, kind, code, now=server.clock.now))


def test_what_is_listed_can_be_taken_back_and_the_swept_is_gone(
    server: InProcess, clock: SetClock, kind: Kind
) -> None:
    kept, gone = (handed_out(server, kind, about="team") for _ in range(2))
    read, write = server.services.storage.read, server.services.storage.write
    listed = server.run(read(store.live_about, kind, "team", now=clock.now))
    assert len(listed) == 2
    taken = server.run(write(server.services.one_time.look, kind, gone, now=clock.now))
    assert server.run(read(store.live_by_id, kind, taken.id, now=clock.now)) == taken
    assert server.run(write(store.revoke, kind, taken.id))
    assert not server.run(write(store.revoke, kind, taken.id))
    with pytest.raises(CodeNotFound):
        server.run(use(server, kind, gone))
    server.run(use(server, kind, kept))


def test_codes_of_one_user_are_taken_back_together(server: InProcess, kind: Kind) -> None:
    user = server.person("ada@example.com")
    mine, other = handed_out(server, kind, user_id=user.id), handed_out(server, kind)
    server.run(server.services.storage.write(store.revoke_of_user, kind.name, user.id))
    with pytest.raises(CodeNotFound):
        server.run(use(server, kind, mine))
    server.run(use(server, kind, other))


def test_codes_are_long_and_never_the_same() -> None:
    codes = {new_code() for _ in range(1000)}
    assert len(codes) == 1000
    assert {len(code) for code in codes} == {LENGTH}
