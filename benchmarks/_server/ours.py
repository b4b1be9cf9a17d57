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

from _server.lanes import CLIENT, PROJECT
from _server.processes import Server, started
from keyturn.protocol.codes import DEVICE_CODE_PREFIX
from keyturn.server.first_start import first_start
from keyturn.server.oauth.rules import DEVICE_INTERVAL_SECONDS
from keyturn.server.secret import new_token
from keyturn.server.services import Services, open_services
from keyturn.server.sessions import family_token
from keyturn.server.sessions.rules import LOOPBACK, Origin
from keyturn.server.settings import load
from keyturn.server.storage.base import Query, Work

_FAMILIES_OF_ONE = 4
# Limits on guessing stay; those on volume would end a benchmark from one address.
_ALWAYS = {"KEYTURN_RATE_LIMITS": "off", "KEYTURN_TRUSTED_PROXIES": "127.0.0.1"}
_AT_ONCE = 100_000
_POLLING_CODES = 256


@dataclass(frozen=True, kw_only=True)
class Filled:
    """A data folder and what is needed to use what is in it.

    Attributes:
        data: The folder.
        tokens: Current refresh tokens of families drawn at random.
        device_codes: That nobody has decided.
        polling_codes: The same of the Stack-compatible API.
        settings: Of the server, as variables without their prefix.
    """

    data: Path
    tokens: list[str] = field(repr=False)
    device_codes: list[str] = field(repr=False)
    polling_codes: list[str] = field(repr=False)
    settings: dict[str, str]


def fill(
    data: Path,
    *,
    families: int,
    drawn: int,
    codes: int = 0,
    settings: Mapping[str, str] = {},
) -> Filled:
    """Make a data folder with that many signed-in programs.

    Args:
        data: The folder.
        families: How many there are.
        drawn: How many of their tokens are given back.
        codes: How many sign-ins wait for a decision.
        settings: Of the server, beside the folder.
    """
    return asyncio.run(_fill(data, families, drawn, codes, dict(settings)))


async def _fill(
    data: Path, families: int, drawn: int, codes: int, settings: dict[str, str]
) -> Filled:
    chosen = load(arguments={"data": data, **settings})
    await first_start(chosen)
    services = await open_services(chosen)
    try:
        now = services.clock.now_ms()
        # Sorted, so that a million are there in a fraction of the time; the tree is the same.
        ids = sorted(str(uuid.uuid4()) for _ in range(families))
        users = sorted(str(uuid.uuid4()) for _ in range(0, families, _FAMILIES_OF_ONE))
        for begun in range(0, families, _AT_ONCE):
            few = range(begun, min(begun + _AT_ONCE, families))
            await services.storage.write(_families, few, ids, users, now)
        tokens = [_token(services, each) for each in random.sample(ids, min(drawn, families))]
        device_codes = [new_token(DEVICE_CODE_PREFIX) for _ in range(codes)]
        await services.storage.write(_devices, services, device_codes, now)
        polling_codes = [await _polling_code(services) for _ in range(min(codes, _POLLING_CODES))]
    finally:
        await services.close()
    return Filled(
        data=data,
        tokens=tokens,
        device_codes=device_codes,
        polling_codes=polling_codes,
        settings=settings,
    )


def _token(services: Services, family: str) -> str:
    return family_token.write(services.secret, family_token.FamilyToken(family, 0, 0))


def _families(few: range, ids: Sequence[str], users: Sequence[str], now: int) -> Work[None]:
    """Insert sessions as a sign-in on this computer leaves them, with their users."""
    for number in few:
        user = users[number // _FAMILIES_OF_ONE]
        if number % _FAMILIES_OF_ONE == 0:
            yield Query("insert_user", _user(user, now))
        yield Query("insert_session", _session(ids[number], user, now))


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


def _devices(services: Services, codes: Sequence[str], now: int) -> Work[None]:
    for number, code in enumerate(codes):
        yield Query(
            "insert_device_authorization",
            {
                "id": str(uuid.uuid4()),
                "device_code_hash": services.secret.hash("device code", code),
                "user_code_hash": services.secret.hash("user code", f"none {number}"),
                "client_id": CLIENT,
                "project_id": PROJECT,
                "scope": "profile offline_access",
                "resource": None,
                "host_name": "laptop",
                "system": "Linux",
                "program": "acme",
                "ip": "127.0.0.1",
                "user_agent": "acme/1.0",
                "interval_seconds": DEVICE_INTERVAL_SECONDS,
                "now": now,
                # Longer than usual, so that none ends while this runs.
                "expires_at": now + 7_200_000,
            },
        )


async def _polling_code(services: Services) -> str:
    started = await services.cli_login.start(
        PROJECT, life_ms=7_200_000, anonymous_token=None, origin=Origin(ip="127.0.0.1")
    )
    return started.polling_code


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
        whole = {**os.environ, **_ALWAYS, **variables, **env}
        with started(command, log=log, env=whole) as (pid, printed):
            line = printed.readline()
            assert line.startswith("Keyturn is ready at "), log.read_text()
            port = urlsplit(line.split()[-1]).port
            assert port is not None
            time.sleep(0.3)  # so that "idle" is after the start
            yield Server(name, port, pid)
