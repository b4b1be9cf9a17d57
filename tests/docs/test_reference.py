"""The generated reference is what the code says now, and names everything there is to name."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import BaseModel

import reference
from keyturn.server.declarations import (
    ClientDeclaration,
    ProjectDeclaration,
    ResourceDeclaration,
)
from keyturn.server.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
MAP = ROOT / "docs/explain/map.md"
PACKAGE = ROOT / "src/keyturn"


@pytest.mark.parametrize(("name", "build"), reference.PAGES.items(), ids=reference.PAGES)
def test_a_generated_page_is_what_the_code_says_now(name: str, build: Callable[[], str]) -> None:
    assert (reference.REFERENCE / name).read_text() == build(), "run `make docs`"


@pytest.mark.proves("K-63")
def test_every_error_has_its_place_in_the_reference() -> None:
    from keyturn.protocol.errors import CATALOGUE

    page = (reference.REFERENCE / "errors.md").read_text()
    anchors = {error.__new__(error).anchor.removeprefix("#") for error in CATALOGUE.values()}
    assert anchors == set(re.findall(r'<a id="([\w-]+)">', page))


@pytest.mark.parametrize(
    "model", [Settings, ProjectDeclaration, ClientDeclaration, ResourceDeclaration]
)
def test_every_setting_is_explained(model: type[BaseModel]) -> None:
    silent = [name for name, field in model.model_fields.items() if not field.description]
    assert set(silent) <= {"projects", "clients", "resources"}  # tables with a section of their own


def test_every_endpoint_says_what_it_does() -> None:
    silent = [line for line in reference.endpoints_page().splitlines() if line.endswith("|  |")]
    assert not silent


def test_the_map_names_only_files_that_exist() -> None:
    named = re.findall(r"`([\w./-]+(?:\.\w+|/))`", MAP.read_text())
    gone = [name for name in named if not any((base / name).exists() for base in (PACKAGE, ROOT))]
    assert named
    assert not gone


def test_every_folder_of_the_package_appears_on_the_map() -> None:
    text = MAP.read_text()
    folders = {path.parent.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py")}
    missing = [name for name in sorted(folders - {"."}) if f"{name}/" not in text]
    assert not missing
