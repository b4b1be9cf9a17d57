"""Invented requests to the OAuth endpoints: refused in the one documented form, nothing given back.

The parameters are drawn from what each endpoint knows: some good, some hostile, some twice.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyturn.protocol.pkce import challenge_for
from keyturn.server.projects.rules import DEVICE_GRANT
from tests.requirements_ import rounds
from tests.server.bad_input.texts_ import MARK, encoded, raw_values
from tests.server.in_process_ import BASE_URL
from tests.server.person_ import VERIFIER, Person, authorize_path

if TYPE_CHECKING:
    import httpx2

    from tests.server.in_process_ import InProcess

_SAME = settings(
    max_examples=rounds(bounded=150, full=1500),
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
# RFC 6749 section 5.2 and appendix A.8.
DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+")
REDIRECT = "http://127.0.0.1:49152/callback"
CODES = {
    "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "invalid_scope",
    "unsupported_grant_type", "authorization_pending", "slow_down", "access_denied",
    "expired_token", "temporarily_unavailable", "invalid_token", "invalid_target",
}  # fmt: skip
GOOD: dict[str, list[str]] = {
    "grant_type": ["authorization_code", "refresh_token", DEVICE_GRANT],
    "client_id": ["keyturn-cli", "confidential", "other-cli"],
    "client_secret": ["cs_of_acme"],
    "code_verifier": [VERIFIER],
    "redirect_uri": [REDIRECT],
    "scope": ["openid", "openid profile email"],
    "host_name": ["quartz"],
    "token_type_hint": ["refresh_token"],
    "resource": [BASE_URL, "https://notes.example.com"],
}


@pytest.fixture(scope="module")
def real(shared: InProcess, person: Person) -> dict[str, list[str]]:
    """Return real codes and tokens, so that requests get further than the first check."""
    person.open(authorize_path())
    answer = person.press("/cli/decide", decision="approve", follow=False)
    code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
    form = {
        "grant_type": "authorization_code",
        "client_id": "keyturn-cli",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    tokens = shared.post("/oauth/token", data=form).json()
    started = shared.post("/oauth/device_authorization", data={"client_id": "keyturn-cli"}).json()
    held = [tokens["refresh_token"], tokens["access_token"], started["device_code"], code]
    return {"refresh_token": held, "device_code": held, "code": held, "token": held}


def parameters(known: dict[str, list[str]]) -> st.SearchStrategy[list[tuple[str, bytes]]]:
    """Return forms of known names with good, hostile and doubled values, and unknown names."""
    names = sorted(known)
    good = st.sampled_from(names).flatmap(
        lambda name: st.tuples(
            st.just(name), st.sampled_from(known[name]).map(lambda value: value.encode())
        )
    )
    hostile = st.tuples(st.sampled_from([*names, MARK, "", "audience"]), raw_values)
    return st.lists(good | good | hostile, max_size=9)


def documented_refusal(answer: httpx2.Response) -> None:
    found = answer.json()
    assert set(found) == {"error", "error_description"}
    assert found["error"] in CODES
    assert DESCRIPTION.fullmatch(found["error_description"])
    assert answer.status_code in (400, 401, 413, 429)
    assert ("www-authenticate" in answer.headers) <= (answer.status_code == 401)


def careful(answer: httpx2.Response) -> None:
    """Check what every answer of these endpoints owes."""
    assert answer.status_code < 500, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "location" not in answer.headers
    assert "set-cookie" not in answer.headers
    assert MARK[:4] not in answer.text
    assert MARK[:4] not in str(answer.headers)
    if answer.status_code != 200:
        documented_refusal(answer)


@pytest.mark.proves("S-20", "T-14")
@pytest.mark.parametrize(
    "path",
    ["/oauth/token", "/oauth/device_authorization", "/oauth/revoke", "/oauth/introspect"],
)
def test_whatever_is_posted_is_answered_by_the_book_and_nothing_is_given_back(
    shared: InProcess, real: dict[str, list[str]], path: str
) -> None:
    @_SAME
    @given(form=parameters(GOOD | real), junk=st.binary(max_size=3))
    def ask(form: list[tuple[str, bytes]], junk: bytes) -> None:
        body = encoded(form) + (b"&" + junk if junk.endswith(b"\xff") else b"")
        kind = "application/x-www-form-urlencoded"
        careful(shared.post(path, content=body, headers={"content-type": kind}))

    ask()


HEADERS = st.sampled_from([b"authorization", b"Authorization", b"prefer", b"content-type"])
SCHEMES = st.sampled_from([b"Basic ", b"Bearer ", b"basic\t", b"DPoP ", b"", b"Basic  ", b"wait="])
LATIN = st.binary(max_size=60).map(lambda found: bytes(b for b in found if b not in b"\0\r\n"))


@pytest.mark.proves("S-20", "T-14")
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/oauth/userinfo", "/oauth/token", "/oauth/revoke", "/oauth/ack"])
def test_no_header_is_too_odd(shared: InProcess, path: str, method: str) -> None:
    @settings(_SAME, max_examples=rounds(bounded=60, full=600))
    @given(headers=st.lists(st.tuples(HEADERS, SCHEMES, LATIN), max_size=4))
    def ask(headers: list[tuple[bytes, bytes, bytes]]) -> None:
        sent = [(name, scheme + MARK.encode() + rest) for name, scheme, rest in headers]
        answer = shared.request(method, path, headers=sent)
        assert answer.status_code in (400, 401, 405)
        assert MARK[:4] not in answer.text
        assert MARK[:4] not in str(answer.headers)
        assert answer.headers["cache-control"] == "no-store"
        assert DESCRIPTION.fullmatch(answer.json()["error_description"])

    ask()


ASKED: dict[str, list[str]] = {
    "response_type": ["code"],
    "client_id": ["keyturn-cli"],
    "redirect_uri": [REDIRECT],
    "state": ["s" * 20],
    "scope": ["openid profile"],
    "resource": [BASE_URL, BASE_URL + "/"],
    "code_challenge": [challenge_for(VERIFIER)],
    "code_challenge_method": ["S256"],
    "prompt": ["none", "login", "consent"],
    "response_mode": ["query", "fragment"],
    "request": ["x"],
    "host_name": ["quartz"],
    "login_hint": ["ada@example.com"],
    "nonce": ["n"],
    "max_age": ["0", "3600", "-1", "x"],
    "id_token_hint": ["x", "a.b.c"],
    "claims": ['{"userinfo": {"email": null}}', '{"id_token": {"sub": {"value": "x"}}}', "[]", "{"],
    "acr_values": ["0"],
    "ui_locales": ["de"],
    "display": ["page", "popup"],
}
# Left out of what a request begins with: each is a mistake by itself.
MISTAKES = {"request", "id_token_hint", "claims"}


@pytest.mark.proves("S-20", "S-22", "T-8", "T-14")
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("is_signed_in", [False, True], ids=["stranger", "signed in"])
def test_an_authorization_request_ends_at_our_pages_or_at_the_registered_address(
    shared: InProcess, person: Person, is_signed_in: bool, method: str
) -> None:
    cookies = person.cookie_header() if is_signed_in else {}
    base = [(name, values[0].encode()) for name, values in ASKED.items() if name not in MISTAKES]

    @_SAME
    @given(
        kept=st.sets(st.sampled_from([name for name, _ in base]), min_size=6),
        added=parameters(ASKED),
    )
    def ask(kept: set[str], added: list[tuple[str, bytes]]) -> None:
        query = encoded([(n, v) for n, v in base if n in kept] + added).decode()
        answer = authorization(shared, method, query, cookies)
        assert answer.status_code in (200, 303, 400), answer.text
        assert "<b>" not in answer.text
        if answer.status_code == 303:
            follows_the_rules(answer)
        else:
            is_page(answer)

    ask()


def authorization(
    server: InProcess, method: str, query: str, headers: dict[str, str]
) -> httpx2.Response:
    if method == "GET":
        return server.get(f"/oauth/authorize?{query}", headers=headers)
    kind = {"content-type": "application/x-www-form-urlencoded"}
    answer = server.post("/oauth/authorize", content=query, headers=headers | kind)
    if answer.headers.get("location", "").startswith("/oauth/authorize?"):
        return server.get(answer.headers["location"], headers=headers)
    return answer


def follows_the_rules(answer: httpx2.Response) -> None:
    target = answer.headers["location"]
    if target.startswith("/sign-in?continue=%2Foauth%2Fauthorize%3F"):
        return
    assert target.startswith(REDIRECT + "?")
    query: dict[str, Any] = parse_qs(target.removeprefix(REDIRECT + "?"), strict_parsing=True)
    assert set(query) <= {"error", "error_description", "state", "iss"}
    assert DESCRIPTION.fullmatch(query["error_description"][0])
    assert MARK[:4] not in query["error_description"][0]
    assert answer.headers["cache-control"] == "no-store"


def is_page(answer: httpx2.Response) -> None:
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


@pytest.mark.proves("S-5")
def test_the_authorization_endpoint_lets_no_other_origin_read_it(
    shared: InProcess, person: Person
) -> None:
    headers = {**person.cookie_header(), "origin": "https://evil.example"}
    for method in ("GET", "OPTIONS", "POST"):
        answer = shared.request(method, authorize_path(), headers=headers)
        assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert shared.get(f"/oauth/authorize?{quote('é' * 3)}").status_code == 400
