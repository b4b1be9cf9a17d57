"""Races for what is counted: two servers on one database of either kind, 32 clients at once.

Nobody takes what is not there, nothing is given twice, and no unit is lost on the way.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import pytest

from tests.faults.racers_ import RACERS, Racers, Send
from tests.faults.servers_ import Server
from tests.faults.steps_ import good
from tests.faults.tracks_ import laid
from tests.requirements_ import rounds

pytestmark = pytest.mark.sweep

KEY = "ssk_of_the_payment_races"
HEADERS = {
    "x-stack-access-type": "server",
    "x-stack-project-id": "acme",
    "x-stack-secret-server-key": KEY,
}
CONFIGURATION = f"""
[[projects]]
id = "acme"
display_name = "Acme"
secret_server_key = "{KEY}"

[projects.payments.items.credits]
display_name = "Credits"
customer_type = "custom"

[projects.payments.products.pro]
display_name = "Pro"
customer_type = "custom"
prices.monthly = {{ USD = "10", interval = [1, "month"] }}
included_items.credits = {{ quantity = 5, expires = "when-purchase-expires" }}
"""
ROUNDS = {
    "sqlite": rounds(bounded=8, full=100),
    "postgresql": rounds(bounded=2, full=50),
}


@dataclass(frozen=True)
class Track:
    """Two servers on one database, and the racers."""

    servers: list[Server]
    racers: Racers
    rounds: range

    def race(self, method: str, path: str, body: dict[str, Any]) -> Counter[int]:
        """Let every racer send the same, half of them to each server; count the statuses."""
        ports = cycle(server.port for server in self.servers)
        headers = HEADERS | {"content-type": "application/json"}
        asked = [
            Send(
                port=next(ports),
                method=method,
                path=f"/api/v1/payments/{path}",
                body=json.dumps(body),
                headers=headers,
            )
            for _ in range(RACERS)
        ]
        return Counter(answer.status for answer in self.racers.race(asked))

    def change(self, customer: str, delta: int) -> None:
        path = f"/api/v1/payments/items/custom/{customer}/credits/update-quantity"
        answer = self.servers[0].request(
            "POST", f"{path}?allow_negative=false", json={"delta": delta}, headers=HEADERS
        )
        good(answer)

    def quantity(self, customer: str) -> int:
        path = f"/api/v1/payments/items/custom/{customer}/credits"
        found: int = good(self.servers[1].request("GET", path, headers=HEADERS))["quantity"]
        return found


@pytest.fixture(scope="module", params=ROUNDS)
def track(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Track]:
    kind: str = request.param
    with laid(kind, tmp_path_factory.mktemp("payments"), CONFIGURATION) as (servers, runners):
        yield Track(servers, runners, range(ROUNDS[kind]))


def test_of_many_that_take_one_each_as_many_succeed_as_there_are(track: Track) -> None:
    for number in track.rounds:
        customer, there = f"taker-{number}", 11
        track.change(customer, there)
        path = f"items/custom/{customer}/credits/update-quantity?allow_negative=false"
        statuses = track.race("POST", path, {"delta": -1})
        assert statuses == {200: there, 400: RACERS - there}
        assert track.quantity(customer) == 0


def test_what_many_give_at_once_is_all_there(track: Track) -> None:
    for number in track.rounds:
        customer = f"giver-{number}"
        path = f"items/custom/{customer}/credits/update-quantity?allow_negative=false"
        assert track.race("POST", path, {"delta": 3}) == {200: RACERS}
        assert track.quantity(customer) == 3 * RACERS


def test_a_request_that_is_repeated_at_the_same_moment_counts_once(track: Track) -> None:
    for number in track.rounds:
        customer = f"repeater-{number}"
        path = f"items/custom/{customer}/credits/update-quantity?allow_negative=false"
        body = {"delta": 7, "idempotency_key": "once"}
        assert track.race("POST", path, body) == {200: RACERS}
        assert track.quantity(customer) == 7


def test_of_simultaneous_grants_one_is_made_and_of_cancellations_one_ends_it(
    track: Track,
) -> None:
    for number in track.rounds:
        customer = f"owner-{number}"
        path = f"products/custom/{customer}"
        assert track.race("POST", path, {"product_id": "pro"}) == {200: 1, 400: RACERS - 1}
        assert track.quantity(customer) == 5
        assert track.race("DELETE", f"{path}/pro", {}) == {200: 1, 400: RACERS - 1}
        assert track.quantity(customer) == 0
