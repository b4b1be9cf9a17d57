"""Runs a command of ``keyturn auth``: finds its profile, remembers what ``login`` was told."""

from keyturn.cli.profiles import DEFAULT, KEYS, Profile, is_name, load, save
from keyturn.client.commands.errors import EXIT_FAILED, CommandUsage, fail
from keyturn.client.commands.output import Console
from keyturn.client.commands.run import Call, run_command
from keyturn.client.commands.table import Option
from keyturn.client.paths import state_directory
from keyturn.protocol.errors import KeyturnError, SignInRequired

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

_HOW = "keyturn auth login --issuer URL"
_PROFILE = Option("--profile", metavar="NAME", help="Which profile; 'default' where left out.")
_SERVER = (
    Option("--issuer", metavar="URL", help="The OAuth server, remembered in the profile."),
    Option("--client-id", metavar="ID", help="The client there; left out, the server makes one."),
    Option("--stack-url", metavar="URL", help="The API of a Stack-compatible project instead."),
    Option("--project-id", metavar="ID", help="The project."),
    Option("--publishable-client-key", metavar="KEY", help="The project's publishable key."),
    Option("--app-url", metavar="URL", help="The web application that approves the sign-in."),
)


def more_options(command: str) -> "Sequence[Option]":
    """Return the options that a command has here beyond those it has everywhere."""
    return (*_SERVER, _PROFILE) if command == "login" else (_PROFILE,)


def run(command: str, options: "Mapping[str, Any]") -> int:
    """Run one command for the profile that ``options`` name."""
    console = Console(as_json=bool(options.get("json")))
    name = options.get("profile") or DEFAULT
    suffix = "" if name == DEFAULT else f" --profile {name}"
    try:
        stored, wanted = _profile(command, name, options)
        call = Call(wanted.auth(), console, options, suffix=suffix)
    except (KeyturnError, CommandUsage) as error:
        return fail(console, error, program="keyturn", suffix=suffix)
    status = run_command(command, call)
    if status == 0 and (stored is None or wanted.settings != stored.settings):
        status = _remember(console, stored, wanted)
    return status


def _profile(
    command: str, name: str, options: "Mapping[str, Any]"
) -> tuple[Profile | None, Profile]:
    """Return the profile as it is stored, and as this command wants it.

    Raises:
        CommandUsage: the name or the options cannot be.
        SignInRequired: there is no such profile yet, so nobody can be signed in to it.
    """
    if not is_name(name):
        raise CommandUsage("A profile's name is made of letters, digits, '.', '_' and '-'.")
    stored = load(state_directory("keyturn"), name)
    given = {key: value for key in KEYS if (value := options.get(key))}
    if given:
        try:
            return stored, Profile(name, given)
        except ValueError as error:
            raise CommandUsage(str(error), hint="Run `keyturn auth login --help`.") from None
    if stored is None:
        message = f"The profile '{name}' names no server yet."
        hint = f"Run `{_HOW}{'' if name == DEFAULT else ' --profile ' + name}`."
        if command == "login":
            raise CommandUsage(message, hint=hint)
        missing = SignInRequired(message)
        missing.hint = hint
        raise missing
    return stored, stored


def _remember(console: Console, stored: Profile | None, wanted: Profile) -> int:
    try:
        save(state_directory("keyturn"), wanted)
    except KeyturnError as error:
        fail(console, error, program="keyturn")
        return EXIT_FAILED
    if stored is not None and not console.as_json:
        console.talk(
            f"The profile '{wanted.name}' now means {wanted.server}, no longer {stored.server}."
        )
    return 0
