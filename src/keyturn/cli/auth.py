"""``keyturn auth``: the ready-made commands for everyone, with profiles instead of an author.

Which server a profile means is told once, at ``login``, and remembered when that succeeded.
"""

from keyturn.cli.profiles import DEFAULT, is_name, load
from keyturn.client import state_directory
from keyturn.client.commands.quick import answered


def main(argv: list[str]) -> int:
    """Run ``keyturn auth`` with the arguments after these two words; return the exit status."""
    if _token_printed(argv):
        return 0
    import argparse

    from keyturn.cli.auth_run import more_options, run
    from keyturn.client.commands.attach_argparse import fill_later

    parser = argparse.ArgumentParser(
        prog="keyturn auth", description="Sign in and out, and see who is signed in."
    )
    fill_later(parser, run, more_options=more_options)
    args = parser.parse_args(argv)
    status: int = args.func(args)
    return status


def _token_printed(argv: list[str]) -> bool:
    """Answer a plain ``token``, which needs no parser; leave all else to the long way."""
    name = DEFAULT
    if len(argv) == 3 and argv[1] == "--profile":
        name = argv[2]
    elif len(argv) != 1:
        return False
    if argv[0] != "token" or not is_name(name):
        return False
    try:
        profile = load(state_directory("keyturn"), name)
    except Exception:  # The long way meets it again, and says what it is.
        return False
    return profile is not None and answered(profile.auth(), "token", {})
