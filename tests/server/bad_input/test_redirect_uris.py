"""The redirect URI of an authorization request: the registered ones, and not one of 200 others.

Asked by GET and by POST, by a stranger and by somebody signed in, for a client that has registered
one address of every kind. A refusal is a page of this server without a Location header.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest

from keyturn.protocol.pkce import challenge_for
from tests.server.bad_input.hostile_urls_ import HOSTILE
from tests.server.bad_input.near_misses_ import ALLOWED, NEAR_MISSES, REGISTERED
from tests.server.bad_input.pages_ import FORM_TYPE, is_careful
from tests.server.in_process_ import BASE_URL, InProcess
from tests.server.person_ import VERIFIER, Person

if TYPE_CHECKING:
    import httpx2

ASKED = {
    "response_type": "code",
    "client_id": "every-kind",
    "state": "s" * 20,
    "code_challenge": challenge_for(VERIFIER),
    "code_challenge_method": "S256",
}
# Refused wherever they come from: what else is wrong with a request must not turn it around.
ALSO_WRONG: tuple[dict[str, str], ...] = ({}, {"prompt": "none"}, {"response_type": "token"})

Ask = Callable[[InProcess, str, dict[str, str]], Any]


def by_get(server: InProcess, query: str, headers: dict[str, str]) -> httpx2.Response:
    return server.get(f"/oauth/authorize?{query}", headers=headers)


def by_post(server: InProcess, query: str, headers: dict[str, str]) -> httpx2.Response:
    kind = {"content-type": FORM_TYPE, "origin": "https://app.example"}
    return server.post("/oauth/authorize", content=query, headers=kind | headers)


WAYS = pytest.mark.parametrize("ask", [by_get, by_post])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    started = InProcess(
        tmp_path_factory.mktemp("redirect-uris") / "data",
        projects=[{"id": "default", "display_name": "Acme"}],
        clients=[{"id": "every-kind", "project": "default", "redirect_uris": list(REGISTERED)}],
    )
    yield started
    started.close()


@pytest.fixture(scope="module")
def signed_in(server: InProcess) -> Person:
    person = Person(server)
    person.cookies["keyturn_session_default"] = server.browser(server.person())[1]
    return person


def query_with(url: str, **changes: str) -> str:
    uri = quote(url.encode("utf-8", "surrogatepass"), safe="")
    return f"{urlencode(ASKED | changes)}&redirect_uri={uri}"


def test_the_corpus_has_two_hundred_addresses_none_twice_and_none_registered() -> None:
    every = (*HOSTILE, *NEAR_MISSES)
    assert len(set(NEAR_MISSES)) == len(NEAR_MISSES)
    assert len(set(every) - set(ALLOWED)) >= 200
    assert not set(NEAR_MISSES) & set(ALLOWED)


@pytest.mark.proves("S-22", "T-8")
@WAYS
def test_no_address_that_is_not_registered_is_ever_followed(
    server: InProcess, signed_in: Person, ask: Ask
) -> None:
    refused = 0
    for url in sorted({*HOSTILE, *NEAR_MISSES} - set(ALLOWED)):
        for cookies in ({}, signed_in.cookie_header()):
            for wrong in ALSO_WRONG:
                answer = ask(server, query_with(url, **wrong), cookies)
                assert (answer.status_code, "location" in answer.headers) == (400, False), url
                assert "refresh" not in answer.headers
                is_careful(answer)
        refused += 1
    assert refused >= 200


@pytest.mark.proves("S-22")
@WAYS
@pytest.mark.parametrize("url", ALLOWED)
def test_what_is_registered_is_answered_there_and_nowhere_else(
    server: InProcess, signed_in: Person, ask: Ask, url: str
) -> None:
    told = ask(server, query_with(url, response_type="token"), signed_in.cookie_header())
    assert told.status_code == 303
    joint = "&" if "?" in url else "?"
    assert told.headers["location"].startswith(url + joint)
    answer = parse_qs(urlsplit(told.headers["location"]).query)
    assert (answer["error"], answer["iss"]) == (["unsupported_response_type"], [BASE_URL])


@pytest.mark.proves("S-22", "S-51")
def test_a_posted_request_goes_on_as_the_get_that_asks_the_person(
    server: InProcess, signed_in: Person
) -> None:
    query = query_with(REGISTERED[0], nonce="n", login_hint="ada@example.com", scope="openid")
    posted = by_post(server, query, {})
    assert posted.status_code == 303
    assert "set-cookie" not in posted.headers
    target = posted.headers["location"]
    asked = parse_qs(urlsplit(target).query)
    assert target.startswith("/oauth/authorize?")
    assert {name: asked[name] for name in parse_qs(query)} == parse_qs(query)
    signed_in.open(target)
    assert signed_in.form("/cli/decide")["form_token"]


@pytest.mark.proves("S-20")
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        ("text/plain", b"client_id=every-kind"),
        (FORM_TYPE, b"client_id=%ff"),
        (FORM_TYPE, b"client_id=\xff"),
        (FORM_TYPE, b"x=" + b"y" * 70_000),
        (FORM_TYPE, b"&".join(b"p%d=1" % number for number in range(100))),
        (FORM_TYPE, b""),
    ],
)
def test_a_posted_request_that_is_no_form_is_a_page(
    server: InProcess, kind: str, body: bytes
) -> None:
    answer = server.post("/oauth/authorize", content=body, headers={"content-type": kind})
    assert 400 <= answer.status_code < 500
    assert "location" not in answer.headers
    is_careful(answer)
