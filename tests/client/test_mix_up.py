"""Two issuers, one of them evil: whose code goes where (RFC 9207, RFC 9700 section 4.4)."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from keyturn.protocol.errors import ExchangeFailed
from tests.client.machine_ import Machine
from tests.client.test_login import Events, get
from tests.issuers_.http_ import Answer, Asked
from tests.issuers_.openid_ import OpenIssuer

pytestmark = pytest.mark.proves("K-43", "T-5")


@pytest.fixture
def honest() -> Iterator[OpenIssuer]:
    """Yield the server whose codes somebody is after."""
    with OpenIssuer() as running:
        yield running


@pytest.fixture
def evil() -> Iterator[OpenIssuer]:
    """Yield the server that a person was talked into signing in to."""
    with OpenIssuer() as running:
        yield running


def follow(url: str) -> None:
    """Be a browser in which everybody is signed in everywhere already."""
    for _ in range(4):
        _, url = get(url)
        if not url:
            return


@pytest.mark.parametrize(
    ("honest_names_itself", "evil_promises_to"), [(True, True), (True, False), (False, True)]
)
def test_a_code_of_another_issuer_is_sent_nowhere(
    honest: OpenIssuer,
    evil: OpenIssuer,
    machine: Machine,
    honest_names_itself: bool,
    evil_promises_to: bool,
) -> None:
    honest.clients["acme-cli"] = {
        "client_id": "acme-cli",
        "redirect_uris": ["http://127.0.0.1/callback"],
        "token_endpoint_auth_method": "none",
    }
    evil.extra_metadata = {"authorization_response_iss_parameter_supported": evil_promises_to}
    usual = honest.routes["/oauth/authorize"]

    def on_to_the_honest_one(asked: Asked) -> Answer:
        query = {**asked.query, "client_id": "acme-cli"}
        return Answer(302, b"", {"Location": f"{honest.url}/oauth/authorize?{urlencode(query)}"})

    def without_a_name(asked: Asked) -> Answer:
        answer = usual(asked)
        back = answer.headers["Location"]
        return Answer(302, b"", {"Location": back.replace("&iss=", "&was=")})

    evil.routes["/oauth/authorize"] = on_to_the_honest_one
    if not honest_names_itself:
        honest.routes["/oauth/authorize"] = without_a_name
    auth = machine.auth(evil, client_id=None)
    with pytest.raises(ExchangeFailed, match="another sign-in server"):
        auth.login(method="loopback", on_event=Events(follow))
    assert honest.codes  # It was made, and nobody has redeemed it ...
    assert not any("code" in form for form in evil.token_requests())  # ... or been shown it.
    assert auth.session() is None


@pytest.mark.parametrize("field", ["code", "state"])
def test_what_was_caught_at_one_sign_in_is_worth_nothing_at_another(
    honest: OpenIssuer, machine: Machine, field: str
) -> None:
    auth = machine.auth(honest, client_id=None)
    caught: list[str] = []

    def look(url: str) -> None:
        _, back = get(url)
        caught.append(back)
        get(back)

    auth.login(method="loopback", on_event=Events(look))
    old = parse_qs(urlsplit(caught[0]).query)

    def inject(url: str) -> None:
        _, back = get(url)
        parts = urlsplit(back)
        fresh = {name: values[0] for name, values in parse_qs(parts.query).items()}
        status, _ = get(parts._replace(query=urlencode({**fresh, field: old[field][0]})).geturl())
        statuses.append(status)
        if field == "state":
            get(back)

    statuses: list[int] = []
    if field == "state":  # Turned away, and the wait goes on.
        auth.login(method="loopback", force=True, on_event=Events(inject))
        assert statuses == [400]
    else:  # PKCE: the code belongs to another verifier.
        with pytest.raises(ExchangeFailed):
            auth.login(method="loopback", force=True, on_event=Events(inject))
        assert auth.token()


def test_sessions_of_two_issuers_in_one_home_are_never_sent_to_the_other(
    honest: OpenIssuer, evil: OpenIssuer, machine: Machine
) -> None:
    for server in (honest, evil):
        machine.auth(server, client_id=None).login(method="device")
        machine.auth(server, client_id=None).refresh()
    for server, other in ((honest, evil), (evil, honest)):
        sent = str([(asked.headers, asked.body) for asked in other.asked])
        assert not any(secret in sent for secret in server.secrets())
