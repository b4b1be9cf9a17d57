"""A Stack-compatible API as small as the client needs, and the person who confirms there."""

import base64
import json
import secrets
from typing import Any

from tests.issuers_.http_ import Answer, Asked, LittleServer, as_json


def access_token(**claims: object) -> str:
    """Return an access token with these claims; nobody here checks a signature."""
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"eyJhbGciOiJFUzI1NiJ9.{payload}.c2ln"


class StackApi(LittleServer):
    """CLI sign-in, anonymous sign-up, refresh, sign-out and users.

    Attributes:
        refresh_tokens: Refresh token to user id; removing one ends its session.
        emails: User id to email; who has none is anonymous.
        decide: What happens at each poll: ``None`` keeps waiting, a user id confirms as them.
        attached: The anonymous refresh tokens that were offered at a start.
    """

    def __init__(self) -> None:
        super().__init__()
        self.refresh_tokens: dict[str, str] = {}
        self.emails: dict[str, str] = {"u-ada": "ada@example.com", "u-bob": "bob@example.com"}
        self.decisions: list[str | None] = [None, "u-ada"]
        self.attached: list[str] = []
        self.ended: list[str] = []
        api = "/api/v1"
        self.routes = {
            f"{api}/auth/cli": self._start,
            f"{api}/auth/cli/poll": self._poll,
            f"{api}/auth/anonymous/sign-up": self._anonymous,
            f"{api}/auth/oauth/token": self._refresh,
            f"{api}/auth/sessions/current": self._sign_out,
            f"{api}/users/me": self._me,
        }

    def session(self, user_id: str) -> dict[str, Any]:
        """Start a session and return its tokens."""
        refresh_token = "r-" + secrets.token_hex(8)
        self.refresh_tokens[refresh_token] = user_id
        return {
            "refresh_token": refresh_token,
            "access_token": self._access_token(user_id, refresh_token),
        }

    def _access_token(self, user_id: str, refresh_token: str) -> str:
        return access_token(
            sub=user_id,
            email=self.emails.get(user_id),
            refresh_token_id="s-" + refresh_token,
            iat=1000,
            exp=1600,
        )

    def _start(self, asked: Asked) -> Answer:
        offered = asked.json.get("anon_refresh_token")
        if offered is not None:
            if offered not in self.refresh_tokens:
                return Answer(400, b"Invalid anon refresh token")
            self.attached.append(offered)
        code = secrets.token_hex(20).upper()
        return as_json({"polling_code": "p-" + code, "login_code": code, "expires_at": "later"})

    def _poll(self, asked: Asked) -> Answer:
        user_id = self.decisions.pop(0)
        if user_id is None:
            return as_json({"status": "waiting"})
        refresh_token = self.session(user_id)["refresh_token"]
        return as_json({"status": "success", "refresh_token": refresh_token}, 201)

    def _anonymous(self, asked: Asked) -> Answer:
        user_id = "u-anon-" + secrets.token_hex(4)
        return as_json({**self.session(user_id), "user_id": user_id})

    def _refresh(self, asked: Asked) -> Answer:
        refresh_token = asked.form["refresh_token"]
        user_id = self.refresh_tokens.get(refresh_token)
        if user_id is None:
            code = "REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED"
            return as_json({"code": code, "error": "text"}, 401, **{"x-stack-known-error": code})
        token = self._access_token(user_id, refresh_token)
        return as_json({"access_token": token, "token_type": "Bearer", "expires_in": 600})

    def _sign_out(self, asked: Asked) -> Answer:
        self.ended.append(asked.headers["x-stack-access-token"])
        return as_json({"success": True})

    def _me(self, asked: Asked) -> Answer:
        return as_json({"id": "u-me", "primary_email": None, "display_name": None})
