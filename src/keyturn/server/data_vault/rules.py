"""Which stores a project has, and what a stored value is bound to. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keyturn.server.projects.rules import ProjectConfig


def has_store(config: ProjectConfig, store_id: str) -> bool:
    """Say whether a project has declared a store."""
    return store_id in config.data_vault_stores


def context_of(project_id: str, store_id: str, hashed_key: str) -> str:
    """Return what a value is sealed for: moved to another place, it does not open there.

    JSON keeps the parts apart, whatever characters are in them.
    """
    return json.dumps([project_id, store_id, hashed_key])
