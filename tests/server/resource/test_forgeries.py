"""The forgery table, at the door of an API: whatever is presented, only the real thing opens it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey

from keyturn.server.resource import InvalidToken, KeysUnavailable, read_keys, verify_access_token
from keyturn.server.resource.keys import LARGEST_KEY_SET
from tests.server.resource.tokens_ import (
    API,
    FORGERIES,
    ISSUER,
    KEY,
    NOW,
    OTHER,
    RSA,
    key_set,
    token,
)

KEYS = read_keys(key_set())
AT = datetime.fromtimestamp(NOW, UTC)


def check(text: str, **changes: Any) -> Any:
    """Check a token with the issuer's keys, at the tests' instant."""
    return verify_access_token(
        text, KEYS, **{"issuer": ISSUER, "audience": API, "now": AT, **changes}
    )


def test_a_good_token_says_who_may_do_what_and_until_when() -> None:
    found = check(token())
    assert (found.subject, found.client_id) == ("ada", "acme-cli")
    assert found.scope == {"notes.read", "notes.write"}
    assert found.expires_at == datetime.fromtimestamp(NOW + 600, UTC)
    assert "ada" not in repr(found).replace("subject='ada'", "")
    assert check(token(OTHER, {"kid": "two"}, aud=[API, ISSUER], nbf=NOW, scope=...)).scope == set()


@pytest.mark.proves("T-12")
@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_token_opens_nothing_and_its_error_quotes_none_of_it(name: str) -> None:
    forged = FORGERIES[name]()
    with pytest.raises(InvalidToken) as refusal:
        check(forged)
    assert not forged or forged[:40] not in str(refusal.value)
    assert refusal.value.__cause__ is None


@pytest.mark.proves("T-12")
def test_clocks_may_differ_by_the_leeway_and_no_more() -> None:
    assert check(token(exp=NOW - 29))
    assert check(token(iat=NOW + 30, nbf=NOW + 30))
    for late in (token(exp=NOW), token(iat=NOW + 1)):
        with pytest.raises(InvalidToken):
            check(late, leeway_seconds=0)
    for wrong in (
        {"leeway_seconds": 121},
        {"leeway_seconds": -1},
        {"now": AT.replace(tzinfo=None)},
    ):
        with pytest.raises(ValueError, match="aware"):
            check(token(), **wrong)


@pytest.mark.proves("T-12")
def test_only_public_es256_keys_of_a_key_set_are_taken() -> None:
    good = KEY.as_dict(private=False)
    listed = [
        good,
        {**OctKey.import_key(b"x" * 32).as_dict(), "kid": "symmetric"},
        {**RSA.as_dict(private=False), "kid": "rsa"},
        {**ECKey.generate_key("P-384").as_dict(private=False), "kid": "larger"},
        {**OTHER.as_dict(private=True), "kid": "private"},
        {**good, "kid": "encrypts", "use": "enc"},
        {**good, "kid": "other-alg", "alg": "ES384"},
        {**good, "kid": "off the curve", "x": "AA"},
        {**good, "kid": "no text", "x": 5},
        {**good, "kid": ["one"]},
        {**good, "kid": "x" * 129},
        {**good, "kid": "twice"},
        {**OTHER.as_dict(private=False), "kid": "twice"},
        "no key",
        None,
    ]
    assert set(read_keys(json.dumps({"keys": listed}).encode())) == {"one"}


@pytest.mark.proves("T-15")
@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"keys": {}}',
        b"[" * 60_000,
        b'{"keys": [' + b"1," * 100 + b"1]}",
        b'{"keys": []}' + b" " * LARGEST_KEY_SET,
    ],
)
def test_what_is_no_key_set_gives_no_keys(document: bytes) -> None:
    with pytest.raises(KeysUnavailable):
        read_keys(document)
