"""The base install is Keyturn alone, and the client works from it."""

import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.house.source_ import ROOT

pytestmark = pytest.mark.xdist_group("bare-install")  # one build for all who want it

CLIENT_FROM_A_BARE_INSTALL = """
import keyturn, sys
for name in keyturn.__all__:
    getattr(keyturn, name)
print(keyturn.__file__)
"""


def test_the_base_install_names_no_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["dependencies"] == []


def test_the_client_imports_from_an_install_without_any_other_package(bare_python: Path) -> None:
    run = subprocess.run(
        [bare_python, "-c", CLIENT_FROM_A_BARE_INSTALL],
        capture_output=True,
        text=True,
        cwd=bare_python.parent,
    )
    assert run.returncode == 0, run.stderr
    assert Path(run.stdout.strip()).is_relative_to(bare_python.parents[1])


def test_the_command_of_a_bare_install_answers_help(bare_python: Path) -> None:
    run = subprocess.run([bare_python.parent / "keyturn", "--help"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "Traceback" not in run.stderr
