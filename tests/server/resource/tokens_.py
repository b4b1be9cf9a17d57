"""An issuer of the tests' own: keys, good tokens, and every way we know to forge one."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

from joserfc import jwe, jws
from joserfc.jwk import ECKey, RSAKey

from keyturn.server.keys.jwt import Key

ISSUER, API = "https://id.example.com", "https://notes.example.com/mcp"
NOW = 1_795_000_000
KEY, OTHER = (ECKey.generate_key("P-256", {"kid": kid}) for kid in ("one", "two"))
STRANGER = ECKey.generate_key("P-256", {"kid": "one"})
RSA = RSAKey.generate_key(2048, {"kid": "one"})
HEADER: dict[str, Any] = {"alg": "ES256", "typ": "at+jwt", "kid": "one"}
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": API,
    "sub": "ada",
    "client_id": "acme-cli",
    "scope": "notes.read notes.write",
    "iat": NOW,
    "exp": NOW + 600,
    "jti": "1",
}


def key_set(*keys: ECKey) -> bytes:
    """Return the public halves as a JWK Set."""
    return json.dumps({"keys": [k.as_dict(private=False) for k in keys or (KEY, OTHER)]}).encode()


def of_server(key: Key) -> ECKey:
    """Return a server's signing key as one that these functions sign with."""
    return ECKey.import_key(key.private, {"kid": key.kid})


def part(value: Any) -> str:
    """Return the base64url of bytes, or of JSON."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(head: bytes | dict[str, Any], body: bytes | dict[str, Any], key: ECKey = KEY) -> str:
    """Sign whatever stands in head and body, right or wrong."""
    text = f"{part(head)}.{part(body)}"
    # The library writes a signature over exactly these bytes when it is told they are the payload.
    model = jws.JWSRegistry.algorithms["ES256"]
    return f"{text}.{part(model.sign(text.encode(), key))}"


def token(key: ECKey = KEY, header: dict[str, Any] | None = None, /, **claims: Any) -> str:
    """Return a good token, with claims changed or (``...``) left out."""
    changed = {n: v for n, v in {**CLAIMS, **claims}.items() if v is not ...}
    return signed({**HEADER, **(header or {})}, changed, key)


def headed(**changes: Any) -> str:
    """Sign a header of one's own with the right key."""
    return signed({n: v for n, v in {**HEADER, **changes}.items() if v is not ...}, CLAIMS)


def _macced(secret: bytes, **header: Any) -> str:
    """Sign with a shared secret, by hand: the library would refuse such keys."""
    text = f"{part({**HEADER, 'alg': 'HS256', **header})}.{part(CLAIMS)}"
    return f"{text}.{part(hmac.digest(secret, text.encode(), 'sha256'))}"


def _nested() -> str:
    return signed({**HEADER, "cty": "JWT"}, token().encode())


def _encrypted() -> str:
    protected = {"alg": "ECDH-ES", "enc": "A128GCM", "kid": "one"}
    return jwe.encrypt_compact(protected, token(), KEY)


def _own_key() -> str:
    return token(STRANGER, {"jwk": STRANGER.as_dict(private=False)})


def _unencoded() -> str:
    """RFC 7797: the payload not encoded, as ``crit`` demands."""
    head = part({**HEADER, "b64": False, "crit": ["b64"]})
    model = jws.JWSRegistry.algorithms["ES256"]
    return f"{head}.x.{part(model.sign(f'{head}.x'.encode(), KEY))}"


def _der() -> str:
    """A signature in DER, as some libraries take it."""
    text = token().rpartition(".")[0]
    return f"{text}.{part(bytes.fromhex('3006020101020101'))}"


FORGERIES: dict[str, Callable[[], str]] = {
    "alg none": lambda: f"{part({**HEADER, 'alg': 'none'})}.{part(CLAIMS)}.",
    "alg None, signed": lambda: headed(alg="None"),
    "alg nOnE": lambda: f"{part({**HEADER, 'alg': 'nOnE'})}.{part(CLAIMS)}.",
    "alg missing": lambda: headed(alg=...),
    "alg a list": lambda: headed(alg=["ES256"]),
    "alg es256": lambda: headed(alg="es256"),
    "alg ES384": lambda: headed(alg="ES384"),
    "alg HS256 with the public key": lambda: _macced(KEY.as_pem(private=False)),
    "alg HS256 with the public JWK": lambda: _macced(key_set(KEY)),
    "alg HS256 with an empty key": lambda: _macced(b""),
    "alg HS256 with an empty key and no kid": lambda: _macced(b"", kid=""),
    "alg RS256": lambda: jws.serialize_compact(
        {**HEADER, "alg": "RS256"}, json.dumps(CLAIMS), RSA, algorithms=["RS256"]
    ),
    "no signature": lambda: token().rpartition(".")[0] + ".",
    "an all-zero signature": lambda: f"{token().rpartition('.')[0]}.{part(bytes(64))}",
    "a DER signature": _der,
    "another key of that kid": lambda: token(STRANGER),
    "the other key": lambda: token(OTHER),
    "jwk": _own_key,
    "jwk beside the right key": lambda: headed(jwk=KEY.as_dict(private=False)),
    "jku": lambda: headed(jku="https://evil.example/keys"),
    "x5u": lambda: headed(x5u="https://evil.example/x5u"),
    "x5c": lambda: headed(x5c=["MIIB"]),
    "crit": lambda: headed(crit=["exp"], exp=1),
    "crit empty": lambda: headed(crit=[]),
    "b64": _unencoded,
    "kid unknown": lambda: headed(kid="three"),
    "kid empty": lambda: headed(kid=""),
    "kid missing": lambda: headed(kid=...),
    "kid a list": lambda: headed(kid=["one"]),
    "kid a number": lambda: headed(kid=1),
    "kid null": lambda: headed(kid=None),
    "kid a path": lambda: headed(kid="../../dev/null"),
    "kid SQL": lambda: headed(kid="one' OR '1'='1"),
    "kid with NUL": lambda: headed(kid="one\x00"),
    "kid a URL": lambda: headed(kid="https://evil.example/keys#one"),
    "typ JWT": lambda: headed(typ="JWT"),
    "typ missing": lambda: headed(typ=...),
    "typ of an id token": lambda: headed(typ="id_token+jwt"),
    "typ a list": lambda: headed(typ=["at+jwt"]),
    "cty": lambda: headed(cty="JWT"),
    "zip": lambda: headed(zip="DEF"),
    "a header member twice": lambda: signed(
        b'{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"one"}', CLAIMS
    ),
    "a claim twice": lambda: signed(
        HEADER, json.dumps(CLAIMS).replace('"sub"', '"sub": "eve", "sub"').encode()
    ),
    "nested": _nested,
    "encrypted": _encrypted,
    "JSON serialization": lambda: json.dumps({"payload": token()}),
    "oversize": lambda: token(x="x" * 9000),
    "a header too large": lambda: headed(typ="at+jwt" + "x" * 600),
    "oversize, no dots": lambda: "x" * 1_000_000,
    "dots only": lambda: "." * 1_000_000,
    "empty": lambda: "",
    "two dots": lambda: "..",
    "deep JSON": lambda: signed(HEADER, b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}"),
    "claims a list": lambda: signed(HEADER, b"[]"),
    "claims not UTF-8": lambda: signed(HEADER, b'{"sub":"\xff"}'),
    "padding": lambda: token() + "=",
    "white space": lambda: token() + "\n",
    "another alphabet": lambda: token().replace("-", "+").replace("_", "/") + "+/",
    "a second spelling of the signature": lambda: _respelled(token()),
    "a part more": lambda: token() + ".x",
    "not ASCII": lambda: "é" + token(),
    "iss another": lambda: token(iss="https://evil.example"),
    "iss with a slash": lambda: token(iss=ISSUER + "/"),
    "iss a prefix": lambda: token(iss=ISSUER[:-1]),
    "iss longer": lambda: token(iss=ISSUER + ".evil.example"),
    "iss a list": lambda: token(iss=[ISSUER]),
    "iss missing": lambda: token(iss=...),
    "aud another": lambda: token(aud="https://other.example"),
    "aud the issuer": lambda: token(aud=ISSUER),
    "aud a prefix": lambda: token(aud=API[:-1]),
    "aud longer": lambda: token(aud=API + "/x"),
    "aud holds it as text": lambda: token(aud=f"x {API}"),
    "aud an object": lambda: token(aud={API: True}),
    "aud missing": lambda: token(aud=...),
    "aud an empty list": lambda: token(aud=[]),
    "exp over": lambda: token(exp=NOW - 31),
    "exp just over, with the leeway": lambda: token(exp=NOW - 30),
    "exp missing": lambda: token(exp=...),
    "exp text": lambda: token(exp=str(NOW + 600)),
    "exp true": lambda: token(exp=True),
    "exp without end": lambda: signed(
        HEADER, json.dumps(CLAIMS).replace(str(NOW + 600), "Infinity").encode()
    ),
    "exp 1e400": lambda: signed(
        HEADER, json.dumps(CLAIMS).replace(str(NOW + 600), "1e400").encode()
    ),
    "exp after all years": lambda: token(exp=10**30),
    "exp NaN": lambda: signed(HEADER, json.dumps(CLAIMS).replace(str(NOW + 600), "NaN").encode()),
    "iat in the future": lambda: token(iat=NOW + 31),
    "iat missing": lambda: token(iat=...),
    "nbf in the future": lambda: token(nbf=NOW + 31),
    "nbf text": lambda: token(nbf="soon"),
    "sub missing": lambda: token(sub=...),
    "sub a number": lambda: token(sub=1),
    "client_id missing": lambda: token(client_id=...),
    "scope a list": lambda: token(scope=["notes.read"]),
}


def _respelled(text: str) -> str:
    """Change the unused bits of the last character: the same bytes, another text."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + alphabet[alphabet.index(text[-1]) ^ 1]
