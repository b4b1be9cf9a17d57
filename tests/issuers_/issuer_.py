"""A fake authorization server: real HTTP, strict rotation, and a person who is quick.

Left alone it does what the specifications say, as unforgivingly as servers get: a refresh token
that comes twice ends its family. Everything it does can be changed while it runs, so that it
misbehaves exactly when a test wants it to; `tests.issuers_.misbehaviour_` has ways to.
"""

import base64
import hashlib
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from tests.issuers_.certificates_ import Certificate
from tests.issuers_.http_ import Answer, Asked, LittleServer, as_json

CLIENT_ID = "acme-cli"
USER_CODE = "WDJB-MJHT"


@dataclass
class Family:
    """One session at the server."""

    id: str
    subject: str
    current: str
    generation: int = 0
    ended: bool = False
    spent: set[str] = field(default_factory=set)


class Issuer(LittleServer):
    """Metadata, code, device and refresh grants, revocation, userinfo, acknowledgement.

    Attributes:
        subject, email: Who signs in next; ``email`` follows from ``subject`` where it is ``None``.
        decision: What the person does: ``"approve"``, ``"wait"`` or ``"deny"``.
        lifetime: ``expires_in`` of access tokens; ``None``: not told.
        session_lifetime: ``refresh_expires_in``; ``None``: not told.
        interval, device_lifetime, verification_uri: What a device authorization says.
        extra_metadata: Overrides members of the metadata; ``None`` removes one.
        extra_tokens: Overrides members of every token answer; ``None`` removes one.
        broken: Whether every answer is a 503.
        before_refresh: Called with each refresh request before it is looked at; may sleep, or
            return an answer to give instead.
        after_refresh: The same once the rotation is done: the answer that is lost.
        device_answers: What the next device polls are told before the tokens.
        families, codes, owners: Its sessions, codes and whose its access tokens are.
        issued: The access tokens it has handed out, in order.
    """

    def __init__(self, *, certificate: Certificate | None = None) -> None:
        super().__init__(certificate=certificate)
        self.subject = "ada"
        self.email: str | None = None
        self.decision = "approve"
        self.lifetime: int | None = 600
        self.session_lifetime: int | None = None
        self.interval = 5
        self.device_lifetime = 600
        self.verification_uri = f"{self.url}/device"
        self.extra_metadata: dict[str, object] = {}
        self.extra_tokens: dict[str, object] = {}
        self.broken = False
        self.before_refresh: Callable[[], Answer | None] = lambda: None
        self.after_refresh: Callable[[], Answer | None] = lambda: None
        self.device_answers: list[Answer] = []
        self.families: dict[str, Family] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.owners: dict[str, dict[str, str]] = {}
        self.issued: list[str] = []
        self.lock = threading.Lock()
        self.routes = {
            "/.well-known/oauth-authorization-server": lambda asked: as_json(self.metadata()),
            "/oauth/authorize": self._authorize,
            "/oauth/token": self._token,
            "/oauth/device_authorization": self._device,
            "/oauth/revoke": self._revoke,
            "/oauth/userinfo": self._userinfo,
            "/oauth/ack": lambda asked: Answer(204),
        }

    def metadata(self) -> dict[str, Any]:
        """Return the metadata as this server means it."""
        whole = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/oauth/authorize",
            "token_endpoint": f"{self.url}/oauth/token",
            "device_authorization_endpoint": f"{self.url}/oauth/device_authorization",
            "revocation_endpoint": f"{self.url}/oauth/revoke",
            "userinfo_endpoint": f"{self.url}/oauth/userinfo",
            "keyturn_ack_endpoint": f"{self.url}/oauth/ack",
            "keyturn_sessions_page": f"{self.url}/sessions",
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }
        return _overridden(whole, self.extra_metadata)

    def start(self) -> Family:
        """Start a family, as a finished sign-in does."""
        with self.lock:
            family = Family(secrets.token_hex(8), self.subject, "r-" + secrets.token_hex(16))
            self.families[family.id] = family
            return family

    def tokens(self, family: Family) -> dict[str, Any]:
        """Return a token answer for the family as it stands."""
        access_token = f"a-{family.id}-{family.generation}"
        self.hand_out(access_token, family.subject)
        whole = {
            "access_token": access_token,
            "token_type": "Bearer",
            "refresh_token": family.current,
            "session": family.id,
            "generation": family.generation,
            "expires_in": self.lifetime,
            "refresh_expires_in": self.session_lifetime,
        }
        return _overridden(whole, self.extra_tokens)

    def hand_out(self, access_token: str, subject: str = "ada") -> None:
        """Have this server know an access token."""
        email = self.email or f"{subject}@example.com"
        self.owners[access_token] = {"sub": subject, "email": email}
        self.issued.append(access_token)

    def new_token(self) -> str:
        """Start a family and return its access token, for a person to paste."""
        return str(self.tokens(self.start())["access_token"])

    def token_requests(self) -> list[dict[str, str]]:
        """Return the forms that came to the token endpoint, in order."""
        return [asked.form for asked in self.asked if asked.path == "/oauth/token"]

    def grant_types(self) -> list[str]:
        """Return what kinds of grant were asked for, in order: ``device_code``, for one."""
        return [form["grant_type"].rpartition(":")[2] for form in self.token_requests()]

    def grants(self) -> list[str]:
        """Return the refresh tokens that were sent, in order."""
        sent = self.token_requests()
        return [form["refresh_token"] for form in sent if form["grant_type"] == "refresh_token"]

    def revoked(self) -> list[str]:
        """Return the tokens that were revoked, in order."""
        return [asked.form["token"] for asked in self.asked if asked.path == "/oauth/revoke"]

    def secrets(self) -> list[str]:
        """Return every token, code and verifier there was: none of them may be seen anywhere."""
        refresh = [token for f in self.families.values() for token in (f.current, *f.spent)]
        sent = [
            asked.form[name]
            for asked in self.asked
            for name in ("code", "code_verifier", "device_code")
            if name in asked.form
        ]
        states = [asked.query["state"] for asked in self.asked if "state" in asked.query]
        return [*self.issued, *refresh, *sent, *states]

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        if self.broken:
            self.asked.append(asked)
            return as_json({"error": "temporarily_unavailable"}, 503)
        return super().answer(asked)

    def _token(self, asked: Asked) -> Answer:
        match asked.form["grant_type"]:
            case "refresh_token":
                return self.before_refresh() or self._rotate(asked.form["refresh_token"])
            case "authorization_code":
                return self._redeem(asked.form)
            case _:
                return self._poll()

    def _poll(self) -> Answer:
        if self.device_answers:
            return self.device_answers.pop(0)
        if self.decision == "approve":
            return as_json(self.tokens(self.start()))
        waiting = self.decision == "wait"
        return as_json({"error": "authorization_pending" if waiting else "access_denied"}, 400)

    def _rotate(self, refresh_token: str) -> Answer:
        with self.lock:
            for family in self.families.values():
                if refresh_token in family.spent:
                    family.ended = True  # Reuse: somebody may have stolen it.
                if refresh_token == family.current and not family.ended:
                    family.spent.add(refresh_token)
                    family.current = "r-" + secrets.token_hex(16)
                    family.generation += 1
                    return self.after_refresh() or as_json(self.tokens(family))
        return as_json({"error": "invalid_grant"}, 400)

    def _authorize(self, asked: Asked) -> Answer:
        if self.decision == "wait":
            return Answer(200, b"<title>Sign in</title>", {"Content-Type": "text/html"})
        back = {"state": asked.query["state"], "iss": self.url}
        if self.decision == "deny":
            back["error"] = "access_denied"
        else:
            back["code"] = code = "c-" + secrets.token_hex(16)
            self.codes[code] = asked.query
        return Answer(302, b"", {"Location": asked.query["redirect_uri"] + "?" + urlencode(back)})

    def _redeem(self, form: dict[str, str]) -> Answer:
        query = self.codes.pop(form["code"], {})
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        proven = challenge == query.get("code_challenge")
        if not proven or form["redirect_uri"] != query["redirect_uri"]:
            return as_json({"error": "invalid_grant"}, 400)
        return as_json(self.tokens(self.start()))

    def _device(self, asked: Asked) -> Answer:
        return as_json(
            {
                "device_code": "d-" + secrets.token_hex(16),
                "user_code": USER_CODE,
                "verification_uri": self.verification_uri,
                "expires_in": self.device_lifetime,
                "interval": self.interval,
            }
        )

    def _revoke(self, asked: Asked) -> Answer:
        with self.lock:
            for family in self.families.values():
                if asked.form["token"] in (family.current, *family.spent):
                    family.ended = True
        return Answer(200)

    def _userinfo(self, asked: Asked) -> Answer:
        owner = self.owners.get(asked.headers.get("authorization", "").removeprefix("Bearer "))
        if owner is None:
            return as_json({"error": "invalid_token"}, 401)
        return as_json(owner | {"name": owner["sub"].capitalize()})


def _overridden(whole: dict[str, Any], changes: dict[str, object]) -> dict[str, Any]:
    return {name: value for name, value in (whole | changes).items() if value is not None}
