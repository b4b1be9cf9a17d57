"""The token goes to one origin and nowhere else, whatever leads a request there."""

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool

from tests.client.adapters.ways_ import Api, Way
from tests.client.machine_ import Machine
from tests.issuers_.issuer_ import Issuer


@pytest.mark.proves("K-80")
def test_the_configured_origin_gets_the_token_on_every_path(
    ask: Way, issuer: Issuer, machine: Machine, api: Api
) -> None:
    session, _ = machine.signed_in(issuer)
    seen = ask(machine.auth(issuer), f"{api.url}/a", f"{api.url}/b?c=d", origin=f"{api.url}/v1")
    assert seen.status == 200
    assert api.tokens() == [session.access_token] * 2
    assert issuer.asked == []


@pytest.mark.proves("K-80")
def test_another_port_and_another_name_of_the_same_port_get_nothing(
    ask: Way, issuer: Issuer, machine: Machine, api: Api, elsewhere: Api
) -> None:
    machine.signed_in(issuer, due=True)
    auth = machine.auth(issuer)
    seen = ask(auth, f"{elsewhere.url}/a", f"{api.other_name}/a", origin=api.url)
    assert seen.status == 401
    assert (elsewhere.tokens(), api.tokens()) == ([None], [None])
    assert issuer.asked == []  # Their 401 is no reason to renew anything.


@pytest.mark.proves("K-80")
def test_left_out_the_origin_is_the_sign_in_servers_own(
    ask: Way, issuer: Issuer, machine: Machine, api: Api
) -> None:
    machine.signed_in(issuer)
    seen = ask(machine.auth(issuer), f"{api.url}/a", f"{issuer.url}/oauth/userinfo")
    assert "ada@example.com" in seen.body
    assert api.tokens() == [None]


@pytest.mark.proves("K-80")
def test_a_redirect_within_the_origin_keeps_the_token(
    ask: Way, issuer: Issuer, machine: Machine, api: Api
) -> None:
    session, _ = machine.signed_in(issuer)
    api.redirects = {"/old": "/new", "/new": f"{api.url}/newest"}
    assert ask(machine.auth(issuer), f"{api.url}/old", origin=api.url).status == 200
    assert api.tokens() == [session.access_token] * 3


@pytest.mark.proves("K-80")
@pytest.mark.parametrize("way_back", [False, True], ids=["away", "there and back"])
@pytest.mark.parametrize("by", ["port", "name"])
def test_a_redirect_to_another_origin_drops_the_token_for_good(
    ask: Way, issuer: Issuer, machine: Machine, api: Api, elsewhere: Api, by: str, way_back: bool
) -> None:
    session, _ = machine.signed_in(issuer)
    other = elsewhere if by == "port" else api
    target = elsewhere.url if by == "port" else api.other_name
    api.redirects = {"/old": f"{target}/new"}
    if way_back:
        other.redirects["/new"] = f"{api.url}/newest"
    seen = ask(machine.auth(issuer), f"{api.url}/old", origin=api.url)
    assert seen.status == 401
    assert api.tokens()[0] == session.access_token
    assert {*api.tokens()[1:], *elsewhere.tokens()} == {None}
    assert issuer.asked == []


@pytest.mark.proves("K-80")
def test_a_redirect_that_leads_in_from_elsewhere_is_not_given_the_token(
    ask: Way, issuer: Issuer, machine: Machine, api: Api, elsewhere: Api
) -> None:
    machine.signed_in(issuer)
    elsewhere.redirects = {"/link": f"{api.url}/delete-everything"}
    ask(machine.auth(issuer), f"{elsewhere.url}/link", origin=api.url)
    assert api.tokens() == [None]


@pytest.mark.proves("K-80")
@pytest.mark.parametrize(
    "origin",
    [
        "http://api.acme.dev",
        "api.acme.dev",
        "",
        "ftp://127.0.0.1",
        "https://",
        "https://bücher.example",
    ],
)
def test_what_is_no_origin_or_not_protected_is_refused_at_once(
    machine: Machine, issuer: Issuer, origin: str
) -> None:
    auth = machine.auth(issuer)
    for make in (auth.httpx, auth.requests):
        with pytest.raises(ValueError, match=r"no http or https origin|not protected by TLS"):
            make(origin=origin)


@pytest.mark.parametrize(
    ("origin", "shown"),
    [
        ("https://API.acme.dev:443/v1?x=y", "https://api.acme.dev"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://localhost", "http://localhost"),
        ("https://user:secret@api.acme.dev", "https://api.acme.dev"),
    ],
)
def test_an_origin_is_compared_without_its_path_case_and_usual_port(
    machine: Machine, issuer: Issuer, origin: str, shown: str
) -> None:
    auth = machine.auth(issuer)
    assert repr(auth.requests(origin=origin)) == f"RequestsAuth(<tokens of acme for {shown}>)"
    assert repr(auth.httpx(origin=origin)) == f"HttpxAuth(<tokens of acme for {shown}>)"


def test_verbose_says_why_a_request_carried_no_token(
    ask: Way, issuer: Issuer, machine: Machine, api: Api
) -> None:
    machine.signed_in(issuer)
    ask(machine.auth(issuer), f"{api.url}/a?secret=1")
    assert machine.traced == [f"no token on a request elsewhere than {issuer.url}"]


class Led(HTTPAdapter):
    """Sends whatever it gets to a port of this computer, as the usual ports need root."""

    def __init__(self, api: Api) -> None:
        super().__init__()
        self._url = api.url

    def get_connection_with_tls_context(self, *what: object, **how: object) -> HTTPConnectionPool:
        return self.poolmanager.connection_from_url(self._url)


@pytest.mark.proves("K-80")
def test_from_http_to_https_is_another_origin_too_although_requests_thinks_otherwise(
    issuer: Issuer, machine: Machine, api: Api, elsewhere: Api
) -> None:
    session, _ = machine.signed_in(issuer)
    api.redirects = {"/old": "https://localhost/new"}
    with requests.Session() as http:
        http.mount("http://localhost/", Led(api))
        http.mount("https://localhost/", Led(elsewhere))
        http.auth = machine.auth(issuer).requests(origin="http://localhost")
        http.get("http://localhost/old")
    assert (api.tokens(), elsewhere.tokens()) == ([session.access_token], [None])
