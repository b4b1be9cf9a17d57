"""Clients that keep a server busy until it dies, and note in a journal what it acknowledged."""

import http.client
import json
import threading
import time
from collections.abc import Callable
from random import SystemRandom
from typing import Any
from uuid import uuid4

import httpx2

from tests.faults.journal_ import Family, Guest, Journal
from tests.faults.racers_ import Send
from tests.faults.steps_ import STACK, authorization_code, redeem_send, refresh_send, revoke_send
from tests.server.person_ import PASSWORD, Person, Serving

# What a client sees of a server that was killed while it asked.
DEAD = (OSError, http.client.HTTPException, httpx2.TransportError)
PUT_OFF = 503
ANONYMOUS = STACK | {"x-stack-allow-anonymous-user": "true"}


class PutOff(Exception):
    """The server answered 503: it says that it could not do what was asked."""


class Prompt:
    """A server as browsers reach it, for those who do not wait: raises PutOff."""

    def __init__(self, server: Serving) -> None:
        self._server = server

    def request(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Send one request on a connection of its own; redirects are not followed."""
        answer = self._server.request(method, path, **options)
        if answer.status_code == PUT_OFF:
            raise PutOff
        return answer


class Caller:
    """One kept connection, which does not try again: an answer that is lost stays lost."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def send(self, request: Send) -> tuple[int, dict[str, Any]]:
        """Send and return status and object; raises one of DEAD."""
        status, body = self.send_raw(request)
        return status, json.loads(body) if body.startswith(b"{") else {}

    def send_raw(self, request: Send) -> tuple[int, bytes]:
        """Send and return status and body; raises one of DEAD, or PutOff."""
        self._connection.request(request.method, request.path, request.body, request.headers)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status == PUT_OFF:
            raise PutOff
        return answer.status, body

    def stack(self, method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
        """Ask the Stack-compatible API, which must agree."""
        named = {f"x-stack-{k.replace('_', '-')}": v for k, v in headers.items()}
        sent = ANONYMOUS | {"content-type": "application/json"} | named
        request = Send(
            port=self.port,
            method=method,
            path=f"/api/v1{path}",
            body="" if body is None else json.dumps(body),
            headers=sent,
        )
        status, found = self.send(request)
        assert status < 300, (status, found)
        return found


class Load:
    """Threads that ask without pause, until the server is dead or ``stop`` is called.

    Args:
        port: Where the server listens.
        browsers: People who approve programs; each in a thread of their own.
        ends: What ends a thread; anything else that it meets is a surprise.
    """

    def __init__(
        self, port: int, browsers: list[Person], ends: tuple[type[Exception], ...] = DEAD
    ) -> None:
        self.journal = Journal()
        self._port, self._ends = port, ends
        self._surprises: list[BaseException] = []
        self._stops = threading.Event()
        work: list[Callable[[Caller, SystemRandom], None]] = [self._guests, self._guests]
        work += [self._sign_ups, *(self._families(browser) for browser in browsers)]
        self._threads = [
            threading.Thread(target=self._until_dead, args=(each, SystemRandom())) for each in work
        ]
        for thread in self._threads:
            thread.start()

    def until_told(self, facts: int) -> None:
        """Wait until that much has been acknowledged."""
        deadline = time.monotonic() + 60
        while len(self.journal) < facts and not self._surprises:
            assert time.monotonic() < deadline, "the server acknowledges too little"
            time.sleep(0.002)

    def stop(self) -> Journal:
        """Wait until every client has ended what it was about; return what they were told.

        One that asked for nothing while the database was away has not noticed.
        """
        self._stops.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive(), "a client waits for an answer without end"
        if self._surprises:
            raise self._surprises[0]
        return self.journal

    def _until_dead(self, work: Any, chance: SystemRandom) -> None:
        caller = Caller(self._port)
        try:
            while not self._stops.is_set():
                work(caller, chance)
        except self._ends:
            return
        except BaseException as surprise:  # a wrong answer: for stop() to raise
            self._surprises.append(surprise)
        finally:
            caller.close()

    def _guests(self, caller: Caller, chance: SystemRandom) -> None:
        told = caller.stack("POST", "/auth/anonymous/sign-up", {})
        guest = Guest(told["refresh_token"], told["access_token"])
        self.journal.add_guest(guest)
        if chance.random() < 0.3:
            guest.ending = True
            caller.stack("DELETE", "/auth/sessions/current", access_token=guest.access_token)
            guest.ended = True

    def _sign_ups(self, caller: Caller, chance: SystemRandom) -> None:
        email = f"{uuid4()}@example.com"
        body = {"email": email, "password": PASSWORD}
        told = caller.stack("POST", "/auth/password/sign-up", body)
        self.journal.add_password(email, PASSWORD)
        self.journal.add_guest(Guest(told["refresh_token"], told["access_token"]))

    def _families(self, browser: Person) -> Callable[[Caller, SystemRandom], None]:
        own: list[Family] = []

        def work(caller: Caller, chance: SystemRandom) -> None:
            living = [family for family in own if not family.ended]
            if len(living) < 2 or chance.random() < 0.1:
                own.append(self._redeemed(caller, browser))
            elif chance.random() < 0.1:
                end(caller, chance.choice(living))
            else:
                rotate(caller, chance.choice(living))

        return work

    def _redeemed(self, caller: Caller, browser: Person) -> Family:
        status, told = caller.send(redeem_send(self._port, authorization_code(browser)))
        assert status == 200, told
        family = Family(told["session"], told["refresh_token"], told["generation"])
        self.journal.add_family(family)
        return family


def rotate(caller: Caller, family: Family) -> None:
    """Refresh, and take over what the answer says."""
    family.refreshing = True
    status, told = caller.send(refresh_send(caller.port, family.refresh_token))
    assert status == 200, told
    assert told["generation"] == family.generation + 1
    family.refresh_token, family.generation = told["refresh_token"], told["generation"]
    family.refreshing = False


def end(caller: Caller, family: Family) -> None:
    """Revoke a family."""
    family.ending = True
    status, told = caller.send(revoke_send(caller.port, family.refresh_token))
    assert status == 200, told
    family.ended = True
