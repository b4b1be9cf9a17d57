"""What the demo stands on: its folder, its child processes, and what it prints of them."""

from __future__ import annotations

import re
import signal
import sys
from typing import TYPE_CHECKING

from keyturn.cli.demo import surroundings
from keyturn.cli.demo.child import Child
from keyturn.client.commands.output import Console

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

ACCESS_TOKEN_SECONDS = 30  # the shortest life that the server gives, so that a renewal can be seen
_START_SECONDS = 30.0
_COMMAND_SECONDS = 30.0
_READY = re.compile(r"Keyturn is ready at (\S+)")
_KEY = re.compile(r"\b(pck|ssk|sak)_\S+")


class DemoFailed(Exception):
    """A step did not end as it should; the text says what happened instead."""


class Stage:
    """Starts processes and ends every one of them, whatever happens.

    Args:
        folder: A private, temporary folder.
        by_itself: No person is there; a scripted browser plays them.

    Attributes:
        issuer: The server's base URL, once it is ready.
        link_file: Where the sample program's browser leaves the link, in a run by itself.

    Raises:
        DemoFailed: the sample program is not there.
    """

    def __init__(self, folder: Path, *, by_itself: bool) -> None:
        self.folder = folder
        self.by_itself = by_itself
        self.issuer: str = ""
        self.link_file: Path = folder / "link"
        self._console = Console()
        self._children: list[Child] = []
        program = surroundings.sample_program()
        if program is None:
            raise DemoFailed("The sample program examples/minimal_cli/acme.py is not here.")
        self._program = program

    def __enter__(self) -> Stage:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # A second Ctrl-C must not leave a server behind; each end takes seconds at most.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        # The last one started ends first: the program before its server.
        for child in reversed(self._children):
            child.end()

    @property
    def environment(self) -> dict[str, str]:
        """The sample program's environment."""
        return surroundings.program_environment(
            self.folder, issuer=self.issuer, link_file=self.link_file if self.by_itself else None
        )

    def title(self, text: str) -> None:
        """Begin a step."""
        self._console.answer("")
        self._console.answer(text)

    def say(self, text: str) -> None:
        """Print one line about what happened."""
        self._console.answer("   " + text)

    def quote(self, text: str) -> None:
        """Print one line that a child process has printed."""
        self._console.answer("   | " + text)

    def waiting(self, text: str) -> None:
        """Print what is being waited for: a line that counts on a terminal, else one line once."""
        self._console.waiting("   " + text)

    def wait_for_enter(self, text: str) -> None:
        """Wait until the person has looked at something; the end of input counts as well."""
        self._console.talk_raw("   " + text + " ")
        sys.stdin.readline()

    def start_server(self) -> None:
        """Start ``keyturn serve`` on a free port and wait until it says that it is ready.

        Raises:
            DemoFailed: it does not.
        """
        options = ["--port", "0", "--data", str(self.folder / "server")]
        self.say("$ keyturn serve " + " ".join(options))
        with (self.folder / "server.log").open("w") as log:
            server = Child(
                [sys.executable, "-P", "-m", "keyturn", "serve", *options],
                surroundings.server_environment(token_seconds=ACCESS_TOKEN_SECONDS),
                log=log,
                own_group=True,
            )
        self._children.append(server)
        line = server.first_line(seconds=_START_SECONDS)
        ready = _READY.fullmatch(line)
        if ready is None:
            raise DemoFailed("The server did not get ready.")
        self.quote(line)
        self.issuer = ready[1]
        files = sorted(path.name for path in (self.folder / "server").iterdir())
        self.say(f"Its folder holds {', '.join(files)}.")

    def server_log(self) -> list[str]:
        """Return the end of the server's log, without the keys it has made."""
        path = self.folder / "server.log"
        if not path.exists():
            return []
        lines = path.read_text("utf-8", "replace").splitlines()
        return [_KEY.sub(r"\1_...", line) for line in lines[-20:]]

    def start_program(self, *arguments: str, visible: bool = False, trace: bool = False) -> Child:
        """Start ``acme``; its lines are printed as they come, unless it has the terminal itself."""
        debug = {"ACME_DEBUG": "1"} if trace else {}
        typed = [*(f"{name}={value}" for name, value in debug.items()), "acme", *arguments]
        self.say("$ " + " ".join(typed))
        child = Child(
            [sys.executable, str(self._program), *arguments],
            {**self.environment, **debug},
            on_line=self.quote,
            visible=visible,
        )
        self._children.append(child)
        return child

    def run_program(self, *arguments: str, expect: int = 0, trace: bool = False) -> list[str]:
        """Run one ``acme`` command to its end and return the lines it printed.

        Raises:
            DemoFailed: it ends with another exit status than expected, or not at all.
        """
        return self._ended(self.start_program(*arguments, trace=trace), arguments, expect)

    def ask_program(self, *arguments: str) -> list[str]:
        """Run one ``acme`` command for the demo's own sake, and print nothing of it."""
        argv = [sys.executable, str(self._program), *arguments]
        child = Child(argv, self.environment)
        self._children.append(child)
        return self._ended(child, arguments, 0)

    def _ended(self, child: Child, arguments: Sequence[str], expect: int) -> list[str]:
        status = child.wait(seconds=_COMMAND_SECONDS)
        if status != expect:
            told = "has not ended" if status is None else f"ended with exit status {status}"
            raise DemoFailed(f"`acme {' '.join(arguments)}` {told}; {expect} was expected.")
        return child.lines
