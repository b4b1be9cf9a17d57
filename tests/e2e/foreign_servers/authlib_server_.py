"""An authorization server made of Authlib, over WSGI; prints its port once it listens.

Authlib does the protocol: clients, grants, PKCE, registration, revocation. What is here is what its
users write: where things are kept, and who the person is. It compares redirect addresses as a
whole, rotates refresh tokens, and ends a session when one comes twice.
"""

import json
import os
import secrets
import sys
import time
from collections import defaultdict
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import parse_qsl
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # 127.0.0.1, without TLS

from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped]
    AuthorizationServer,
    ClientMixin,
    JsonRequest,
    OAuth2Payload,
    OAuth2Request,
    grants,
)
from authlib.oauth2.rfc6749.errors import OAuth2Error  # type: ignore[import-untyped]
from authlib.oauth2.rfc7009 import RevocationEndpoint  # type: ignore[import-untyped]
from authlib.oauth2.rfc7591 import ClientRegistrationEndpoint  # type: ignore[import-untyped]
from authlib.oauth2.rfc7636 import CodeChallenge  # type: ignore[import-untyped]
from authlib.oauth2.rfc8628 import (  # type: ignore[import-untyped]
    DeviceAuthorizationEndpoint,
    DeviceCodeGrant,
    DeviceCredentialDict,
)

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
CLIENTS: dict[str, "Client"] = {}
CODES: dict[str, "Code"] = {}
DEVICES: dict[str, DeviceCredentialDict] = {}
APPROVED: set[str] = set()
TOKENS: list["Token"] = []
SEEN: dict[str, Any] = {"registered": [], "grants": [], "refused": [], "replayed": 0}
ISSUER = ""


class Client(ClientMixin):  # type: ignore[misc, unused-ignore]
    """A registered client."""

    def __init__(self, info: dict[str, Any], metadata: dict[str, Any]) -> None:
        self.id, self.secret, self.metadata = info["client_id"], info["client_secret"], metadata

    def get_client_id(self) -> str:
        return str(self.id)

    def get_default_redirect_uri(self) -> str:
        return str(self.metadata["redirect_uris"][0])

    def get_allowed_scope(self, scope: str | None) -> str:
        allowed = set(self.metadata.get("scope", "").split())
        return " ".join(s for s in (scope or "").split() if s in allowed)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.metadata["redirect_uris"]

    def check_client_secret(self, client_secret: str) -> bool:
        return secrets.compare_digest(self.secret, client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return bool(method == self.metadata["token_endpoint_auth_method"])

    def check_response_type(self, response_type: str) -> bool:
        return response_type in self.metadata["response_types"]

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.metadata["grant_types"]


class Code:
    """An authorization code."""

    def __init__(self, request: Any) -> None:
        data = request.payload.data
        self.client_id, self.redirect_uri = request.client.id, data["redirect_uri"]
        self.scope, self.user = request.scope, request.user
        self.code_challenge = data.get("code_challenge")
        self.code_challenge_method = data.get("code_challenge_method")

    def get_redirect_uri(self) -> str:
        return str(self.redirect_uri)

    def get_scope(self) -> str:
        return str(self.scope)


class Token:
    """A pair of tokens; ``family`` is the sign-in they go back to."""

    def __init__(self, answer: dict[str, Any], request: Any) -> None:
        self.answer, self.user, self.client_id = answer, request.user, request.client.id
        before = request.refresh_token
        self.family: str = before.family if before else secrets.token_hex(8)
        self.spent = self.ended = False

    def check_client(self, client: Client) -> bool:
        return bool(self.client_id == client.id)

    def get_scope(self) -> str:
        return str(self.answer.get("scope", ""))


def end(family: str) -> None:
    """End every token that goes back to one sign-in."""
    for token in TOKENS:
        token.ended = token.ended or token.family == family


class CodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc, unused-ignore]
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic"]

    def save_authorization_code(self, code: str, request: Any) -> None:
        CODES[code] = Code(request)

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        found = CODES.get(code)
        return found if found and found.client_id == client.id else None

    def delete_authorization_code(self, authorization_code: Code) -> None:
        for code, kept in list(CODES.items()):
            if kept is authorization_code:
                del CODES[code]

    def authenticate_user(self, authorization_code: Code) -> str:
        return str(authorization_code.user)


class RefreshGrant(grants.RefreshTokenGrant):  # type: ignore[misc, unused-ignore]
    INCLUDE_NEW_REFRESH_TOKEN = True
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic"]

    def authenticate_refresh_token(self, refresh_token: str) -> Token | None:
        for token in TOKENS:
            if token.answer.get("refresh_token") == refresh_token:
                if token.spent:
                    SEEN["replayed"] += 1
                    end(token.family)
                return None if token.ended else token
        return None

    def authenticate_user(self, refresh_token: Token) -> str:
        return str(refresh_token.user)

    def revoke_old_credential(self, refresh_token: Token) -> None:
        refresh_token.spent = True


class DeviceGrant(DeviceCodeGrant):  # type: ignore[misc, unused-ignore]
    def query_device_credential(self, device_code: str) -> DeviceCredentialDict | None:
        return DEVICES.get(device_code)

    def query_user_grant(self, user_code: str) -> tuple[str, bool] | None:
        return ("ada", True) if user_code in APPROVED else None

    def should_slow_down(self, credential: DeviceCredentialDict) -> bool:
        return False


class DeviceEndpoint(DeviceAuthorizationEndpoint):  # type: ignore[misc, unused-ignore]
    def get_verification_uri(self) -> str:
        return f"{ISSUER}/device"

    def save_device_credential(self, client_id: str, scope: str, data: dict[str, Any]) -> None:
        kept = {**data, "client_id": client_id, "scope": scope}
        DEVICES[data["device_code"]] = DeviceCredentialDict(
            kept,
            expires_at=time.time() + data["expires_in"],  # noqa: TID251
        )


class Register(ClientRegistrationEndpoint):  # type: ignore[misc, unused-ignore]
    def authenticate_token(self, request: Any) -> str:
        return "anybody"

    def get_server_metadata(self) -> dict[str, Any]:
        return metadata()

    def save_client(self, info: dict[str, Any], wish: dict[str, Any], request: Any) -> Client:
        client = CLIENTS[info["client_id"]] = Client(info, wish)
        SEEN["registered"].append(client.id)
        return client


class Revoke(RevocationEndpoint):  # type: ignore[misc, unused-ignore]
    def query_token(self, token_string: str, token_type_hint: str) -> Token | None:
        for token in TOKENS:
            if token_string in (token.answer.get("refresh_token"), token.answer["access_token"]):
                return token
        return None

    def revoke_token(self, token: Token, request: Any) -> None:
        end(token.family)


class Payload(OAuth2Payload):  # type: ignore[misc, unused-ignore]
    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = pairs

    @property
    def data(self) -> dict[str, str]:
        return dict(self._pairs)

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        values: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in self._pairs:
            values[name].append(value)
        return values


class WebRequest(OAuth2Request):  # type: ignore[misc, unused-ignore]
    def __init__(self, asked: dict[str, Any]) -> None:
        super().__init__(asked["method"], asked["url"], headers=asked["headers"])
        query, body = parse_qsl(asked["query"]), parse_qsl(asked["body"].decode())
        self.payload = Payload(query + body)
        self._args, self._form = dict(query), dict(body)

    @property
    def args(self) -> dict[str, str]:
        return self._args

    @property
    def form(self) -> dict[str, str]:
        return self._form


class Server(AuthorizationServer):  # type: ignore[misc, unused-ignore]
    def query_client(self, client_id: str) -> Client | None:
        return CLIENTS.get(client_id)

    def save_token(self, token: dict[str, Any], request: Any) -> None:
        TOKENS.append(Token(token, request))
        SEEN["grants"].append(request.payload.grant_type)

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        pass

    def create_oauth2_request(self, request: Any) -> Any:
        return WebRequest(request) if isinstance(request, dict) else request

    def create_json_request(self, request: Any) -> JsonRequest:
        made = JsonRequest(request["method"], request["url"], headers=request["headers"])
        made.payload = type("Json", (), {"data": json.loads(request["body"])})()
        return made

    def handle_response(self, status: int, body: Any, headers: Any) -> tuple[int, bytes, Any]:
        if isinstance(body, dict):
            if "error" in body:
                SEEN["refused"].append(body["error"])
            return status, json.dumps(body).encode(), headers
        return status, str(body or "").encode(), headers


def bearer(**about: Any) -> dict[str, Any]:
    """Make the tokens of one answer."""
    answer = {
        "token_type": "Bearer",
        "access_token": secrets.token_urlsafe(24),
        "expires_in": 600,
        "scope": about.get("scope") or "",
    }
    if about.get("include_refresh_token", True):
        answer["refresh_token"] = secrets.token_urlsafe(24)
    return answer


def metadata() -> dict[str, Any]:
    """Say what is offered; RFC 8414's document is the only one there is."""
    return {
        "issuer": ISSUER,
        "authorization_endpoint": f"{ISSUER}/authorize",
        "token_endpoint": f"{ISSUER}/token",
        "device_authorization_endpoint": f"{ISSUER}/device_authorization",
        "revocation_endpoint": f"{ISSUER}/revoke",
        "registration_endpoint": f"{ISSUER}/register",
        "userinfo_endpoint": f"{ISSUER}/userinfo",
        "grant_types_supported": ["authorization_code", "refresh_token", DEVICE],
        "response_types_supported": ["code"],
        "scopes_supported": ["notes", "email"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        "code_challenge_methods_supported": ["S256"],
    }


def authorize(server: Server, asked: dict[str, Any]) -> tuple[int, bytes, Any]:
    """Have Ada agree to everything that is asked of her in order."""
    try:
        grant = server.get_consent_grant(server.create_oauth2_request(asked), "ada")
    except OAuth2Error as error:
        answer: tuple[int, bytes, Any] = server.handle_error_response(None, error)
        return answer
    answer = server.create_authorization_response(grant.request, "ada", grant)
    return answer


def userinfo(asked: dict[str, Any]) -> tuple[int, bytes, Any]:
    """Tell whose a living access token is."""
    given = asked["headers"].get("Authorization", "").removeprefix("Bearer ")
    for token in TOKENS:
        if token.answer["access_token"] == given and not token.ended:
            person = {"sub": token.user, "email": f"{token.user}@example.com"}
            return 200, json.dumps(person).encode(), [("Content-Type", "application/json")]
    return 401, b"", []


def answer(server: Server, asked: dict[str, Any]) -> tuple[int, bytes, Any]:
    """Answer one request."""
    kind = [("Content-Type", "application/json")]
    match asked["path"]:
        case "/.well-known/oauth-authorization-server":
            return 200, json.dumps(metadata()).encode(), kind
        case "/authorize":
            return authorize(server, asked)
        case "/token":
            reply: tuple[int, bytes, Any] = server.create_token_response(asked)
            return reply
        case "/device_authorization" | "/revoke" | "/register" as path:
            names = {"/revoke": "revocation", "/register": "client_registration"}
            name = names.get(path, path[1:])
            reply = server.create_endpoint_response(name, asked)
            return reply
        case "/device":
            APPROVED.add(dict(parse_qsl(asked["query"])).get("user_code", ""))
            return 200, b"Approved", []
        case "/userinfo":
            return userinfo(asked)
        case "/forget":
            CLIENTS.clear()
            return 204, b"", []
        case "/seen":
            return 200, json.dumps(SEEN).encode(), kind
    return 404, b"", []


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


class Threading(ThreadingMixIn, WSGIServer):
    daemon_threads = True


def main() -> None:
    """Serve until stdin ends."""
    global ISSUER
    server = Server(["notes", "email"])
    server.register_token_generator("default", bearer)
    server.register_grant(CodeGrant, [CodeChallenge(required=True)])
    server.register_grant(RefreshGrant)
    server.register_grant(DeviceGrant)
    for endpoint in (DeviceEndpoint, Revoke, Register):
        server.register_endpoint(endpoint)

    def application(environ: dict[str, Any], start: Any) -> list[bytes]:
        headers = {
            name[5:].replace("_", "-").title(): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        asked = {
            "method": environ["REQUEST_METHOD"],
            "path": environ["PATH_INFO"],
            "query": environ["QUERY_STRING"],
            "url": f"{ISSUER}{environ['PATH_INFO']}?{environ['QUERY_STRING']}",
            "headers": headers,
            "body": environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)),
        }
        status, body, reply_headers = answer(server, asked)
        start(f"{status} It", list(reply_headers))
        return [body]

    with make_server("127.0.0.1", 0, application, Threading, Quiet) as http:
        ISSUER = f"http://127.0.0.1:{http.server_port}"
        print(http.server_port, flush=True)
        import threading

        threading.Thread(target=http.serve_forever, daemon=True).start()
        sys.stdin.read()


if __name__ == "__main__":
    main()
