"""The fake authorization server with the manners of OpenID Connect: it registers and signs.

Clients have to be registered and to prove themselves as it told them to; redirect addresses are
compared as a whole, or without their port; ID tokens are signed, unless a test wants otherwise.
"""

import base64
import hashlib
import json
import secrets
import time
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from joserfc import jws
from joserfc.jwk import ECKey, Key, RSAKey

from tests.issuers_.certificates_ import Certificate
from tests.issuers_.http_ import Answer, Asked, as_json
from tests.issuers_.issuer_ import Issuer


@cache
def rsa_key(kid: str) -> RSAKey:
    """Return an RSA key; made once, since making one takes a while."""
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


@cache
def ec_key(kid: str) -> ECKey:
    """Return a P-256 key."""
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig"})


class OpenIssuer(Issuer):
    """Adds registration, client authentication, ID tokens and their keys.

    Attributes:
        clients: What is registered: client id to metadata as registered.
        any_port: Whether loopback redirects are taken on any port.
        method: The ``token_endpoint_auth_method`` it insists on; ``None``: the one asked for.
        extra_registration: Overrides members of every registration answer.
        key, algorithm: What ID tokens are signed with.
        header: The rest of their header; ``kid`` follows from the key where it is ``None``.
        public: The keys it shows.
        extra_claims: Overrides claims of every ID token; ``None`` removes one.
        on_refresh: The same for ID tokens that come with a refresh.
        spoil: Whether signatures are made wrong.
    """

    def __init__(self, *, certificate: Certificate | None = None) -> None:
        super().__init__(certificate=certificate)
        self.clients: dict[str, dict[str, Any]] = {}
        self.any_port = True
        self.method: str | None = None
        self.extra_registration: dict[str, object] = {}
        self.key: Key = rsa_key("one")
        self.algorithm = "RS256"
        self.header: dict[str, Any] | None = None
        self.public: list[Key] = [self.key]
        self.extra_claims: dict[str, object] = {}
        self.on_refresh: dict[str, object] = {}
        self.spoil = False
        self.routes |= {
            "/oauth/register": self._register,
            "/oauth/jwks": lambda asked: as_json(
                {"keys": [key.as_dict(private=False) for key in self.public]}
            ),
        }

    def metadata(self) -> dict[str, Any]:
        """Return the metadata, with what is more here."""
        more = {
            "registration_endpoint": f"{self.url}/oauth/register",
            "jwks_uri": f"{self.url}/oauth/jwks",
            "token_endpoint_auth_methods_supported": [
                "none",
                "client_secret_basic",
                "client_secret_post",
            ],
        }
        whole = more | super().metadata()
        return {n: v for n, v in (whole | self.extra_metadata).items() if v is not None}

    def secrets(self) -> list[str]:
        """Return what may be seen nowhere, client secrets included."""
        own = [c["client_secret"] for c in self.clients.values() if "client_secret" in c]
        return [*super().secrets(), *own]

    def id_token(self, family_claims: dict[str, object]) -> str:
        """Sign an ID token, or do what a test wants instead."""
        now = int(time.time())  # noqa: TID251 - a server's own clock
        claims = {"iss": self.url, "iat": now, "exp": now + 600} | family_claims
        claims = {n: v for n, v in claims.items() if v is not None}
        header = {"kid": self.key.kid} if self.header is None else self.header
        if self.algorithm == "none":
            return ".".join((_encoded({"alg": "none"}), _encoded(claims), ""))
        protected = {"alg": self.algorithm, **header}
        token = jws.serialize_compact(
            protected, json.dumps(claims), self.key, algorithms=[self.algorithm]
        )
        if self.spoil:
            head, body, signature = token.split(".")
            token = ".".join((head, body, ("A" if signature[0] != "A" else "B") + signature[1:]))
        return token

    def _register(self, asked: Asked) -> Answer:
        wish = asked.json
        client = {**wish, "client_id": "dyn-" + secrets.token_hex(6)}
        client["token_endpoint_auth_method"] = (
            self.method or wish.get("token_endpoint_auth_method") or "client_secret_basic"
        )
        if client["token_endpoint_auth_method"] != "none":
            client["client_secret"] = "s:ec ret%/+~" + secrets.token_hex(6)
            client["client_secret_expires_at"] = 0
        client |= self.extra_registration
        client = {name: value for name, value in client.items() if value is not None}
        self.clients[client["client_id"]] = client
        return as_json(client, 201)

    def _client(self, asked: Asked) -> dict[str, Any] | None:
        """Return the client that sent a form, if it proved to be that in the registered way."""
        given = asked.form
        header = asked.headers.get("authorization", "")
        client_id, secret, method = given.get("client_id", ""), given.get("client_secret"), "none"
        if header.startswith("Basic "):
            pair = base64.b64decode(header.removeprefix("Basic ")).decode().split(":")
            client_id, secret = (unquote(half) for half in pair)
            method = "client_secret_basic"
        elif secret is not None:
            method = "client_secret_post"
        client = self.clients.get(client_id)
        if client is None or client["token_endpoint_auth_method"] != method:
            return None
        return client if client.get("client_secret") == secret else None

    def _token(self, asked: Asked) -> Answer:
        client = self._client(asked)
        if client is None:
            return as_json({"error": "invalid_client"}, 401)
        form = asked.form
        query = self.codes.get(form.get("code", ""), {})
        answer = super()._token(asked)
        if answer.status != 200:
            return answer
        tokens = json.loads(answer.body)
        owner = self.owners[tokens["access_token"]]
        claims: dict[str, object] = {"sub": owner["sub"], "aud": client["client_id"]}
        if form["grant_type"] == "refresh_token":
            claims |= self.on_refresh
        else:
            digest = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
            at_hash = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            claims |= {"nonce": query.get("nonce"), "at_hash": at_hash} | self.extra_claims
        return as_json(tokens | {"id_token": self.id_token(claims)})

    def _authorize(self, asked: Asked) -> Answer:
        client = self.clients.get(asked.query["client_id"])
        if client is None or not self._knows(client, asked.query["redirect_uri"]):
            # RFC 6749 section 4.1.2.1: shown to the person, and never redirected.
            return Answer(400, b"<title>No</title>", {"Content-Type": "text/html"})
        return super()._authorize(asked)

    def _device(self, asked: Asked) -> Answer:
        if self._client(asked) is None:
            return as_json({"error": "invalid_client"}, 401)
        return super()._device(asked)

    def _revoke(self, asked: Asked) -> Answer:
        if self._client(asked) is None:
            return as_json({"error": "invalid_client"}, 401)
        return super()._revoke(asked)

    def _knows(self, client: dict[str, Any], redirect_uri: str) -> bool:
        registered = client["redirect_uris"]
        return redirect_uri in registered or (
            self.any_port and _without_port(redirect_uri) in map(_without_port, registered)
        )


def _without_port(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.hostname or ""))


def _encoded(document: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()
