"""The authorization code grant: link, callback truth table, exchange."""

import itertools
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from keyturn.protocol.authorize import (
    Attempt,
    authorization_url,
    exchange,
    read_callback,
    require_s256,
)
from keyturn.protocol.discovery import read_metadata
from keyturn.protocol.errors import ExchangeFailed, LoginDenied, ServerUnreachable
from keyturn.protocol.pkce import challenge_for
from tests.protocol.flow_ import play, reply
from tests.protocol.test_discovery import DOCUMENT, ISSUER

OTHER = "https://evil.example"
VERIFIER = "v" * 43


def attempt(*, advertised: bool = True, issuer: str = ISSUER) -> Attempt:
    """Return one attempt at ``issuer``."""
    return Attempt(
        issuer=issuer,
        iss_in_callback=advertised,
        client_id="acme-cli",
        redirect_uri="http://127.0.0.1:5000/callback",
        state="right-state",
        verifier=VERIFIER,
    )


@pytest.mark.proves("K-43")
def test_the_link_carries_challenge_and_state_and_never_the_verifier() -> None:
    url = authorization_url(
        f"{ISSUER}/oauth/authorize", attempt(), scope="openid", about={"host_name": "box 1"}
    )
    assert dict(parse_qsl(urlsplit(url).query)) == {
        "response_type": "code",
        "client_id": "acme-cli",
        "redirect_uri": "http://127.0.0.1:5000/callback",
        "state": "right-state",
        "code_challenge": challenge_for(VERIFIER),
        "code_challenge_method": "S256",
        "scope": "openid",
        "host_name": "box 1",
    }
    assert VERIFIER not in url


@pytest.mark.proves("K-43")
def test_a_nonce_goes_along_where_there_is_one() -> None:
    asked = replace(attempt(), nonce="n1")
    url = authorization_url(f"{ISSUER}/a", asked, scope="openid", about={})
    assert dict(parse_qsl(urlsplit(url).query))["nonce"] == "n1"
    assert "n1" not in repr(asked)


def test_an_endpoint_with_a_query_of_its_own_keeps_it() -> None:
    url = authorization_url("https://id.example/a?tenant=1", attempt(), scope=None, about={})
    assert url.startswith("https://id.example/a?tenant=1&response_type=code&")
    assert "scope" not in url


@pytest.mark.proves("K-43")
@pytest.mark.parametrize(
    ("methods", "fine"),
    [(["S256"], True), (["plain", "S256"], True), (None, True), (["plain"], False), ([], False)],
)
def test_a_server_that_offers_only_plain_is_refused(methods: object, fine: bool) -> None:
    document = {**DOCUMENT, "code_challenge_methods_supported": methods}
    metadata = read_metadata(reply(200, document), issuer=ISSUER)
    if fine:
        require_s256(metadata)
        return
    with pytest.raises(ExchangeFailed, match="S256"):
        require_s256(metadata)


STATES = {"right": "right-state", "wrong": "wrong-state", "missing": None, "empty": ""}
ISSUERS = {
    "right": ISSUER,
    "missing": None,
    "other": OTHER,
    "slash": ISSUER + "/",
    "case": "https://ID.example",
    "empty": "",
}
OUTCOMES = {
    "code": {"code": "the-code"},
    "denied": {"error": "access_denied"},
    "failed": {"error": "server_error"},
    "nothing": {},
    "both": {"code": "the-code", "error": "access_denied"},
}


def expected(state: str, iss: str, outcome: str, *, advertised: bool) -> object:
    """Say what must come of a callback: a code, nothing (go on waiting), or an error."""
    if state != "right":
        return None
    if iss not in ("right", "missing") or (iss == "missing" and advertised):
        return ExchangeFailed
    return {
        "code": "the-code",
        "denied": LoginDenied,
        "failed": ExchangeFailed,
        "nothing": None,
        "both": LoginDenied,
    }[outcome]


@pytest.mark.proves("K-43", "K-44", "T-4", "T-5")
@pytest.mark.parametrize("advertised", [True, False])
@pytest.mark.parametrize(
    ("state", "iss", "outcome"), list(itertools.product(STATES, ISSUERS, OUTCOMES))
)
def test_truth_table_of_callbacks(state: str, iss: str, outcome: str, advertised: bool) -> None:
    fields = {"state": STATES[state], "iss": ISSUERS[iss], **OUTCOMES[outcome]}
    query = urlencode({name: value for name, value in fields.items() if value is not None})
    wanted = expected(state, iss, outcome, advertised=advertised)
    if isinstance(wanted, type):
        with pytest.raises(wanted):
            read_callback(query, attempt(advertised=advertised))
    else:
        assert read_callback(query, attempt(advertised=advertised)) == wanted


@pytest.mark.proves("T-5")
def test_of_two_attempts_at_two_issuers_each_takes_only_its_own_answer() -> None:
    one, two = attempt(issuer=ISSUER), attempt(issuer=OTHER)
    for here, there in ((one, two), (two, one)):
        answer = urlencode({"state": "right-state", "iss": here.issuer, "code": "c"})
        assert read_callback(answer, here) == "c"
        with pytest.raises(ExchangeFailed, match="another sign-in server"):
            read_callback(answer, there)


@pytest.mark.proves("K-44")
@pytest.mark.parametrize(
    "query",
    [
        "",
        "code=c",
        "state=right-state&state=right-state&code=c",
        "state=right-state&code=c&code=d",
        "state=right-state&code=%ff",
        "state=right-state&code=",
        "&".join(f"a{n}=1" for n in range(40)) + "&state=right-state&code=c",
        "state=right-state%00&code=c",
        "%ff=1",
    ],
)
def test_a_query_that_is_no_answer_does_not_end_the_wait(query: str) -> None:
    assert read_callback(query, attempt(advertised=False)) is None


@pytest.mark.proves("K-42")
def test_the_servers_own_words_are_made_fit_for_a_terminal() -> None:
    query = urlencode(
        {
            "state": "right-state",
            "error": "server_error",
            "error_description": "\x1b[2Jbad \u202eday",
        }
    )
    with pytest.raises(ExchangeFailed) as caught:
        read_callback(query, attempt(advertised=False))
    assert str(caught.value) == "The sign-in server could not sign you in: [2Jbad day"


def test_the_exchange_proves_the_attempt_and_returns_the_tokens() -> None:
    steps = exchange(f"{ISSUER}/token", attempt(), "the-code", now=0)
    tokens, script = play(steps, reply(200, {"access_token": "a1", "expires_in": 60}))
    assert tokens.access_token == "a1"
    (sent,) = script.requests
    assert dict(parse_qsl((sent.body or b"").decode())) == {
        "grant_type": "authorization_code",
        "code": "the-code",
        "redirect_uri": "http://127.0.0.1:5000/callback",
        "client_id": "acme-cli",
        "code_verifier": VERIFIER,
    }


def test_a_refused_exchange_names_the_error_and_never_the_code() -> None:
    steps = exchange(f"{ISSUER}/token", attempt(), "the-code", now=0)
    answer = reply(400, {"error": "invalid_grant", "error_description": "the-code is used"})
    with pytest.raises(ExchangeFailed, match="HTTP 400, invalid_grant") as caught:
        play(steps, answer)
    assert "the-code" not in str(caught.value)


def test_an_exchange_that_meets_an_overloaded_server_is_network_trouble() -> None:
    steps = exchange(f"{ISSUER}/token", attempt(), "the-code", now=0)
    with pytest.raises(ServerUnreachable, match="HTTP 503"):
        play(steps, reply(503))
