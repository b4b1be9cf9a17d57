"""Other people's servers: how each is started and what it is sent."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _server import installing
from _server.installing import RIVALS, Absent
from _server.processes import Server, started

FORM = {"Host": "127.0.0.1", "Content-Type": "application/x-www-form-urlencoded"}
DEVICE = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code"
FAMILIES = 1024
CODES = 512

_REFRESH = "grant_type=refresh_token&client_id=acme-cli&refresh_token={token}"
# Where families are made one by one. Who polls too soon is slowed down, so codes are many.
_FEW = {"FAMILIES": "192", "CODES": "2048"}
_ACTIVE = {"status": 200, "holds": '"active":true'}
_SIGNED_IN = {"status": 200, "holds": '"token"'}
_ROTATES = {
    "status": 200,
    "holds": '"access_token"',
    "taken_from": '"refresh_token" *: *"([^"]+)"',
    "collects": '"access_token" *: *"([^"]+)"',
}

Lane = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Rival:
    """Somebody's server.

    Attributes:
        start: Runs it, with variables for its environment beside its own.
        refresh, poll, introspect, sign_in: What it is sent; ``None`` where it has no such thing.
    """

    name: str
    start: Callable[[Mapping[str, str]], AbstractContextManager[Server]]
    refresh: Callable[[Server], Lane]
    poll: Callable[[Server], Lane] | None = None
    introspect: Callable[[Server, Sequence[str]], Lane] | None = None
    sign_in: Callable[[Server], Lane] | None = None


def _form(path: str, body: str, tokens: Sequence[str], **more: Any) -> Lane:
    return {"path": path, "headers": FORM, "body": body, "tokens": list(tokens), **more}


@contextmanager
def _program(
    name: str, command: Sequence[str], env: Mapping[str, str], folder: Path
) -> Iterator[Server]:
    """Run a program whose first line is a JSON object with its port."""
    log = folder / "log"
    whole = {**os.environ, "FAMILIES": str(FAMILIES), "CODES": str(CODES), **env}
    with started(command, log=log, env=whole, folder=folder) as (pid, printed):
        line = printed.readline()
        if not line:
            raise Absent(f"did not start: {log.read_text()[-300:]}")
        facts = json.loads(line)
        yield Server(name, facts["port"], pid, facts)


@contextmanager
def _node(
    name: str, folder: str, env: Mapping[str, str], *, store: str | None = None
) -> Iterator[Server]:
    """Run ``rivals/FOLDER/server.mjs``; in SQLite unless ``store`` says otherwise."""
    node = shutil.which("node")
    if node is None:
        raise Absent("node is not installed")
    # The driver of SQLite is compiled once, for the one that has it in its lock file.
    sqlite = installing.node_packages("oidc_provider", builds=["better-sqlite3"])
    with tempfile.TemporaryDirectory(prefix="keyturn-bench-") as made:
        own = {
            "NODE_ENV": "production",
            "FOREIGN_FOLDER": str(
                sqlite if folder == "oidc_provider" else installing.node_packages(folder)
            ),
            "SQLITE_FOLDER": str(sqlite),
            "STORE": store or f"{made}/store.sqlite3",
        }
        program = str(RIVALS / folder / "server.mjs")
        with _program(name, [node, program], {**own, **env}, Path(made)) as server:
            yield server


def _oidc_provider(name: str, *, store: str | None) -> Rival:
    def start(env: Mapping[str, str]) -> AbstractContextManager[Server]:
        return _node(name, "oidc_provider", env, store=store)

    def refresh(server: Server) -> Lane:
        return _form("/token", _REFRESH, server.facts["tokens"], **_ROTATES)

    def poll(server: Server) -> Lane:
        body = f"grant_type={DEVICE}&client_id=acme-cli&device_code={{token}}"
        held = "authorization_pending"
        return _form("/token", body, server.facts["codes"], status=400, holds=held)

    def introspect(_: Server, tokens: Sequence[str]) -> Lane:
        body = "client_id=acme-cli&token={token}"
        return _form("/token/introspection", body, tokens, **_ACTIVE)

    return Rival(name=name, start=start, refresh=refresh, poll=poll, introspect=introspect)


def _under_gunicorn(name: str, folder: str, paths: tuple[str, str], device_client: str) -> Rival:
    """Return a Python server: token and introspection endpoint, and who polls device codes."""
    token, introspection = paths

    @contextmanager
    def start(env: Mapping[str, str]) -> Iterator[Server]:
        python = installing.python_packages(folder)
        with tempfile.TemporaryDirectory(prefix="keyturn-bench-") as made:
            own = {"STORE": f"{made}/store.sqlite3", "HOME": made, "PYTHONDONTWRITEBYTECODE": "1"}
            command = [str(python), str(RIVALS / folder / "server.py")]
            with _program(name, command, {**own, **env}, Path(made)) as server:
                yield server

    def refresh(server: Server) -> Lane:
        return _form(token, _REFRESH, server.facts["tokens"], **_ROTATES)

    def poll(server: Server) -> Lane:
        body = f"grant_type={DEVICE}&client_id={device_client}&device_code={{token}}"
        return _form(token, body, server.facts["codes"], status=400, holds="authorization_pending")

    def introspect(server: Server, tokens: Sequence[str]) -> Lane:
        asks, expected = server.facts.get("introspects_with"), {"holds": '"active": true'}
        if asks is None:
            return _form(
                introspection, "client_id=acme-cli&token={token}", tokens, status=200, **expected
            )
        # A client's secret, were it sent, would be hashed slowly on every request.
        lane = _form(introspection, "token={token}", tokens, status=200, **expected)
        return {**lane, "headers": {**FORM, "Authorization": f"Bearer {asks}"}}

    return Rival(name=name, start=start, refresh=refresh, poll=poll, introspect=introspect)


def _better_auth() -> Rival:
    token, name = "/api/auth/oauth2/token", "better-auth"

    def start(env: Mapping[str, str]) -> AbstractContextManager[Server]:
        return _node(name, "better_auth", {**_FEW, **env})

    def refresh(server: Server) -> Lane:
        body = _REFRESH.replace("acme-cli", server.facts["client_id"])
        return _form(token, body, server.facts["tokens"], **_ROTATES)

    def poll(server: Server) -> Lane:
        body = f"grant_type={DEVICE}&client_id={server.facts['client_id']}&device_code={{token}}"
        return _form(token, body, server.facts["codes"], status=400, holds="authorization_pending")

    def sign_in(server: Server) -> Lane:
        body = '{"email":"{token}","password":"correct horse battery"}'
        origin = f"http://127.0.0.1:{server.port}"
        lane = _form("/api/auth/sign-in/email", body, server.facts["emails"] * 4, **_SIGNED_IN)
        lane["headers"] = {**FORM, "Content-Type": "application/json", "Origin": origin}
        return lane

    return Rival(name=name, start=start, refresh=refresh, poll=poll, sign_in=sign_in)


def _glewlwyd() -> Rival:
    name, token = "glewlwyd", "/api/oidc/token"

    @contextmanager
    def start(env: Mapping[str, str]) -> Iterator[Server]:
        installed = installing.debian_packages("glewlwyd")
        with tempfile.TemporaryDirectory(prefix="keyturn-bench-") as made:
            own = {"FOREIGN_FOLDER": str(installed), "STORE": f"{made}/store.sqlite3", **_FEW}
            command = [sys.executable, str(RIVALS / "glewlwyd" / "server.py")]
            with _program(name, command, {**own, **env}, Path(made)) as server:
                yield server

    def refresh(server: Server) -> Lane:
        return _form(token, _REFRESH, server.facts["tokens"], **_ROTATES)

    def poll(server: Server) -> Lane:
        body = f"grant_type={DEVICE}&client_id=acme-cli&device_code={{token}}"
        return _form(token, body, server.facts["codes"], status=400, holds="authorization_pending")

    def introspect(server: Server, tokens: Sequence[str]) -> Lane:
        lane = _form("/api/oidc/introspect", "token={token}", tokens, **_ACTIVE)
        asks = f"Bearer {server.facts['introspects_with']}"
        return {**lane, "headers": {**FORM, "Authorization": asks}}

    def sign_in(server: Server) -> Lane:
        body = '{"username":"{token}","password":"correct horse battery"}'
        lane = _form("/api/auth/", body, server.facts["people"], status=200, holds="Set-Cookie")
        return {**lane, "headers": {**FORM, "Content-Type": "application/json"}}

    return Rival(
        name=name, start=start, refresh=refresh, poll=poll, introspect=introspect, sign_in=sign_in
    )


AUTHLIB = _under_gunicorn("Authlib, Flask", "authlib", ("/token", "/introspect"), "acme-cli")
DJANGO = _under_gunicorn(
    "django-oauth-toolkit",
    "django_oauth_toolkit",
    ("/o/token/", "/o/introspect/"),
    "acme-device",
)
OIDC_MEMORY = _oidc_provider("oidc-provider, memory", store="memory")
OIDC_SQLITE = _oidc_provider("oidc-provider, SQLite", store=None)
BETTER_AUTH = _better_auth()
GLEWLWYD = _glewlwyd()
ALL = (OIDC_MEMORY, OIDC_SQLITE, BETTER_AUTH, GLEWLWYD, AUTHLIB, DJANGO)
