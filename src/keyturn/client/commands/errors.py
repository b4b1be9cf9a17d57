"""How a failure looks: a marked sentence with its next step, or one JSON line."""

from keyturn.client.commands.output import Console
from keyturn.protocol.errors import KeyturnError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130  # 128 + SIGINT
_LONGEST_MESSAGE = 1000


class CommandUsage(Exception):
    """The command was typed in a way it does not understand. Exit status 2, as argparse's."""

    code = "USAGE"
    exit_status = EXIT_USAGE

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


def hint_of(
    error: KeyturnError, *, program: str, group: str = "auth", suffix: str = ""
) -> str | None:
    """Return the next step as it is typed here.

    Args:
        error: Its hint speaks of ``{program} auth login`` and the like.
        program: What the program is called.
        group: Under which name the commands hang; ``auth`` unless the author chose another.
        suffix: What every command of this caller ends with, such as `` --profile work``.
    """
    hint = error.hint
    if hint is None:
        return None
    if group != "auth" or suffix:
        for command in _COMMANDS_IN_HINTS:
            hint = hint.replace(
                f"{{program}} auth {command}", f"{{program}} {group} {command}{suffix}"
            )
    return hint.replace("{program}", program)


_COMMANDS_IN_HINTS = ("login", "logout", "status", "switch", "list", "refresh", "doctor")


def show(console: Console, code: str, message: str, hint: str | None) -> None:
    """Print one failure the way this console's caller wants it."""
    message = message[:_LONGEST_MESSAGE]
    if console.json_errors:
        import json

        problem = {"code": code, "message": message, "hint": hint}
        console.talk_raw(json.dumps({"error": problem}) + "\n")
    else:
        console.mark("fail", message, *([hint] if hint else []))


def fail(
    console: Console,
    error: KeyturnError | CommandUsage,
    *,
    program: str,
    group: str = "auth",
    suffix: str = "",
) -> int:
    """Print ``error`` with its next step as typed here; return the exit status for it."""
    if isinstance(error, KeyturnError):
        hint = hint_of(error, program=program, group=group, suffix=suffix)
    else:
        hint = error.hint
    show(console, error.code, str(error), hint)
    return error.exit_status


def report_error(
    error: KeyturnError, *, program: str, environ: "Mapping[str, str] | None" = None
) -> int:
    """Print ``error`` as the ready-made commands do and return the exit status for it.

    For commands of one's own: ``except keyturn.KeyturnError as error: return
    keyturn.report_error(error, program="acme")``.

    Args:
        error: What was raised.
        program: What hints call the program.
        environ: Instead of ``os.environ``; AI_AGENT or AGENT asks for JSON, NO_COLOR for no colour.
    """
    return fail(Console(environ=environ), error, program=program)
