"""The wheel alone, in an environment with nothing else: signs in, renews and signs out."""

import ast
import os
import subprocess
from pathlib import Path

import pytest

from tests.issuers_.http_ import as_json
from tests.issuers_.issuer_ import Issuer

pytestmark = pytest.mark.xdist_group("bare-install")  # one build for all who want it

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
