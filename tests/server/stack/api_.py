"""One project of a running server, called as its clients, servers and administrators call it."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx2

from keyturn.server.accounts import store as accounts
from keyturn.server.projects.rules import Project, ProjectConfig
from keyturn.server.projects.service import ProjectKeys
from tests.server.documented_ import assert_documented
from tests.server.in_process_ import InProcess

PASSWORD = "correct horse battery"


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """The answer to a sign-up or sign-in, and the headers of that session."""

    user_id: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Api:
    """A project and its keys."""

    server: InProcess
    project: Project
    keys: ProjectKeys
    prefix: str = "/api/v1"

    @classmethod
    def create(cls, server: InProcess, *, project_id: str | None = None, **config: Any) -> "Api":
        project, keys = server.run(
            server.services.projects.create(
                "Engines", project_id=project_id, config=ProjectConfig(**config)
            )
        )
        return cls(server=server, project=project, keys=keys)

    @property
    def client(self) -> dict[str, str]:
        """The headers that published clients send."""
        return {
            "x-stack-access-type": "client",
            "x-stack-project-id": self.project.id,
            "x-stack-publishable-client-key": self.keys.publishable_client_key,
            "x-stack-allow-anonymous-user": "true",
        }

    @property
    def secret(self) -> dict[str, str]:
        """The headers of the project's server."""
        return {
            "x-stack-access-type": "server",
            "x-stack-project-id": self.project.id,
            "x-stack-secret-server-key": self.keys.secret_server_key,
            "x-stack-allow-anonymous-user": "true",
        }

    @property
    def admin(self) -> dict[str, str]:
        """The headers of an administrator."""
        return {
            "x-stack-access-type": "admin",
            "x-stack-project-id": self.project.id,
            "x-stack-super-secret-admin-key": self.keys.super_secret_admin_key,
        }

    def send(
        self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any
    ) -> httpx2.Response:
        """Send one request; without headers, as a client that is not signed in.

        A success is held against the document, whatever the test looks at.
        """
        found = self.client if headers is None else headers
        answer = self.server.request(method, self.prefix + path, headers=found, **options)
        assert_documented(answer)
        return answer

    def get(
        self, path: str, headers: dict[str, str] | None = None, **options: Any
    ) -> httpx2.Response:
        return self.send("GET", path, headers, **options)

    def post(
        self, path: str, headers: dict[str, str] | None = None, **options: Any
    ) -> httpx2.Response:
        return self.send("POST", path, headers, **options)

    def signed_in(self, answer: httpx2.Response) -> SignedIn:
        """Take a good sign-up or sign-in apart."""
        assert answer.status_code == 200, answer.text
        body = answer.json()
        return SignedIn(**body, headers=self.with_token(body["access_token"]))

    def with_token(self, access_token: str) -> dict[str, str]:
        return {**self.client, "x-stack-access-token": access_token}

    def guest(self) -> SignedIn:
        """Begin an anonymous session."""
        return self.signed_in(self.post("/auth/anonymous/sign-up"))

    def account(self, email: str | None = None, password: str = PASSWORD) -> SignedIn:
        """Sign somebody up."""
        body = {"email": email or f"{uuid4().hex[:12]}@example.com", "password": password}
        return self.signed_in(self.post("/auth/password/sign-up", json=body))

    def session_of(self, user_id: str) -> SignedIn:
        """Begin a session through the project's server, which costs no hashing."""
        answer = self.post("/auth/sessions", self.secret, json={"user_id": user_id})
        return self.signed_in(_with(answer, user_id))

    def person(self) -> SignedIn:
        """Create an account without a password, and a session for it."""
        return self.session_of(self.server.person(project_id=self.project.id).id)

    def disable(self, user_id: str) -> None:
        """Disable an account, as an operator does."""
        services = self.server.services
        user = self.server.run(services.accounts.find(self.project.id, user_id))
        assert user is not None
        disabled_at = self.server.clock.now
        self.server.run(services.storage.write(accounts.update, user, disabled_at=disabled_at))


def _with(answer: httpx2.Response, user_id: str) -> httpx2.Response:
    assert answer.status_code == 200, answer.text
    return httpx2.Response(200, json={**answer.json(), "user_id": user_id})


def code_of(answer: httpx2.Response) -> str | None:
    """Return an answer's known error, having checked that header and body agree."""
    code = answer.headers.get("x-stack-known-error")
    if code is not None:
        assert answer.json()["code"] == code
    return code


def outcome(answer: httpx2.Response) -> tuple[int, str | None]:
    """Return an answer's status and known error."""
    return answer.status_code, code_of(answer)
