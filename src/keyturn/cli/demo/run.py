"""Runs the demo from its first line to its last, and leaves nothing behind."""

from __future__ import annotations

import argparse
import os
import signal
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from keyturn.cli.demo import steps, surroundings
from keyturn.cli.demo.browser import Browser
from keyturn.cli.demo.stage import DemoFailed, Stage
from keyturn.client import clock
from keyturn.client.commands.errors import EXIT_FAILED, EXIT_INTERRUPTED
from keyturn.client.commands.output import Console
from keyturn.net.page import NotOnThePage
from keyturn.protocol.errors import KeyturnError, MissingExtra

if TYPE_CHECKING:
    from collections.abc import Sequence

_FAILURES = (DemoFailed, NotOnThePage, KeyturnError, OSError)


def main(argv: Sequence[str]) -> int:
    """Run the demo: 0 when every step did what it should, 1 otherwise, 130 when interrupted.

    Raises:
        MissingExtra: the server is not installed.
    """
    _parser().parse_args(argv)
    if find_spec("uvicorn") is None:
        raise MissingExtra("server", needed_for="`keyturn demo`")
    _end_as_by_ctrl_c()
    console = Console()
    started = clock.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="keyturn-demo-") as folder:
            _on_stage(Path(folder), console)
    except KeyboardInterrupt:
        console.talk()
        console.talk("Stopped. The server has ended and the temporary folder is gone.")
        return EXIT_INTERRUPTED
    except _FAILURES as failure:
        console.mark("fail", str(failure))
        return EXIT_FAILED
    console.answer("")
    console.answer(
        f"Done in {clock.monotonic() - started:.0f} seconds. "
        "The server has ended and the temporary folder is gone."
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog="keyturn demo",
        description="Start a server here, sign a sample program in through the browser, renew its "
        "session, list the sessions and sign out. AUTO=1, or no terminal: a scripted browser "
        "plays the person. Nothing stays behind.",
    )


def _end_as_by_ctrl_c() -> None:
    """Have a supervisor's polite end, or a closed terminal, clean up as Ctrl-C does."""
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)


def _on_stage(folder: Path, console: Console) -> None:
    by_itself = surroundings.plays_by_itself(os.environ)
    console.answer("Keyturn demo: a real server, a real program, real pages. Nothing stays behind.")
    with Stage(folder, by_itself=by_itself) as stage:
        try:
            if by_itself:
                _by_itself(stage)
            else:
                _with_a_person(stage)
        except _FAILURES:
            for line in stage.server_log():
                console.talk(f"server  {line}")
            raise


def _by_itself(stage: Stage) -> None:
    browser = Browser()
    try:
        stage.title("1. A server")
        stage.start_server()
        stage.title("2. Sign in; a scripted browser plays the person")
        steps.sign_in_by_script(stage, browser)
        stage.title("3. A protected call")
        steps.call(stage)
        stage.title("4. A silent renewal")
        steps.renew(stage)
        stage.title("5. The sessions of the account")
        steps.list_by_script(stage, browser)
        stage.title("6. Sign out")
        steps.sign_out(stage)
    finally:
        browser.close()


def _with_a_person(stage: Stage) -> None:
    stage.title("1. A server")
    stage.start_server()
    stage.title("2. Sign in")
    steps.sign_in_by_person(stage)
    stage.title("3. A protected call")
    steps.call(stage)
    stage.title("4. A silent renewal")
    steps.renew(stage)
    stage.title("5. The sessions of the account")
    steps.list_by_person(stage)
    stage.title("6. Sign out")
    steps.sign_out(stage)
