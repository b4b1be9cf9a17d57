"""The wheel alone, in an environment with nothing else: signs in, renews and signs out."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.client.issuer_ import Issuer
from tests.client.little_server_ import as_json

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import sys
import keyturn

auth = keyturn.Auth("acme", issuer=sys.argv[1], client_id="acme-cli")
outcome = auth.login(method="device")
token = auth.token()
auth.refresh()
print(keyturn.__file__)
print(outcome.session.email, token != auth.token(), auth.logout().revoked)
print({m.partition(".")[0] for m in sys.modules} - set(sys.stdlib_module_names) - {"__main__"})
"""


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the interpreter of an environment that holds the built wheel and nothing else."""
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("uv is missing: see https://docs.astral.sh/uv")
    folder = tmp_path_factory.mktemp("bare")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    python = folder / "venv" / "bin" / "python"
    for arguments in (
        ["venv", "--python", sys.executable, str(folder / "venv")],
        ["pip", "install", "--python", str(python), "--no-deps", "--offline", str(wheel)],
    ):
        subprocess.run([uv, *arguments], check=True, capture_output=True, cwd=folder)
    return python


@pytest.mark.proves("K-71")
def test_the_whole_client_works_on_the_standard_library_alone(
    bare_python: Path, issuer: Issuer, tmp_path: Path
) -> None:
    issuer.device_answers = [as_json({"error": "authorization_pending"}, 400)]
    issuer.interval = 1
    done = subprocess.run(
        [bare_python, "-c", PROGRAM, issuer.url],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "ACME_HOME": str(tmp_path / "h")},
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    file, outcome, loaded = done.stdout.splitlines()
    assert Path(file).is_relative_to(bare_python.parents[1])
    assert outcome == "ada@example.com True revoked"
    # `_virtualenv` is how uv marks its environments; it is no package of anybody's.
    assert set(ast.literal_eval(loaded)) <= {"keyturn", "_virtualenv"}
