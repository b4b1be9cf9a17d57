"""Our JWTs, held against somebody else's implementation of RFC 7515, 7518 and 7519."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc import jwt as theirs
from joserfc.jwk import ECKey, KeySet

from keyturn.server.keys import jwt as ours

KEY = ours.SigningKey(kid="one", private=ec.generate_private_key(ec.SECP256R1()))
OTHER = ours.SigningKey(kid="two", private=ec.generate_private_key(ec.SECP256R1()))
KEYS = {"one": KEY, "two": OTHER}
THEIR_KEY = ECKey.import_key(KEY.private)
LEAVES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text()
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
CLAIMS = st.dictionaries(st.text(), VALUES, max_size=6)


def encoded(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def header_of(token: str) -> dict[str, Any]:
    head = token.partition(".")[0]
    found: dict[str, Any] = json.loads(urlsafe_b64decode(head + "=="))
    return found


@settings(deadline=None, max_examples=60)
@given(claims=CLAIMS)
def test_what_we_sign_they_read_with_the_published_keys_alone(claims: dict[str, Any]) -> None:
    token = ours.sign(claims, KEY, typ="at+jwt")
    published = KeySet([ECKey.import_key(dict(key.jwk())) for key in (OTHER, KEY)])
    read = jws.deserialize_compact(token, published, algorithms=["ES256"])
    assert json.loads(read.payload) == claims
    assert read.headers() == {"alg": "ES256", "typ": "at+jwt", "kid": "one"}


@settings(deadline=None, max_examples=60)
@given(claims=CLAIMS)
def test_what_they_sign_we_read(claims: dict[str, Any]) -> None:
    header = {"alg": "ES256", "typ": "JWT", "kid": "one"}
    token = jws.serialize_compact(header, json.dumps(claims), THEIR_KEY, algorithms=["ES256"])
    assert ours.read(token, KEYS, typ="JWT") == claims


def test_each_published_key_says_how_it_is_used_and_nothing_private() -> None:
    published = KEY.jwk()
    assert published == {
        "kty": "EC",
        "alg": "ES256",
        "crv": "P-256",
        "kid": "one",
        "x": THEIR_KEY.as_dict(private=False)["x"],
        "y": THEIR_KEY.as_dict(private=False)["y"],
    }


@pytest.mark.proves("T-12")
def test_every_single_changed_character_is_noticed() -> None:
    token = ours.sign({"sub": "ada", "exp": 4102444800}, KEY)
    for place, character in enumerate(token):
        other = "A" if character != "A" else "B"
        with pytest.raises(ours.BadToken):
            ours.read(token[:place] + other + token[place + 1 :], KEYS, typ="JWT")


@pytest.mark.proves("T-12")
def test_a_token_has_one_spelling() -> None:
    token = ours.sign({"sub": "ada"}, KEY)
    head, body, signature = token.split(".")
    for spelling in (
        f"{head}=.{body}.{signature}",
        f"{head}.{body}==.{signature}",
        f"{head}.{body}.{signature}=",
        f" {token}",
        f"{token}\n",
        f"{head}.{body}.{signature[:-1]}{_next(signature[-1])}",
        f"{head}.{body}.{encoded(b'0' + urlsafe_b64decode(signature + '=='))}",
    ):
        with pytest.raises(ours.BadToken):
            ours.read(spelling, KEYS, typ="JWT")


@pytest.mark.proves("T-12")
@pytest.mark.parametrize(
    "signature",
    [
        b"",
        b"\0" * 64,
        b"\xff" * 64,
        b"\0" * 63 + b"\1",
        b"\1" * 63,
        b"\1" * 65,
        bytes.fromhex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551") * 2,
    ],
)
def test_signatures_that_are_no_numbers_of_the_curve_are_refused(signature: bytes) -> None:
    head, body, _ = ours.sign({"sub": "ada"}, KEY).split(".")
    with pytest.raises(ours.BadToken):
        ours.read(f"{head}.{body}.{encoded(signature)}", KEYS, typ="JWT")


@pytest.mark.proves("T-12")
def test_a_deeply_nested_token_is_a_bad_token_and_no_crash() -> None:
    deep = encoded(b'{"a":' + b"[" * 3000 + b"]" * 3000 + b"}")
    for token in (f"{deep}.e30.AA", ours.sign({}, KEY).replace(".e30.", f".{deep}.")):
        with pytest.raises(ours.BadToken):
            ours.read(token, KEYS, typ="JWT")


def test_they_refuse_what_another_key_signed() -> None:
    token = ours.sign({"sub": "ada"}, OTHER)
    assert header_of(token)["kid"] == "two"
    with pytest.raises(Exception, match="key"):
        theirs.decode(token, KeySet([ECKey.import_key(dict(KEY.jwk()))]), algorithms=["ES256"])


def _next(character: str) -> str:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return alphabet[(alphabet.index(character) + 1) % 64]
