"""The sections in which every server takes part: refresh, poll, introspection, sign-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from _numbers import Aim

from _server import lanes
from _server.contest import OURS, TURN_SECONDS, Contest, Verdicts, show

if TYPE_CHECKING:
    from _server.processes import Server
    from _server.stage import Stage

CONNECTIONS = (16, 64)
# Families that are not refreshed on, but give their access tokens for introspection.
_KEPT = 64
SIGN_IN_ROUNDS = 2  # seconds each for who hashes on one thread
SHORT_SECONDS = 0.5  # for what is answered from memory, a thousand times a second and more
# Aims: as issue and evidence set them; poll's is of the device grant, which both have.
REFRESH = {
    "oidc-provider, SQLite": Aim(aim=4, stretch=7),
    "oidc-provider, memory": Aim(aim=1.3, stretch=2),
    "better-auth": Aim(aim=10, stretch=20),
    "glewlwyd": Aim(aim=10, stretch=20),
    "Authlib, Flask": Aim(aim=10, stretch=20),
    "django-oauth-toolkit": Aim(aim=15, stretch=30),
}
POLL = {"oidc-provider, SQLite": Aim(aim=2.5, stretch=3.5)}


def refresh(stage: Stage, verdicts: Verdicts) -> None:
    """Refresh with rotation: every token is sent once and its successor is sent later."""
    servers = stage.servers()
    for name in servers:
        refreshing(stage, name)
    contest = _contest(stage, servers, TURN_SECONDS)
    for connections in CONNECTIONS:
        found = contest.run("refresh", connections=connections)
        title = f"Refresh with rotation, {connections} connections"
        show(title, found, verdicts=verdicts, aims=REFRESH)


def refreshing(stage: Stage, name: str) -> None:
    """Make the lane of one server's families, once: another one would send spent tokens."""
    rival, server = stage.servers()[name]
    if f"refresh/{name}" not in stage.made:
        lane = rival.refresh(server) if rival else lanes.refresh(stage.filled().tokens)
        lane["tokens"] = lane["tokens"][:-_KEPT]
        stage.lane("refresh", name, lane)


def polling(stage: Stage, name: str) -> bool:
    """Make the lane of one server's undecided codes; false where it has no such grant."""
    rival, server = stage.servers()[name]
    if f"poll/{name}" not in stage.made:
        if rival is None:
            stage.lane("poll", name, lanes.device_poll(stage.filled().device_codes))
        elif rival.poll is not None:
            stage.lane("poll", name, rival.poll(server))
    return f"poll/{name}" in stage.made


def poll(stage: Stage, verdicts: Verdicts) -> None:
    """Poll for a decision that nobody has taken."""
    servers = {name: each for name, each in stage.servers().items() if polling(stage, name)}
    _say_missing("poll", stage, servers)
    contest = _contest(stage, servers)
    other, ours = f"{OURS}, /auth/cli/poll", servers[OURS][1]
    contest.lanes = {**contest.lanes, other: ours}
    stage.driver.lane(f"poll/{other}", ours, lanes.stack_poll(stage.filled().polling_codes))
    for connections in CONNECTIONS:
        found = contest.run("poll", connections=connections)
        title = f"Poll, nobody has decided, {connections} connections"
        show(title, found, verdicts=verdicts, aims=POLL)
    stage.most.pop(other, None)


def introspect(stage: Stage, verdicts: Verdicts) -> None:
    """Ask what access tokens are worth that were given out a moment ago."""
    servers = {
        name: (rival, server)
        for name, (rival, server) in stage.servers().items()
        if rival is None or rival.introspect is not None
    }
    _say_missing("introspection", stage, servers)
    filled = stage.filled()
    for name, (rival, server) in servers.items():
        lane = rival.refresh(server) if rival else lanes.refresh(filled.tokens)
        lane["tokens"] = lane["tokens"][-_KEPT:]
        stage.lane("fresh", name, lane)
        got = stage.driver.turn(f"fresh/{name}", server, connections=8, seconds=20, most=_KEPT)
        if rival and rival.introspect:
            stage.lane("introspect", name, rival.introspect(server, got.collected))
        else:
            stage.lane("introspect", name, lanes.introspect(got.collected))
    contest = _contest(stage, servers)
    for connections in CONNECTIONS:
        found = contest.run("introspect", connections=connections)
        show(f"Introspection, {connections} connections", found, verdicts=verdicts)


def sign_in(stage: Stage, verdicts: Verdicts) -> None:
    """Sign in with a password; each server hashes as it does by default."""
    servers = {
        name: (rival, server)
        for name, (rival, server) in stage.servers().items()
        if rival is None or rival.sign_in is not None
    }
    _say_missing("sign-in", stage, servers)
    for name, (rival, server) in servers.items():
        lane = rival.sign_in(server) if rival and rival.sign_in else lanes.sign_in(server)
        stage.lane("sign-in", name, lane)
    contest = _contest(stage, servers, TURN_SECONDS)
    contest.rounds = min(SIGN_IN_ROUNDS, stage.rounds)
    contest.most = {}  # hashing takes its 19 MiB each, which is not what others are compared in
    for connections in CONNECTIONS:
        found = contest.run("sign-in", connections=connections)
        show(f"Sign in with a password, {connections} connections", found, verdicts=verdicts)


def _contest(stage: Stage, servers: dict[str, Any], seconds: float = SHORT_SECONDS) -> Contest:
    taking: dict[str, Server] = {name: server for name, (_, server) in servers.items()}
    return Contest(stage.driver, taking, rounds=stage.rounds, turn_seconds=seconds, most=stage.most)


def _say_missing(section: str, stage: Stage, servers: dict[str, Any]) -> None:
    for name in sorted(stage.servers().keys() - servers.keys()):
        print(f"  not in {section}: {name}; it has no such thing, or none is set up here")
