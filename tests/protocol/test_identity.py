"""Whose session it is: every source, and what must not be believed."""

import pytest

from keyturn.protocol.errors import ExchangeFailed
from keyturn.protocol.identity import (
    account_from,
    account_from_id_token,
    account_from_reply,
    introspection_request,
    userinfo_request,
)
from keyturn.protocol.tokens import Account
from tests.protocol.flow_ import reply
from tests.protocol.test_jwt import jwt

ISSUER = "https://id.example"


@pytest.mark.proves("K-1b")
def test_an_id_token_names_the_account() -> None:
    claims = {"iss": ISSUER, "aud": "acme-cli", "sub": "u1", "email": "ada@example.com"}
    found = account_from_id_token(jwt(claims), issuer=ISSUER, client_id="acme-cli")
    assert found == Account(id="u1", email="ada@example.com")
    listed = jwt({**claims, "aud": ["other", "acme-cli"], "name": "Ada"})
    found = account_from_id_token(listed, issuer=ISSUER, client_id="acme-cli")
    assert found == Account(id="u1", email="ada@example.com", label="Ada")


@pytest.mark.proves("T-5")
@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example", "aud": "acme-cli", "sub": "u1"},
        {"iss": ISSUER, "aud": "other", "sub": "u1"},
        {"iss": ISSUER, "aud": ["other"], "sub": "u1"},
        {"iss": ISSUER, "sub": "u1"},
        {"aud": "acme-cli", "sub": "u1"},
    ],
)
def test_an_id_token_of_another_issuer_or_for_another_client_is_refused(
    claims: dict[str, object],
) -> None:
    with pytest.raises(ExchangeFailed, match="another program or issuer"):
        account_from_id_token(jwt(claims), issuer=ISSUER, client_id="acme-cli")


@pytest.mark.parametrize("token", [None, "opaque", "e30.e30.x"])
def test_without_a_readable_id_token_nobody_is_named(token: str | None) -> None:
    assert account_from_id_token(token, issuer=ISSUER, client_id="acme-cli") is None


@pytest.mark.parametrize(
    ("claims", "account"),
    [
        ({"sub": "u1"}, Account(id="u1")),
        ({"sub": "u1", "email": "", "name": "\x1b"}, Account(id="u1")),
        ({"sub": "u1", "username": "ada"}, Account(id="u1", label="ada")),
        ({"sub": "u1", "name": "A\u202eda\n"}, Account(id="u1", label="Ada")),
        ({"sub": "u1", "email": 7, "name": ["x"]}, Account(id="u1")),
        (
            {"id": "u2", "primary_email": "a@b.example", "display_name": "Ada"},
            Account(id="u2", email="a@b.example", label="Ada"),
        ),
        ({"sub": "", "id": "u2"}, Account(id="u2")),
        ({"sub": "u\n1"}, None),
        ({"sub": 7}, None),
        ({"active": False}, None),
        ({}, None),
    ],
)
@pytest.mark.proves("K-1b", "K-42")
def test_an_account_is_read_and_made_fit_to_print(
    claims: dict[str, object], account: Account | None
) -> None:
    assert account_from(claims) == account


def test_only_a_good_answer_names_somebody() -> None:
    assert account_from_reply(reply(200, {"sub": "u1"})) == Account(id="u1")
    assert account_from_reply(reply(403, {"sub": "u1"})) is None
    assert account_from_reply(reply(200)) is None


def test_the_token_travels_in_a_header_or_a_form_and_never_in_a_url() -> None:
    asked = userinfo_request(f"{ISSUER}/userinfo", "a1")
    assert asked.headers["Authorization"] == "Bearer a1"
    looked = introspection_request(f"{ISSUER}/introspect", client_id="acme-cli", access_token="a1")
    assert looked.body == b"token=a1&client_id=acme-cli"
    assert "a1" not in asked.url + looked.url
