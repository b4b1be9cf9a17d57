"""The package tells type checkers everything it exports."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.source_ import ROOT
from tests.requirements_ import require


@pytest.mark.proves("K-83")
def test_every_public_name_is_typed() -> None:
    require("node")
    programs = Path(sys.executable).parent
    # pyright looks for the environment of the first python on PATH, and for newer versions of
    # itself on the network unless told not to.
    env = dict(os.environ, PATH=f"{programs}{os.pathsep}{os.environ['PATH']}")
    env["PYRIGHT_PYTHON_IGNORE_WARNINGS"] = "1"
    run = subprocess.run(
        [programs / "pyright", "--verifytypes", "keyturn", "--ignoreexternal"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stdout  # the score is rounded, the status is not
