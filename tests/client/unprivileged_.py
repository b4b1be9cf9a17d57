"""Runs a piece of Python as an ordinary user, since root is refused nothing.

The child imports everything first and then gives its privileges up: an interpreter that lives in
root's home could not be started by anybody else.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534

_PRELUDE = """
import os, sys, traceback
import keyturn
from keyturn import client as hot
from keyturn.client import private, refresh, runtime, signin, signout
from keyturn.client.effects import Effects
from keyturn.protocol.errors import *
sys.path.insert(0, {root!r})
from tests.client.stores.test_file import file_store
from tests.contracts.token_store import make_session
from pathlib import Path
home = Path({home!r})
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid({nobody})
    os.setuid({nobody})
"""


@contextmanager
def their_home() -> Iterator[Path]:
    """Yield a directory that belongs to the ordinary user, within reach of everybody."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        if os.geteuid() == 0:
            os.chown(path, NOBODY, NOBODY)
        yield path


def run(code: str, home: Path) -> str:
    """Run ``code`` as an ordinary user, with ``home`` at hand, and return what it printed."""
    root = str(Path(__file__).resolve().parents[2])
    prelude = _PRELUDE.format(home=str(home), root=root, nobody=NOBODY)
    done = subprocess.run(
        [sys.executable, "-c", prelude + code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
