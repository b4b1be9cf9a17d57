"""Our own server, with a database that was filled through its storage before it starts."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from _server.processes import Server, started

from keyturn.server.first_start import first_start
from keyturn.server.services import Services, open_services
from keyturn.server.sessions import family_token
from keyturn.server.sessions.rules import LOOPBACK
from keyturn.server.settings import load
from keyturn.server.storage.base import Query, Work

CLIENT = "keyturn-cli"
PROJECT = "default"
FORM = {"Host": "127.0.0.1", "Content-Type": "application/x-www-form-urlencoded"}
_FAMILIES_OF_ONE = 4
_AT_ONCE = 20_000


@dataclass(frozen=True, kw_only=True)
class Filled:
    """A data folder and what is needed to use what is in it.

    Attributes:
        data: The folder.
        tokens: Current refresh tokens of families drawn at random.
        settings: Of the server, as variables without their prefix.
    """

    data: Path
    tokens: list[str] = field(repr=False)
    settings: dict[str, str]


def fill(data: Path, *, families: int, drawn: int, settings: Mapping[str, str] = {}) -> Filled:
    """Make a data folder with that many signed-in programs; return ``drawn`` of their tokens."""
    tokens = asyncio.run(_fill(data, families, drawn, dict(settings)))
    return Filled(data=data, tokens=tokens, settings=dict(settings))


async def _fill(data: Path, families: int, drawn: int, settings: dict[str, str]) -> list[str]:
    chosen = load(arguments={"data": data, **settings})
    await first_start(chosen)
    services = await open_services(chosen)
    try:
        ids = []
        for begun in range(0, families, _AT_ONCE):
            few = [str(uuid.uuid4()) for _ in range(min(_AT_ONCE, families - begun))]
            await services.storage.write(_families, few, services.clock.now_ms())
            ids += few
        return [_token(services, each) for each in random.sample(ids, min(drawn, families))]
    finally:
        await services.close()


def _token(services: Services, family: str) -> str:
    return family_token.write(services.secret, family_token.FamilyToken(family, 0, 0))


def _families(ids: Sequence[str], now: int) -> Work[None]:
    """Insert sessions as a sign-in on this computer leaves them, with their users."""
    for number, family in enumerate(ids):
        if number % _FAMILIES_OF_ONE == 0:
            user = str(uuid.uuid4())
            yield Query("insert_user", _user(user, now))
        yield Query("insert_session", _session(family, user, now))


def _user(user: str, now: int) -> dict[str, object]:
    email = f"{user}@example.com"
    return {
        "id": user,
        "project_id": PROJECT,
        "display_name": None,
        "primary_email": email,
        "primary_email_verified": 0,
        "sign_in_email": email,
        "password_hash": None,
        "is_anonymous": 0,
        "now": now,
    }


def _session(family: str, user: str, now: int) -> dict[str, object]:
    assert LOOPBACK.idle_seconds is not None
    return {
        "id": family,
        "project_id": PROJECT,
        "user_id": user,
        "client_id": CLIENT,
        "kind": "cli",
        "rotation": "supersede",
        "token_hash": None,
        "scope": "profile offline_access",
        "resource": None,
        "claims": None,
        "authenticated_at": now,
        "idle_seconds": LOOPBACK.idle_seconds,
        "idle_expires_at": now + LOOPBACK.idle_seconds * 1000,
        "absolute_expires_at": now + LOOPBACK.absolute_seconds * 1000,
        "approved_by": None,
        "host_name": "laptop",
        "system": "Linux",
        "program": "acme",
        "user_agent": "acme/1.0",
        "ip": "127.0.0.1",
        "now": now,
    }


@contextmanager
def serving(
    filled: Filled, *, name: str = "keyturn", env: Mapping[str, str] = {}, program: str = "keyturn"
) -> Iterator[Server]:
    """Run ``keyturn serve`` over a filled folder.

    Args:
        filled: The folder and its settings.
        name: What the tables call it.
        env: More variables.
        program: The module that is run with ``serve`` and its options.
    """
    command = [sys.executable, "-m", program, "serve", "--port", "0", "--data", str(filled.data)]
    variables = {f"KEYTURN_{key.upper()}": value for key, value in filled.settings.items()}
    with tempfile.TemporaryDirectory(prefix="keyturn-bench-") as folder:
        log = Path(folder) / "log"
        whole = {**os.environ, "KEYTURN_RATE_LIMITS": "off", **variables, **env}
        with started(command, log=log, env=whole) as (pid, printed):
            line = printed.readline()
            assert line.startswith("Keyturn is ready at "), log.read_text()
            port = urlsplit(line.split()[-1]).port
            assert port is not None
            time.sleep(0.3)  # so that "idle" is after the start
            yield Server(name, port, pid)


def refresh_lane(tokens: Sequence[str]) -> dict[str, object]:
    """Return what refreshing sends, for the load generator."""
    return {
        "path": "/oauth/token",
        "headers": FORM,
        "body": f"grant_type=refresh_token&client_id={CLIENT}&refresh_token={{token}}",
        "tokens": list(tokens),
        "status": 200,
        "holds": '"access_token"',
        "taken_from": '"refresh_token" *: *"([^"]+)"',
    }
