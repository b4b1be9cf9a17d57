"""Which libraries an adapter loads, and what happens without them."""

import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[3] / "src"
AUTH = (
    "import sys, keyturn; auth = keyturn.Auth('acme', issuer='https://id.example', client_id='x')\n"
)


def run(code: str, *options: str) -> str:
    """Run a program that has an ``auth``, and return what it printed."""
    done = subprocess.run(
        [sys.executable, *options, "-c", AUTH + code],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(SOURCE)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("extra", ["httpx", "requests"])
def test_without_the_library_the_error_names_the_extra(extra: str) -> None:
    code = (
        f"try:\n    auth.{extra}()\n"
        "except keyturn.MissingExtra as error:\n    print(error.code, error.hint)"
    )
    # -S: without any installed package.
    assert run(code, "-S") == f"MISSING_EXTRA Run `pip install 'keyturn[{extra}]'`."


@pytest.mark.proves("K-80")
@pytest.mark.parametrize(("used", "unused"), [("httpx", "httpx2"), ("httpx2", "httpx")])
def test_the_library_that_is_not_used_is_not_loaded(used: str, unused: str) -> None:
    code = f"import {used}; {used}.Client(auth=auth.httpx()); print('{unused}' in sys.modules)"
    assert run(code) == "False"


@pytest.mark.proves("K-80")
def test_made_before_either_is_imported_it_fits_both() -> None:
    code = "both = auth.httpx(); import httpx, httpx2\n"
    code += "httpx.Client(auth=both); httpx2.AsyncClient(auth=both); print('taken')"
    assert run(code) == "taken"


def test_a_program_without_adapters_loads_no_http_library() -> None:
    code = "auth.has_session(); print({'httpx', 'httpx2', 'requests'} & set(sys.modules))"
    assert run(code) == "set()"
