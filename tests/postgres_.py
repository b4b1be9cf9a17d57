"""A real PostgreSQL for tests: a cluster in a temporary folder, a database for each test.

It refuses to run as root, so as root it runs as the user that Debian's package makes.
"""

import atexit
import functools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from tests.requirements_ import require

USER = "postgres"


@dataclass(eq=False)
class Cluster:
    """One running server, and what a test may do to it."""

    programs: Path
    folder: Path
    port: int
    options: tuple[str, ...] = ()
    _as: list[str] = field(default_factory=list)

    def url(self, database: str) -> str:
        """Return how to connect to one of its databases."""
        return f"postgresql://keyturn@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        settings = [
            f"-p {self.port}",
            f"-k {self.folder}",
            "-c listen_addresses=127.0.0.1",
            "-c max_connections=200",
            *self.options,
        ]
        self._run(
            "pg_ctl", "-D", self._data, "-l", self._log, "-o", " ".join(settings), "-w", "start"
        )

    def stop(self, mode: str = "fast") -> None:
        """Stop it; ``immediate`` is its own kill -9."""
        self._run("pg_ctl", "-D", self._data, "-m", mode, "-w", "stop")

    def create(self) -> str:
        """Make an empty database and return its URL."""
        name = f"db_{uuid4().hex[:12]}"
        self.sql(f"CREATE DATABASE {name}")
        return self.url(name)

    def create_schema(self) -> str:
        """Make an empty schema, which is quicker, and return the URL that uses it."""
        name = f"s_{uuid4().hex[:12]}"
        self.sql(f"CREATE SCHEMA {name}")
        return f"{self.url('postgres')}?options=-csearch_path%3D{name}"

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run one statement as its owner and return what psql prints."""
        return self._run("psql", "-qAtX", "-c", statement, self.url(database))

    def kill(self, pid: int) -> None:
        """End one of its backends as the kernel would."""
        os.kill(pid, signal.SIGTERM)

    def _run(self, program: str, *arguments: str | Path) -> str:
        done = subprocess.run(
            [*self._as, str(self.programs / program), *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            cwd=self.folder,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout.strip()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _log(self) -> Path:
        return self.folder / "log"

    def log(self) -> str:
        """Return its log."""
        return self._log.read_text(errors="replace")

    def _initialise(self) -> None:
        self._run(
            "initdb", "-D", self._data, "-A", "trust", "-U", "keyturn", "--no-sync", "-E", "UTF8",
            "--locale=C.UTF-8",
        )  # fmt: skip


@functools.cache
def shared() -> Cluster:
    """Return this process's own cluster, started once; it forgets its syncs and ends with us."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(cluster("-c fsync=off"))


@contextmanager
def cluster(*options: str) -> Iterator[Cluster]:
    """Run one for as long as the block lasts.

    Args:
        options: For the server, as ``-c fsync=off``.
    """
    programs = Path(require("postgres"))
    folder = Path(tempfile.mkdtemp(prefix="keyturn-pg-"))
    runs_as: list[str] = []
    if os.geteuid() == 0:
        account = pwd.getpwnam(USER)
        os.chown(folder, account.pw_uid, account.pw_gid)
        runs_as = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups", "--"]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    made = Cluster(programs, folder, port, options, runs_as)
    try:
        made._initialise()
        made.start()
        yield made
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            made.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)
