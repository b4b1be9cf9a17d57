"""Without the extra, the SDK says what to install."""

import subprocess
import sys

import pytest

# An interpreter in which the extra's packages are not found, whatever is installed.
PROGRAM = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[1:]:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
from keyturn import KeyturnError
try:
    from keyturn.sdk import StackClientApp
    StackClientApp(project_id="p", base_url="http://127.0.0.1:9").get_project()
except KeyturnError as error:
    print(error.code, error.hint)
"""


@pytest.mark.parametrize("absent", ["typing_extensions", "httpx2"])
def test_a_missing_extra_is_named_with_how_to_install_it(absent: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, absent], capture_output=True, text=True, timeout=30
    )
    assert run.stdout == "MISSING_EXTRA Run `pip install 'keyturn[sdk]'`.\n", run.stderr
