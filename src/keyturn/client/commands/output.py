"""Where a command's words go: answers to stdout, talk to stderr, and nothing raw to either.

Every line passes through ``clean`` here, so no command can print a server's text as it came. A pipe
that closed, a full disk behind stdout, a missing stream: none of them ends in a traceback.
"""

import os
import sys

from keyturn.client.commands.text import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal, TextIO

    Mark = Literal["ok", "warn", "fail"]

_COLOURS = {"ok": "32", "warn": "33", "fail": "31"}
_INDENT = 6


class Console:
    """The three standard streams of one command.

    Args:
        as_json: The caller asked for ``--json``: answers are documents, and nobody is asked.
        environ: Where NO_COLOR, TERM, CI, AI_AGENT and AGENT are looked up.
    """

    def __init__(
        self, *, as_json: bool = False, environ: "Mapping[str, str] | None" = None
    ) -> None:
        self.as_json: bool = as_json
        self.environ: Mapping[str, str] = os.environ if environ is None else environ
        self.answer_lost: OSError | None = None
        self._announced = False
        self._countdown_width = 0

    @property
    def json_errors(self) -> bool:
        """Whether errors are one JSON line: under ``--json``, or when an agent is the caller."""
        return self.as_json or self._is_set("AI_AGENT") or self._is_set("AGENT")

    @property
    def interactive(self) -> bool:
        """Whether somebody is there to answer a question."""
        if self.json_errors or self._is_set("CI"):
            return False
        return _is_terminal(sys.stdin) and _is_terminal(sys.stderr)

    def answer(self, line: str) -> None:
        """Print one line of what was asked for."""
        self._settle()
        self._write_out(clean(line) + "\n")

    def answer_marked(self, mark: "Mark", line: str, *more: str) -> None:
        """Print a marked line of what was asked for, and under it, indented, what belongs to it."""
        self._settle()
        text = self._coloured(mark, sys.stdout) + clean(line) + "\n"
        for each in more:
            text += " " * _INDENT + clean(each) + "\n"
        self._write_out(text)

    def secret(self, value: str) -> None:
        """Print a bare secret; the newline is for people, so it comes only on a terminal."""
        self._write_out(clean(value) + ("\n" if _is_terminal(sys.stdout) else ""))

    def document(self, value: object) -> None:
        """Print one JSON document on one line, ASCII only: escapes hide nothing from a reader."""
        import json

        self._settle()
        self._write_out(json.dumps(value, separators=(",", ":")) + "\n")

    def talk(self, line: str = "") -> None:
        """Print one line that accompanies the answer."""
        self._settle()
        self._write_err(clean(line) + "\n")

    def mark(self, mark: "Mark", line: str, *more: str) -> None:
        """Print a marked line, and under it, indented, what belongs to it."""
        self.talk_raw(self._coloured(mark, sys.stderr) + clean(line) + "\n")
        for text in more:
            self.talk_raw(" " * _INDENT + clean(text) + "\n")

    def talk_raw(self, text: str) -> None:
        """Write text that this package composed itself to stderr, as it is."""
        self._settle()
        self._write_err(text)

    def waiting(self, text: str) -> None:
        """Show that something is awaited: a line that counts on a terminal, else one line once."""
        if not _is_terminal(sys.stderr):
            if not self._announced:
                self._write_err(clean(text) + "\n")
            self._announced = True
            return
        shown = clean(text)[: _columns() - 1]
        self._write_err("\r" + shown + " " * (self._countdown_width - len(shown)))
        self._countdown_width = len(shown)

    def ask(self, question: str) -> bool:
        """Ask a yes-or-no question; the end of input, a closed stdin and anything else are no."""
        self._write_err(clean(question) + " [y/N] ")
        try:
            reply = sys.stdin.readline() if sys.stdin else ""
        except (OSError, ValueError):
            reply = ""
        if not reply.endswith("\n"):
            self._write_err("\n")
        return reply.strip().lower() in ("y", "yes")

    def read_secret(self, prompt: str, *, limit: int) -> str:
        """Read a secret from stdin, unseen on a terminal; empty when there is none.

        Args:
            prompt: Shown on a terminal only.
            limit: How many bytes are read at most.
        """
        if _is_terminal(sys.stdin):
            from keyturn.client.commands.secret_prompt import prompt_secret

            return prompt_secret(clean(prompt))
        try:
            return sys.stdin.buffer.read(limit).decode("utf-8", "replace").strip()
        except (AttributeError, OSError, ValueError):  # stdin is closed
            return ""

    def finish(self) -> None:
        """End a line that was still counting."""
        self._settle()

    def _settle(self) -> None:
        if self._countdown_width:
            self._write_err("\n")
        self._countdown_width = 0

    def _coloured(self, mark: str, stream: "TextIO | None") -> str:
        plain = mark.ljust(_INDENT)
        if not _is_terminal(stream) or self._is_set("NO_COLOR"):
            return plain
        if self.environ.get("TERM") == "dumb":
            return plain
        return f"\x1b[{_COLOURS[mark]}m{mark}\x1b[0m" + plain[len(mark) :]

    def _write_out(self, text: str) -> None:
        if self.answer_lost is None:
            self.answer_lost = _write(sys.stdout, text)

    def _write_err(self, text: str) -> None:
        _write(sys.stderr, text)

    def _is_set(self, name: str) -> bool:
        return bool(self.environ.get(name))


def _write(stream: "TextIO | None", text: str) -> OSError | None:
    """Write and flush; return what went wrong instead of raising it."""
    if stream is None or stream.closed:
        return BrokenPipeError("the stream is closed")
    try:
        _encode(stream, text)
        stream.flush()
    except OSError as error:
        _silence(stream)
        return error
    return None


def _encode(stream: "TextIO", text: str) -> None:
    try:
        stream.write(text)
    except UnicodeEncodeError:
        # A terminal without the letters of somebody's name still gets the rest of the line.
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


def _silence(stream: "TextIO") -> None:
    """Let the interpreter's own flush at exit find nothing to complain about."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        pass


def _is_terminal(stream: "TextIO | None") -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def _columns() -> int:
    try:
        return os.get_terminal_size(2).columns or 80
    except OSError:
        return 80
