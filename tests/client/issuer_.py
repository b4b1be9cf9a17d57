"""A sign-in server of the tests' own: real HTTP, strict rotation, and a person who is quick.

Rotation is as unforgiving as servers get: a refresh token that was used before ends the family.
"""

import base64
import hashlib
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from tests.client.little_server_ import Answer, Asked, LittleServer, as_json

CLIENT_ID = "acme-cli"


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
    """Metadata, authorization code, device, refresh, revocation, userinfo, acknowledgement.

    Attributes:
        subject: Who signs in next.
        lifetime: ``expires_in`` of access tokens; ``None``: not told.
        extra_metadata: Overrides members of the metadata; ``None`` removes one.
        before_refresh: Called with each refresh request before it is looked at; may sleep, or
            return an answer to give instead.
        after_refresh: The same once the rotation is done: the answer that is lost.
        device_answers: What the next device polls are told before the tokens.
        interval: Seconds between two of them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.subject = "ada"
        self.lifetime: int | None = 600
        self.extra_metadata: dict[str, object] = {}
        self.before_refresh: Callable[[], Answer | None] = lambda: None
        self.after_refresh: Callable[[], Answer | None] = lambda: None
        self.device_answers: list[Answer] = []
        self.interval = 5
        self.families: dict[str, Family] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.owners: dict[str, str] = {}
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
            **self.extra_metadata,
        }
        return {name: value for name, value in whole.items() if value is not None}

    def start(self) -> Family:
        """Start a family, as a finished sign-in does."""
        with self.lock:
            family = Family(secrets.token_hex(4), self.subject, "r-" + secrets.token_hex(8))
            self.families[family.id] = family
            return family

    def tokens(self, family: Family) -> dict[str, Any]:
        """Return a token answer for the family as it stands."""
        access_token = f"a-{family.id}-{family.generation}"
        self.owners[access_token] = family.subject
        answer = {
            "access_token": access_token,
            "token_type": "Bearer",
            "refresh_token": family.current,
            "session": family.id,
            "generation": family.generation,
        }
        return answer if self.lifetime is None else {**answer, "expires_in": self.lifetime}

    def grants(self) -> list[str]:
        """Return the refresh tokens that were sent, in order."""
        sent = [asked.form for asked in self.asked if asked.path == "/oauth/token"]
        return [form["refresh_token"] for form in sent if form["grant_type"] == "refresh_token"]

    def revoked(self) -> list[str]:
        """Return the tokens that were revoked, in order."""
        return [asked.form["token"] for asked in self.asked if asked.path == "/oauth/revoke"]

    def _token(self, asked: Asked) -> Answer:
        match asked.form["grant_type"]:
            case "refresh_token":
                return self.before_refresh() or self._rotate(asked.form["refresh_token"])
            case "authorization_code":
                return self._redeem(asked.form)
            case _:
                if self.device_answers:
                    return self.device_answers.pop(0)
                return as_json(self.tokens(self.start()))

    def _rotate(self, refresh_token: str) -> Answer:
        with self.lock:
            for family in self.families.values():
                if refresh_token in family.spent:
                    family.ended = True  # Reuse: somebody may have stolen it.
                if refresh_token == family.current and not family.ended:
                    family.spent.add(refresh_token)
                    family.current = "r-" + secrets.token_hex(8)
                    family.generation += 1
                    return self.after_refresh() or as_json(self.tokens(family))
        return as_json({"error": "invalid_grant"}, 400)

    def _authorize(self, asked: Asked) -> Answer:
        code = secrets.token_hex(8)
        self.codes[code] = asked.query
        back = {"code": code, "state": asked.query["state"], "iss": self.url}
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
                "device_code": "d-" + secrets.token_hex(8),
                "user_code": "WDJB-MJHT",
                "verification_uri": f"{self.url}/device",
                "expires_in": 600,
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
        return as_json({"sub": owner, "email": f"{owner}@example.com"})
