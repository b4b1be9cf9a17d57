"""A server whose disk or database is about to fail, and what every face answers meanwhile."""

from dataclasses import dataclass
from typing import Any

import httpx2

from tests.faults.servers_ import Server
from tests.faults.steps_ import (
    CLIENT,
    authorization_code,
    good,
    guest,
    redeem_send,
    refresh_send,
    send,
    signed_up,
    stack,
)
from tests.server.person_ import PASSWORD, Person

PUT_OFF = 503


@dataclass
class Patient:
    """A server that is about to fail, and a session that must live through it."""

    server: Server
    email: str
    tokens: dict[str, Any]
    stack_token: str

    def writes(self) -> dict[str, httpx2.Response]:
        """Ask for something that must be written, at each face."""
        server, current = self.server, self.tokens["refresh_token"]
        oauth = {"client_id": CLIENT}
        return {
            "refresh": send(server, refresh_send(server.port, current)),
            "device": server.request("POST", "/oauth/device_authorization", data=oauth),
            "revoke": server.request("POST", "/oauth/revoke", data=oauth | {"token": current}),
            "guest": stack(server, "/auth/anonymous/sign-up", {}),
            "cli": stack(server, "/auth/cli", {}),
            "page": self.page(),
        }

    def reads(self) -> dict[str, httpx2.Response]:
        """Ask for something that is only read, at each face."""
        bearer = {"authorization": f"Bearer {self.tokens['access_token']}"}
        return {
            "userinfo": self.server.request("GET", "/oauth/userinfo", headers=bearer),
            "session": stack(
                self.server, "/auth/sessions/current/refresh", refresh_token=self.stack_token
            ),
        }

    def page(self) -> httpx2.Response:
        """Sign in with another browser, as far as it gets."""
        other = Person(self.server)
        if other.open("/sign-in").status_code == PUT_OFF:
            return other.page
        return other.press("/sign-in", email=self.email, password=PASSWORD, follow=False)

    def refresh(self) -> httpx2.Response:
        """Use the current refresh token."""
        return send(self.server, refresh_send(self.server.port, self.tokens["refresh_token"]))


def admitted(server: Server, email: str = "ada@example.com") -> Patient:
    """Sign somebody up, and a program and a guest in."""
    ada = signed_up(server, email)
    tokens = good(send(server, redeem_send(server.port, authorization_code(ada))))
    return Patient(server, email, tokens, guest(server)["refresh_token"])


def assert_all_are_put_off(answers: dict[str, httpx2.Response]) -> None:
    """Check that every face says 503 and when to come back."""
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(
        answers, PUT_OFF
    )
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers.values())


def assert_reads_go_on(patient: Patient) -> None:
    """Check that what needs no writing is answered."""
    assert patient.server.request("GET", "/oauth/jwks").status_code == 200
    assert {answer.status_code for answer in patient.reads().values()} == {200}


def assert_healed_and_nothing_was_changed(patient: Patient) -> None:
    """Check that the session stands where it stood, and that every face works."""
    answer = good(patient.refresh())
    assert answer["generation"] == patient.tokens["generation"] + 1
    patient.tokens = answer
    statuses = {name: answer.status_code for name, answer in patient.writes().items()}
    assert statuses.pop("page") == 303
    assert all(status == 200 for status in statuses.values()), statuses
