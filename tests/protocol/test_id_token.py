"""What an ID token has to agree with, as a truth table."""

import base64
import hashlib
import json
from typing import Any

import pytest

from keyturn.protocol.errors import ExchangeFailed
from keyturn.protocol.id_token import Expected, checked_claims, renewal_objection
from tests.protocol.test_jwt import jwt

ISSUER = "https://id.example"
HALF = base64.urlsafe_b64encode(hashlib.sha256(b"a1").digest()[:16]).rstrip(b"=").decode()
GOOD = {"iss": ISSUER, "aud": "acme", "sub": "ada", "iat": 1000, "exp": 1600, "nonce": "n"}


def token(claims: dict[str, Any], header: dict[str, Any] | None = None) -> str:
    """Return a token with these claims that nobody signed."""
    head = json.dumps({"alg": "RS256"} if header is None else header).encode()
    return ".".join(
        (
            base64.urlsafe_b64encode(head).rstrip(b"=").decode(),
            jwt({name: value for name, value in claims.items() if value is not None}).split(".")[1],
            "c2ln",
        )
    )


def expected(*, nonce: str | None = "n", now: float = 1000) -> Expected:
    return Expected(issuer=ISSUER, client_id="acme", nonce=nonce, access_token="a1", now=now)


@pytest.mark.proves("K-29", "T-12")
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"aud": ["acme"]},
        {"aud": ["acme", "api"], "azp": "acme"},
        {"azp": "acme"},
        {"at_hash": HALF},
        {"exp": 701},  # within the leeway
        {"more": {"of": "anything"}},
    ],
    ids=str,
)
def test_a_token_that_agrees_is_taken(changes: dict[str, Any]) -> None:
    assert checked_claims(token({**GOOD, **changes}), expected())["sub"] == "ada"


def test_without_a_nonce_sent_none_is_looked_for() -> None:
    assert checked_claims(token({**GOOD, "nonce": None}), expected(nonce=None))
    assert checked_claims(token(GOOD), expected(nonce=None))


@pytest.mark.proves("K-29", "T-12")
@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"iss": None}, "another issuer"),
        ({"iss": ISSUER + "/"}, "another issuer"),
        ({"iss": ISSUER.upper()}, "another issuer"),
        ({"aud": None}, "another program"),
        ({"aud": "acme2"}, "another program"),
        ({"aud": ["acme", "api"]}, "another program"),
        ({"aud": ["acme", "api"], "azp": "api"}, "another program"),
        ({"azp": "api"}, "another program"),
        ({"sub": None}, "nobody"),
        ({"sub": ["ada"]}, "nobody"),
        ({"exp": None}, "ended"),
        ({"exp": 700}, "ended"),
        ({"iat": None}, "when it was made"),
        ({"nonce": None}, "another sign-in"),
        ({"nonce": ["n"]}, "another sign-in"),
        ({"at_hash": "x"}, "another access token"),
        ({"at_hash": 7}, "another access token"),
    ],
    ids=str,
)
def test_a_token_that_disagrees_is_refused_without_being_repeated(
    changes: dict[str, Any], why: str
) -> None:
    made = token({**GOOD, **changes})
    with pytest.raises(ExchangeFailed, match=why) as caught:
        checked_claims(made, expected())
    assert "ada" not in str(caught.value)


@pytest.mark.proves("T-12")
@pytest.mark.parametrize(
    "header",
    [
        {},
        {"alg": "none"},
        {"alg": "None"},
        {"alg": "HS256"},
        {"alg": ["RS256"]},
        {"alg": "RS256", "crit": ["b64"]},
    ],
    ids=str,
)
def test_a_signature_of_the_wrong_kind_is_refused(header: dict[str, Any]) -> None:
    with pytest.raises(ExchangeFailed, match="not signed"):
        checked_claims(token(GOOD, header), expected())


def test_what_is_no_token_is_refused() -> None:
    with pytest.raises(ExchangeFailed):
        checked_claims("opaque", expected())


@pytest.mark.proves("K-29")
@pytest.mark.parametrize(
    ("changes", "subject", "why"),
    [
        ({}, "ada", None),
        ({"exp": 1, "nonce": None}, "ada", None),
        ({}, None, None),
        ({"sub": "eve"}, None, None),
        ({"sub": "eve"}, "ada", "another person"),
        ({"iss": "https://other.example"}, "ada", "another issuer"),
        ({"aud": "other"}, "ada", "another program"),
    ],
    ids=str,
)
def test_a_renewals_token_has_to_name_the_same_parties(
    changes: dict[str, Any], subject: str | None, why: str | None
) -> None:
    found = renewal_objection(
        token({**GOOD, **changes}), issuer=ISSUER, client_id="acme", subject=subject
    )
    assert (found is None) if why is None else (found is not None and why in found)


def test_a_renewals_token_that_cannot_be_read_is_not_looked_at() -> None:
    assert renewal_objection("x", issuer=ISSUER, client_id="acme", subject="ada") is None
