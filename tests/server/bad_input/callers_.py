"""Credentials of every kind, for requests whose credentials are not what is wrong with them."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx2

    from tests.server.in_process_ import InProcess

API = "/api/v1"


class Callers:
    """The headers of a client, a signed-in client and a server of the default project."""

    def __init__(self, server: InProcess) -> None:
        self.server = server

    client = {"x-stack-access-type": "client", "x-stack-project-id": "default"}
    project_server = {
        "x-stack-access-type": "server",
        "x-stack-project-id": "default",
        "x-stack-secret-server-key": "ssk_of_acme",
    }

    project_admin = {
        "x-stack-access-type": "admin",
        "x-stack-project-id": "default",
        "x-stack-super-secret-admin-key": "sak_of_acme",
    }

    @cached_property
    def user(self) -> dict[str, str]:
        """Return a user's tokens and id."""
        answer = self.server.post(f"{API}/auth/anonymous/sign-up", headers=self.client)
        found: dict[str, str] = answer.json()
        return found

    @property
    def signed_in(self) -> dict[str, str]:
        """Return the headers of somebody who is signed in."""
        return {
            **self.client,
            "x-stack-access-token": self.user["access_token"],
            "x-stack-refresh-token": self.user["refresh_token"],
            "x-stack-allow-anonymous-user": "true",
        }

    @cached_property
    def team_id(self) -> str:
        """Return a team that the user belongs to."""
        body = {"display_name": "Turners", "creator_user_id": self.user["user_id"]}
        answer = self.server.post(f"{API}/teams", json=body, headers=self.project_server)
        found: str = answer.json()["id"]
        return found

    def path(self, template: str) -> str:
        """Fill a path with things that exist, as far as there are any."""
        ids = {
            "user_id": self.user["user_id"],
            "team_id": self.team_id,
            "project_id": "default",
            "type": "team",
        }
        nothing = "00000000-0000-0000-0000-000000000000"
        return API + template.format_map(defaultdict(lambda: nothing, ids))


def code_of(answer: httpx2.Response) -> Any:
    """Return the code of a known error, which body and header must agree on."""
    if not answer.headers["content-type"].startswith("application/json"):
        assert "x-stack-known-error" not in answer.headers
        return None
    code = answer.json()["code"]
    assert answer.headers["x-stack-known-error"] == code
    return code
