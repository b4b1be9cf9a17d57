"""An environment that holds the built wheel and nothing else."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def install_bare(folder: Path) -> Path:
    """Build the wheel, install it below ``folder`` with no index to fetch from, return its Python.

    pip installs from outside, so that the environment holds not even pip.
    """
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    python = folder / "venv/bin/python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-index"]
    # No file of pip's configuration: one with a folder of wheels would be an index after all.
    env = {name: value for name, value in os.environ.items() if name != "PIP_FIND_LINKS"}
    env["PIP_CONFIG_FILE"] = os.devnull
    subprocess.run([*install, str(wheel)], check=True, capture_output=True, env=env)
    return python
