"""Pairs of questions whose answers must not differ: in the second kind there is something to find.

Each is a generator of pairs; between two pairs it does what makes the next one fair: moves the
clock on, so that no limit is reached, and puts things in place that have expired.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from keyturn.protocol.codes import USER_CODE_ALPHABET
from tests.server.in_process_ import BASE_URL, InProcess
from tests.server.oauth.grants_ import BROWSER_ORIGIN, start_device
from tests.server.person_ import PASSWORD, Person

STACK = {"x-stack-access-type": "client", "x-stack-project-id": "default"}
KNOWN = "known00@example.com"
WINDOW_SECONDS = 601


@dataclass(frozen=True, kw_only=True)
class Question:
    """One request; ``said`` is what it says, which an answer may give back."""

    path: str
    said: str
    options: dict[str, Any] = field(default_factory=dict)


Pair = tuple[Question, Question]
Pairs = Callable[[InProcess], Iterator[Pair]]


def unknown_address() -> str:
    """Return an address as long as the known one."""
    return f"{secrets.token_hex(4)[:7]}@example.com"


def passwords(server: InProcess) -> Iterator[Pair]:
    """Ask with a wrong password: for nobody's address, and for somebody's."""
    server.run(server.services.accounts.sign_up(server.project, email=KNOWN, password=PASSWORD))

    def sign_in(address: str) -> Question:
        body = {"email": address, "password": "not the password"}
        return Question(
            path="/api/v1/auth/password/sign-in",
            said=address,
            options={"json": body, "headers": STACK},
        )

    while True:
        server.clock.advance(WINDOW_SECONDS)
        yield sign_in(unknown_address()), sign_in(KNOWN)


def mailed_links(server: InProcess) -> Iterator[Pair]:
    """Ask for a link by mail: to nobody's address, and to somebody's."""
    server.person(KNOWN)
    person = Person(server)
    person.open("/sign-in")
    form = {"form_token": person.form("/sign-in")["form_token"]}
    headers = person.cookie_header() | {"origin": BASE_URL}

    def mail(address: str) -> Question:
        data = form | {"email": address}
        return Question(
            path="/sign-in/link", said=address, options={"data": data, "headers": headers}
        )

    while True:
        server.clock.advance(WINDOW_SECONDS)
        yield mail(unknown_address()), mail(KNOWN)
        # Mail goes out after the answer; the next pair is not to wait for it.
        server.run(server.services.mail.drain())


def reset_codes(server: InProcess) -> Iterator[Pair]:
    """Forget a password: nobody's, and somebody's."""
    yield from _mailed_codes(server, "/api/v1/auth/password/send-reset-code")


def sign_in_codes(server: InProcess) -> Iterator[Pair]:
    """Ask for a sign-in code: to nobody's address, and to somebody's."""
    yield from _mailed_codes(server, "/api/v1/auth/otp/send-sign-in-code")


def user_code_prefixes(server: InProcess) -> Iterator[Pair]:
    """Type a wrong code: with no letter of a live one, and with all but its last."""
    yield from _typed_codes(server, own=lambda code: code[:-1] + _another(code[-1]))


def user_codes_of_others(server: InProcess) -> Iterator[Pair]:
    """Type a code: of nobody, and a live one that another browser has opened."""

    def opened(code: str) -> str:
        found = server.services.devices.open_code(
            code, project_id="default", owner=uuid4().bytes, user_id="its owner", ip=None
        )
        assert server.run(found) is not None
        return code

    yield from _typed_codes(server, own=opened)


def login_code_prefixes(server: InProcess) -> Iterator[Pair]:
    """Ask for a wrong login code: with nothing of a live one, and with all but its last letter."""
    code = server.post("/api/v1/auth/cli", headers=STACK).json()["login_code"]

    def check(asked: str) -> Question:
        body = {"login_code": asked, "mode": "check"}
        return Question(
            path="/api/v1/auth/cli/complete",
            said=asked,
            options={"json": body, "headers": STACK},
        )

    while True:
        nothing = "".join(_another(letter) for letter in code)
        yield check(nothing), check(code[:-1] + _another(code[-1]))


def refresh_tokens_of_nobody(server: InProcess) -> Iterator[Pair]:
    """Refresh a Stack session with a wrong token: of no session, and all but right."""
    tokens = server.run(
        server.services.stack_tokens.begin(server.project, server.person(), origin=BROWSER_ORIGIN)
    )

    def renew(token: str) -> Question:
        headers = STACK | {"x-stack-refresh-token": token}
        return Question(
            path="/api/v1/auth/sessions/current/refresh", said=token, options={"headers": headers}
        )

    while True:
        token = tokens.refresh_token
        nearly = token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1]
        yield renew("kts_" + secrets.token_urlsafe(len(token))[: len(token) - 4]), renew(nearly)


EVERY: dict[str, Pairs] = {
    "password": passwords,
    "mailed link": mailed_links,
    "code that resets a password": reset_codes,
    "code that signs in": sign_in_codes,
    "user code, seven letters right": user_code_prefixes,
    "user code of another browser": user_codes_of_others,
    "login code, all but one letter right": login_code_prefixes,
    "refresh token, all but one letter right": refresh_tokens_of_nobody,
}


def _mailed_codes(server: InProcess, path: str) -> Iterator[Pair]:
    server.person(KNOWN)

    def ask(address: str) -> Question:
        body = {"email": address, "callback_url": f"{BASE_URL}/back"}
        return Question(path=path, said=address, options={"json": body, "headers": STACK})

    while True:
        server.clock.advance(WINDOW_SECONDS)
        yield ask(unknown_address()), ask(KNOWN)
        # Mail goes out after the answer; the next pair is not to wait for it.
        server.run(server.services.mail.drain())


def _typed_codes(server: InProcess, *, own: Callable[[str], str]) -> Iterator[Pair]:
    while True:
        user = server.person()
        person = Person(server)
        person.cookies["keyturn_session_default"] = server.browser(user)[1]
        person.open("/device")
        form = {"form_token": person.form("/device")["form_token"]}
        headers = person.cookie_header() | {"origin": BASE_URL}
        live = start_device(server)["user_code"]
        found = own(live)
        nobodys = "".join(_another(letter) for letter in live)
        questions = [
            Question(
                path="/device",
                said=code,
                options={"data": form | {"user_code": code}, "headers": headers},
            )
            for code in (nobodys, found)
        ]
        for _ in range(2):  # five tries are all that an account has
            yield questions[0], questions[1]
        server.clock.advance(WINDOW_SECONDS)


def _another(letter: str) -> str:
    """Return some other letter of the kind; what is no letter stays."""
    if not letter.isalnum():
        return letter
    return secrets.choice([other for other in USER_CODE_ALPHABET if other != letter])
