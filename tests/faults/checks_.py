"""What must be true after a crash of everything that clients were told before it."""

from collections.abc import Mapping
from typing import Any, Protocol

import httpx2

from tests.faults.journal_ import Family, Guest, Journal
from tests.faults.steps_ import refresh_send, send, stack
from tests.server.person_ import PASSWORD, Serving


class Checked(Serving, Protocol):
    """A server whose database can be asked as well."""

    @property
    def port(self) -> int:
        """Where it listens."""
        ...

    def rows(self, query: str, *values: Any) -> list[Mapping[str, Any]]:
        """Ask its database, from outside."""
        ...


def check(server: Checked, journal: Journal) -> None:
    """Check every family and guest; those that go on are refreshed by it."""
    for guest in journal.guests:
        check_guest(server, guest)
    for family in journal.families:
        check_family(server, family)


def check_guest(server: Checked, guest: Guest) -> None:
    """Check that an acknowledged session lives, and that an ended one does not."""
    answer = stack(server, "/auth/sessions/current/refresh", refresh_token=guest.refresh_token)
    if guest.ended:
        assert answer.status_code == 401, answer.text
    elif not guest.ending:
        assert answer.status_code == 200, answer.text
    guest.ended = answer.status_code != 200


def check_family(server: Checked, family: Family) -> None:
    """Check that a family stands where its client was told, or one unanswered step further."""
    row = server.rows("SELECT generation, ended_at FROM session WHERE id = ?", family.id)[0]
    answer = send(server, refresh_send(server.port, family.refresh_token))
    if family.ended:
        assert answer.json()["error"] == "invalid_grant"
        assert row["ended_at"] is not None
        return
    if family.ending and row["ended_at"] is not None:
        family.ended = True
        return
    assert row["ended_at"] is None
    if answer.status_code != 200:
        assert_the_answer_was_lost(family, row["generation"], answer)
        family.ending = True  # whatever follows belongs to whoever holds the successor
        return
    assert answer.json()["generation"] == family.generation + 1
    family.refresh_token = answer.json()["refresh_token"]
    family.generation += 1
    family.refreshing = family.ending = False


def assert_the_answer_was_lost(family: Family, generation: int, answer: httpx2.Response) -> None:
    """Only a refresh that was under way may have used the token up, and by one step."""
    assert answer.json()["error"] == "invalid_grant"
    assert family.refreshing
    assert generation == family.generation + 1


def check_passwords(server: Checked, emails: list[str]) -> None:
    """Check that those who were told that they have an account can sign in."""
    for email in emails:
        body = {"email": email, "password": PASSWORD}
        assert stack(server, "/auth/password/sign-in", body).status_code == 200
