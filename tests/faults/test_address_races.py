"""Races for an address: two servers on one database of either kind, 32 clients at once.

An address lies in one of two tables, so no index sees all of them; it signs in one account all the
same. A code by mail opens what it opens for one of those who bring it.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import pytest

from tests.faults.racers_ import RACERS, Racers, Send
from tests.faults.servers_ import Server
from tests.faults.steps_ import good, last_mail
from tests.faults.tracks_ import laid
from tests.requirements_ import rounds
from tests.server.in_process_ import BASE_URL

pytestmark = pytest.mark.sweep

KEY = "ssk_of_the_address_races"
CLIENT = {
    "x-stack-access-type": "client",
    "x-stack-project-id": "acme",
}
SERVER = CLIENT | {"x-stack-access-type": "server", "x-stack-secret-server-key": KEY}
CONFIGURATION = f"""
[[projects]]
id = "acme"
display_name = "Acme"
secret_server_key = "{KEY}"
"""
ROUNDS = {
    "sqlite": rounds(bounded=6, full=100),
    "postgresql": rounds(bounded=2, full=50),
}
Asked = tuple[str, str, dict[str, Any]]


@dataclass(frozen=True)
class Track:
    """Two servers on one database, the racers, and a user for each of them."""

    servers: list[Server]
    racers: Racers
    users: list[str]
    rounds: range

    def post(self, path: str, body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        answer = self.servers[0].request("POST", f"/api/v1{path}", json=body, headers=headers)
        found: dict[str, Any] = good(answer)
        return found

    def race(self, ask: Callable[[int], Asked], headers: dict[str, str]) -> Counter[int]:
        """Let racer ``n`` send what ``ask(n)`` returns; count the statuses."""
        ports = cycle(server.port for server in self.servers)
        sent = []
        for number in range(RACERS):
            method, path, body = ask(number)
            sent.append(
                Send(
                    port=next(ports),
                    method=method,
                    path=f"/api/v1{path}",
                    body=json.dumps(body),
                    headers=headers | {"content-type": "application/json"},
                )
            )
        return Counter(answer.status for answer in self.racers.race(sent))

    def mailed_code(self) -> str:
        """Return the code of the newest mail; the earlier ones are put away."""
        link = last_mail(self.servers[0].data)
        for mail in (self.servers[0].data / "outbox").glob("*.eml"):
            mail.unlink()
        [code] = re.findall(r"[?&]code=(\w+)", link)
        return str(code)


@pytest.fixture(scope="module", params=ROUNDS)
def track(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Track]:
    kind: str = request.param
    with laid(kind, tmp_path_factory.mktemp("addresses"), CONFIGURATION) as (servers, runners):
        found = Track(servers, runners, [], range(ROUNDS[kind]))
        for _ in range(RACERS):
            found.users.append(found.post("/users", {}, SERVER)["id"])
        yield found


def bringing(code: str, path: str) -> Callable[[int], Asked]:
    """Return what every racer asks: to use the one code up."""
    return lambda _: ("POST", path, {"code": code})


@pytest.mark.proves("T-13")
def test_an_address_signs_in_one_account_however_it_is_taken(track: Track) -> None:
    for number in track.rounds:
        email = f"wanted-{number}@example.com"

        def take(racer: int, email: str = email) -> Asked:
            user_id = track.users[racer]
            channel = {"user_id": user_id, "value": email, "type": "email", "used_for_auth": True}
            primary = {"primary_email": email, "primary_email_auth_enabled": True}
            return (
                ("POST", "/contact-channels", channel),
                ("PATCH", f"/users/{user_id}", primary),
                ("POST", "/users", primary),
            )[racer % 3]

        statuses = track.race(take, SERVER)
        assert statuses.pop(409) == RACERS - 1
        assert sum(statuses.values()) == 1
        assert set(statuses) <= {200, 201}


@pytest.mark.proves("S-54")
def test_a_mailed_sign_in_code_signs_one_in_and_makes_one_account(track: Track) -> None:
    for number in track.rounds:
        email = f"newcomer-{number}@example.com"
        body = {"email": email, "callback_url": f"{BASE_URL}/back"}
        track.post("/auth/otp/send-sign-in-code", body, CLIENT)
        code = track.mailed_code()
        statuses = track.race(bringing(code, "/auth/otp/sign-in"), CLIENT)
        # Coming second is 409, or 400 once that many tries look like guesses.
        assert statuses[200] == 1
        assert statuses[400] + statuses[409] == RACERS - 1
        found = track.servers[1].request("GET", f"/api/v1/users?query={email}", headers=SERVER)
        assert len(good(found)["items"]) == 1


@pytest.mark.proves("S-54")
def test_a_mailed_code_verifies_once(track: Track) -> None:
    for number in track.rounds:
        value = f"mine-{number}@example.com"
        user_id = track.users[0]
        channel = {"user_id": user_id, "value": value, "type": "email", "used_for_auth": False}
        made = track.servers[0].request(
            "POST", "/api/v1/contact-channels", json=channel, headers=SERVER
        )
        path = f"/contact-channels/{user_id}/{made.json()['id']}/send-verification-code"
        track.post(path, {"callback_url": f"{BASE_URL}/back"}, SERVER)
        code = track.mailed_code()
        statuses = track.race(bringing(code, "/contact-channels/verify"), CLIENT)
        assert statuses == {200: 1, 409: RACERS - 1}
