"""Runs one command: loads it, hands it what it works on, and turns every end into an exit status.

The attachers only parse. From here on nothing depends on the command-line framework, and no
ordinary failure ends in a traceback: 0 done, 1 failed, 2 usage, 4 sign-in required, 75 temporary,
130 interrupted.
"""

from keyturn.client.commands.call import Call
from keyturn.client.commands.errors import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    CommandUsage,
    fail,
    show,
)
from keyturn.client.commands.output import Console
from keyturn.client.commands.table import load
from keyturn.protocol.errors import KeyturnError, SignInRequired

__all__ = ["Call", "run_command"]


def run_command(name: str, call: Call) -> int:
    """Run one command of the table and return its exit status."""
    console = call.console
    if call.options.get("verbose"):
        call.auth.trace(console.talk)
    try:
        status = load(name).run(call)
    except KeyboardInterrupt:
        console.finish()
        return EXIT_INTERRUPTED
    except (KeyturnError, CommandUsage) as error:
        if isinstance(error, SignInRequired):
            _tell_not_signed_in(call)
        names = {"program": call.auth.program, "group": call.group, "suffix": call.suffix}
        return fail(console, error, **names)
    console.finish()
    return status or _lost_answer(console)


def _tell_not_signed_in(call: Call) -> None:
    if call.hooks and call.hooks.on_not_signed_in:
        from keyturn.client.commands.hooks import call_hook

        call_hook(call.console, call.hooks.on_not_signed_in)


def _lost_answer(console: Console) -> int:
    """Return 1 when the answer did not reach stdout; a reader who left early is told nothing."""
    lost = console.answer_lost
    if lost is None:
        return 0
    if not isinstance(lost, BrokenPipeError):
        show(console, "OUTPUT_FAILED", f"The answer could not be written: {lost.strerror}.", None)
    return EXIT_FAILED
