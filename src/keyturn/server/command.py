"""``keyturn serve`` and ``keyturn project``: the operator's commands."""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keyturn.server.first_start import first_start
from keyturn.server.operating.log import configure
from keyturn.server.operating.memory import return_large_blocks
from keyturn.server.operating.process import Parent, run, run_worker, run_workers
from keyturn.server.operating.supervisor import inherited
from keyturn.server.projects.service import DEFAULT_CLIENT, KINDS
from keyturn.server.secret import SecretProblem
from keyturn.server.services import Services, open_services
from keyturn.server.settings import Settings, SettingsProblem, load
from keyturn.server.storage.base import StorageUnavailable

if TYPE_CHECKING:
    from keyturn.server.projects.service import ProjectKeys

# What ends a command with one line instead of a traceback.
PROBLEMS = (SettingsProblem, SecretProblem, StorageUnavailable, OSError)


def serve_main(argv: Sequence[str]) -> int:
    """Run the server until SIGTERM or SIGINT; 0 once drained, 1 with a message if it cannot."""
    return_large_blocks()
    try:
        options = _serve_parser().parse_args(argv)
        if options.worker is not None:
            return _work(options)
        settings = chosen_settings(options)
        listener = _listen(settings)
        settings = settings.model_copy(update={"port": listener.getsockname()[1]})
        configure(settings.log_format)
        _show_first_project(settings)
        if settings.workers == 1:
            return run(settings, listener)
        command = [sys.executable, "-m", "keyturn", "serve", *argv, "--worker"]
        return run_workers(settings, listener, command)
    except PROBLEMS as problem:
        return fail(problem)


def _work(options: argparse.Namespace) -> int:
    """Be one of several processes; the socket listens, and a first start has been."""
    listening, tell, life = inherited(options.worker)
    listener = socket.socket(fileno=listening)
    settings = chosen_settings(options)
    settings = settings.model_copy(update={"port": listener.getsockname()[1]})
    configure(settings.log_format)
    return run_worker(settings, listener, Parent(tell=tell, life=life))


def project_main(argv: Sequence[str]) -> int:
    """Create and list projects, rotate their keys."""
    options = _project_parser().parse_args(argv)
    try:
        settings = chosen_settings(options)
        match options.action:
            case "create":
                return asyncio.run(with_services(settings, _create, options))
            case "list":
                return asyncio.run(with_services(settings, _list, options))
            case _:
                return asyncio.run(with_services(settings, _rotate, options))
    except PROBLEMS as problem:
        return fail(problem)


def _serve_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="keyturn serve", description="Run the sign-in server.")
    add_common_options(parser)
    parser.add_argument("--host", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on (8102; 0 takes a free one)")
    parser.add_argument("--base-url", help="the address people and programs reach this server at")
    parser.add_argument("--workers", type=int, help="how many processes serve (1)")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument(
        "--preview", action="store_true", default=None, help="show every page under /preview"
    )
    return parser


def _project_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="keyturn project", description="Manage projects.")
    actions = parser.add_subparsers(dest="action", required=True)
    create = actions.add_parser("create", help="create a project with fresh keys")
    create.add_argument("name", help="its display name")
    create.add_argument("--id", help="a fixed id; a random one otherwise")
    listed = actions.add_parser("list", help="list all projects")
    keys = actions.add_parser("keys", help="manage a project's keys")
    rotate = keys.add_subparsers(dest="keys_action", required=True).add_parser(
        "rotate", help="replace every key of a project; the old ones end at once"
    )
    rotate.add_argument("id", help="the project's id")
    for each in (create, listed, rotate):
        add_common_options(each)
        each.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """Add what every command that works on a server takes."""
    parser.add_argument("--data", type=Path, help="folder of database, secret and outbox")
    parser.add_argument("--database", help="database URL; SQLite in the data folder if left out")
    parser.add_argument("--config", type=Path, help="TOML file with settings, projects, clients")


def chosen_settings(options: argparse.Namespace) -> Settings:
    """Return what these options, the environment and the file say. Raises SettingsProblem."""
    names = ("host", "port", "data", "database", "base_url", "preview", "workers")
    given = {name: getattr(options, name, None) for name in names}
    return load(arguments=given, file=options.config)


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise SettingsProblem(
            f"cannot listen on {settings.host} port {settings.port}: {error.strerror}. "
            "Choose another with --port."
        ) from None
    listener.set_inheritable(True)
    return listener


def _show_first_project(settings: Settings) -> None:
    made = asyncio.run(first_start(settings))
    if made is None:
        return
    _say(f"Created project {made.project_id} and the public OAuth client {DEFAULT_CLIENT}.")
    for kind in KINDS:
        _say(f"  {kind}  {getattr(made.keys, kind)}")
    _say(f"These keys are shown once. They are kept in {made.kept_in}.")


async def with_services(settings: Settings, action: Any, options: argparse.Namespace) -> int:
    """Open the services, run ``action(services, options)`` and return its exit status."""
    services = await open_services(settings)
    try:
        code: int = await action(services, options)
        return code
    finally:
        await services.close()


async def _create(services: Services, options: argparse.Namespace) -> int:
    if options.id and await services.projects.find(options.id):
        return fail(SettingsProblem(f"a project with the id {options.id} exists already"))
    project, keys = await services.projects.create(options.name, project_id=options.id)
    answer = {"id": project.id, "display_name": project.display_name, **_as_dict(keys)}
    _print(answer, as_json=options.json)
    return 0


async def _list(services: Services, options: argparse.Namespace) -> int:
    found = [{"id": p.id, "display_name": p.display_name} for p in await services.projects.all()]
    if options.json:
        print(json.dumps(found, indent=2))  # noqa: T201
    else:
        for one in found:
            _print(one, as_json=False)
    return 0


async def _rotate(services: Services, options: argparse.Namespace) -> int:
    if await services.projects.find(options.id) is None:
        return fail(SettingsProblem(f"there is no project with the id {options.id}"))
    keys = await services.projects.rotate_keys(options.id)
    _print({"id": options.id, **_as_dict(keys)}, as_json=options.json)
    return 0


def _as_dict(keys: ProjectKeys) -> dict[str, str]:
    return {kind: getattr(keys, kind) for kind in KINDS}


def _print(answer: dict[str, str], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(answer, indent=2))  # noqa: T201
        return
    print("  ".join(f"{name}={value}" for name, value in answer.items()))  # noqa: T201


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def fail(problem: Exception) -> int:
    """Say a problem in one line; return the exit status."""
    _say(f"fail  {problem}")
    return 1
