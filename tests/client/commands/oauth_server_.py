"""A real OAuth server, as small as the commands need: metadata, device and code grants, refresh,
revocation and userinfo over HTTP on a free port. What the person in the browser does is ``answer``.
"""

import base64
import hashlib
import json
import secrets
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

USER_CODE = "WDJB-MJHT"
CLIENT_ID = "acme-cli"


@dataclass
class Behaviour:
    """What the server does next; tests change it while it runs."""

    answer: str = "approve"  # or "wait", "deny"
    email: str = "ada@example.com"
    subject: str = "user-1"
    expires_in: int | None = 600
    refresh_expires_in: int | None = 30 * 86400
    device_expires_in: int = 600
    fail_tokens_with: int | None = None
    broken: bool = False  # every answer is a 503
    verification_uri: str | None = None
    has_device_grant: bool = True
    clock_minutes: int = 0  # how far the server's clock is ahead


@dataclass
class Seen:
    """What has been asked of the server so far."""

    grants: list[str] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    issued: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


class OAuthServer:
    """``with OAuthServer() as server:`` answers at ``server.issuer`` until the block ends."""

    def __init__(self) -> None:
        self.behaviour = Behaviour()
        self.seen = Seen()
        self.codes: dict[str, dict[str, str]] = {}
        self.refresh_tokens: set[str] = set()
        self.access_tokens: dict[str, tuple[str, str]] = {}
        self.lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._http.daemon_threads = True
        self.issuer = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def host(self) -> str:
        return self.issuer.removeprefix("http://")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop answering: from now on nobody listens on the port."""
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()

    def metadata(self) -> dict[str, Any]:
        device = {"device_authorization_endpoint": f"{self.issuer}/oauth/device_authorization"}
        return {
            **(device if self.behaviour.has_device_grant else {}),
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/oauth/authorize",
            "token_endpoint": f"{self.issuer}/oauth/token",
            "revocation_endpoint": f"{self.issuer}/oauth/revoke",
            "userinfo_endpoint": f"{self.issuer}/oauth/userinfo",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none"],
            "authorization_response_iss_parameter_supported": True,
            "keyturn_sessions_page": f"{self.issuer}/sessions",
        }

    def new_tokens(self) -> dict[str, Any]:
        access, refresh = "at_" + secrets.token_hex(16), "rt_" + secrets.token_hex(16)
        with self.lock:
            self.access_tokens[access] = (self.behaviour.subject, self.behaviour.email)
            self.refresh_tokens.add(refresh)
            self.seen.issued.append(access)
        answer: dict[str, Any] = {"access_token": access, "token_type": "Bearer"}
        answer["refresh_token"] = refresh
        if self.behaviour.expires_in is not None:
            answer["expires_in"] = self.behaviour.expires_in
        if self.behaviour.refresh_expires_in is not None:
            answer["refresh_expires_in"] = self.behaviour.refresh_expires_in
        return answer


def _handler_of(server: OAuthServer) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        oauth = server

    return Handler


class _Handler(BaseHTTPRequestHandler):
    oauth: OAuthServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        date = parsedate_to_datetime(super().date_time_string(timestamp))
        shifted = date + timedelta(minutes=self.oauth.behaviour.clock_minutes)
        return format_datetime(shifted, usegmt=True)

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        self.oauth.seen.paths.append(url.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if self.oauth.behaviour.broken:
            self._json(503, {"error": "temporarily_unavailable"})
        elif url.path == "/.well-known/oauth-authorization-server":
            self._json(200, self.oauth.metadata())
        elif url.path == "/oauth/authorize":
            self._authorize(query)
        elif url.path == "/oauth/userinfo":
            self._userinfo()
        else:
            self._json(404, {"error": "not_found"})

    def do_POST(self) -> None:
        path = urlsplit(self.path).path
        self.oauth.seen.paths.append(path)
        length = int(self.headers.get("Content-Length") or 0)
        body = parse_qs(self.rfile.read(length).decode())
        form = {name: values[0] for name, values in body.items()}
        if self.oauth.behaviour.broken:
            self._json(503, {"error": "temporarily_unavailable"})
        elif path == "/oauth/token":
            self._token(form)
        elif path == "/oauth/device_authorization":
            self._device_authorization()
        elif path == "/oauth/revoke":
            self.oauth.seen.revoked.append(form["token"])
            self.oauth.refresh_tokens.discard(form["token"])
            self._json(200, {})
        else:
            self._json(404, {"error": "not_found"})

    def _authorize(self, query: dict[str, str]) -> None:
        """Play the pages and the person: send the browser back with what was decided."""
        answer = {"state": query["state"], "iss": self.oauth.issuer}
        if self.oauth.behaviour.answer == "wait":
            self._json(200, {"page": "sign in"})
            return
        if self.oauth.behaviour.answer == "deny":
            answer["error"] = "access_denied"
        else:
            answer["code"] = code = secrets.token_urlsafe(16)
            self.oauth.codes[code] = query
        self.send_response(302)
        self.send_header("Location", query["redirect_uri"] + "?" + urlencode(answer))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _device_authorization(self) -> None:
        uri = self.oauth.behaviour.verification_uri or f"{self.oauth.issuer}/device"
        self._json(
            200,
            {
                "device_code": "dc_" + secrets.token_hex(16),
                "user_code": USER_CODE,
                "verification_uri": uri,
                "expires_in": self.oauth.behaviour.device_expires_in,
                "interval": 1,
            },
        )

    def _token(self, form: dict[str, str]) -> None:
        grant = form["grant_type"].rpartition(":")[2]
        self.oauth.seen.grants.append(grant)
        behaviour = self.oauth.behaviour
        if behaviour.fail_tokens_with is not None:
            self._json(behaviour.fail_tokens_with, {"error": "server_error"})
        elif grant == "device_code" and behaviour.answer != "approve":
            waiting = behaviour.answer == "wait"
            self._refuse("authorization_pending" if waiting else "access_denied")
        elif not self._honoured(grant, form):
            self._refuse("invalid_grant")
        else:
            self._json(200, self.oauth.new_tokens())

    def _honoured(self, grant: str, form: dict[str, str]) -> bool:
        if grant == "refresh_token":
            return form["refresh_token"] in self.oauth.refresh_tokens
        return grant != "authorization_code" or self._proven(form)

    def _proven(self, form: dict[str, str]) -> bool:
        asked = self.oauth.codes.pop(form["code"], {})
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return asked.get("code_challenge") == challenge

    def _userinfo(self) -> None:
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        known = self.oauth.access_tokens.get(token)
        if known is None:
            self._json(401, {"error": "invalid_token"})
            return
        subject, email = known
        self._json(200, {"sub": subject, "email": email, "email_verified": True, "name": "Ada"})

    def _refuse(self, error: str) -> None:
        self._json(400, {"error": error})

    def _json(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
