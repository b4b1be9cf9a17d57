"""Running a command-line program in a test, and what it printed."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from keyturn.client import variable_prefix

_SECONDS = 60.0
# What would have a sign-in take place elsewhere than in front of this test.
ELSEWHERE = (
    *("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY", "CODESPACES", "REMOTE_CONTAINERS"),
    *("GITPOD_WORKSPACE_ID", "CLOUD_SHELL", "VSCODE_IPC_HOOK_CLI", "AI_AGENT", "AGENT"),
    *("CI", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """One command that came to its end.

    Attributes:
        status: Its exit status.
        out: What it wrote to stdout.
        err: What it wrote to stderr.
    """

    status: int
    out: str
    err: str


class Program:
    """A program on the machine of somebody who has never used it before.

    Call it with arguments: ``program("auth", "login")``.

    Args:
        main: Takes no arguments, reads ``sys.argv`` and returns an exit status, ``None`` or raises
            SystemExit; or the beginning of a command line, which is run as a process of its own.
        name: The name that the program gives to ``keyturn.Auth``.
        home: A folder for its sessions; need not be there.
        environ: Further variables, such as the ones that say where the server is.

    Attributes:
        home: That folder.
    """

    def __init__(
        self,
        main: Callable[[], object] | Sequence[str],
        *,
        name: str,
        home: Path,
        environ: Mapping[str, str],
    ) -> None:
        self.home: Path = home
        self._main = main
        self._name = name
        self._environ = dict(environ)

    def __call__(self, *arguments: str, stdin: str = "") -> Ran:
        """Run it with ``arguments`` and return what became of that.

        Raises:
            subprocess.TimeoutExpired: its process did not end within a minute.
        """
        if callable(self._main):
            return self._run_here(self._main, arguments, stdin)
        done = subprocess.run(  # noqa: S603 - what the test's author said
            [*self._main, *arguments],
            input=stdin,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        return Ran(status=done.returncode, out=done.stdout, err=done.stderr)

    @property
    def environment(self) -> dict[str, str]:
        """The whole environment that it runs in: this one, but nothing of its own user's."""
        prefix = variable_prefix(self._name) + "_"
        ours = ("TOKEN", "ACCOUNT", "DEBUG", "ANON_REFRESH_TOKEN")
        left_out = {*ELSEWHERE, *(prefix + suffix for suffix in ours)}
        kept = {name: value for name, value in os.environ.items() if name not in left_out}
        return {**kept, prefix + "HOME": str(self.home), **self._environ}

    def _run_here(self, main: Callable[[], object], arguments: Sequence[str], stdin: str) -> Ran:
        out, err = io.StringIO(), io.StringIO()
        with self._in_its_place(arguments, stdin), _captured(out, err):
            try:
                ended = main()
            except SystemExit as exit_:
                ended = exit_.code
                if isinstance(ended, str):
                    err.write(ended + "\n")
        status = ended if isinstance(ended, int) else int(isinstance(ended, str))
        return Ran(status=int(status), out=out.getvalue(), err=err.getvalue())

    @contextlib.contextmanager
    def _in_its_place(self, arguments: Sequence[str], stdin: str) -> Iterator[None]:
        with (
            mock.patch.dict(os.environ, self.environment, clear=True),
            mock.patch.object(sys, "argv", [self._name, *arguments]),
            mock.patch.object(sys, "stdin", io.StringIO(stdin)),
        ):
            yield


@contextlib.contextmanager
def _captured(out: io.StringIO, err: io.StringIO) -> Iterator[None]:
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        yield
