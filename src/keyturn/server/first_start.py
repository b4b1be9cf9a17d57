"""The first start: one project, its public client, and keys that are shown once.

It may be killed anywhere, and two processes may do it at once: the keys are on the disk before the
database knows them, and whoever finds the file goes on with the keys in it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from keyturn.server.private_file import create_once
from keyturn.server.projects.service import DEFAULT_PROJECT, ProjectKeys
from keyturn.server.services import open_services
from keyturn.server.settings import SettingsProblem

if TYPE_CHECKING:
    from keyturn.server.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstProject:
    """What a first start has made, to be shown once."""

    project_id: str
    keys: ProjectKeys = field(repr=False)
    kept_in: Path


async def first_start(settings: Settings) -> FirstProject | None:
    """Open everything once, so that what is wrong is said now; make the first project.

    Returns:
        What was made; ``None`` where there is a project already.

    Raises:
        SettingsProblem, SecretProblem, StorageUnavailable: as ``open_services``.
        OSError: the keys could not be kept; then nothing was made.
    """
    services = await open_services(settings)
    try:
        if await services.projects.all():
            return None
        path = settings.data / f"project-{DEFAULT_PROJECT}-keys.json"
        keys = _kept_keys(path)
        made = await services.projects.create_default(keys)
    finally:
        await services.close()
    return FirstProject(project_id=DEFAULT_PROJECT, keys=keys, kept_in=path) if made else None


def _kept_keys(path: Path) -> ProjectKeys:
    """Return the keys in the file, after making it where it is missing."""
    fresh = {"project_id": DEFAULT_PROJECT, **asdict(ProjectKeys.fresh())}
    create_once(path, (json.dumps(fresh, indent=2) + "\n").encode())
    try:
        kept = json.loads(path.read_bytes())
        return ProjectKeys(**{name: str(kept[name]) for name in fresh if name != "project_id"})
    except (ValueError, KeyError, TypeError):
        raise SettingsProblem(
            f"{path} holds no keys, and there is no project yet. Move it away and start again."
        ) from None
