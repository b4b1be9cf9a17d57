"""acme twice over: as an author builds it, and with the full parser and the long way only.

``acme_ways_.py short auth token`` may answer as fast as it can. ``acme_ways_.py long auth token``
goes through every parser and reads the session as a renewal would, whatever is stored. Both leave
word in the file ``ACME_LOADED`` whether the long way was needed.
"""

import argparse
import os
import sys
from typing import Any

import keyturn
from keyturn.client import environment_token
from keyturn.client.commands.argparse_commands import fill
from keyturn.client.commands.output import Console
from keyturn.client.commands.run import Call, run_command
from keyturn.client.config import StackProject

PREFIX = "keyturn_"  # what parsed options begin with


class LongAuth(keyturn.Auth):
    """Has no shortest way to a token."""

    def token(self, *, account: str | None = None) -> str:
        from keyturn.client.refresh import valid_session

        given = environment_token(self)
        return given or valid_session(self._runtime(), account).access_token


def auth_of(kind: type[keyturn.Auth]) -> keyturn.Auth:
    """Return acme's sign-in as the environment describes it."""
    home = os.environ.get("ACME_HOME_ARGUMENT")
    storage = os.environ.get("ACME_STORAGE", "auto")
    issuer = os.environ["ACME_ISSUER"]
    if "ACME_PROJECT" in os.environ:
        project = StackProject(
            base_url=issuer, project_id=os.environ["ACME_PROJECT"], app_url=issuer
        )
        return kind("acme", stack=project, home=home, storage=storage)
    client_id = os.environ["ACME_CLIENT_ID"]
    return kind("acme", issuer=issuer, client_id=client_id, home=home, storage=storage)


def attach_in_full(commands: "argparse._SubParsersAction[Any]", auth: keyturn.Auth) -> None:
    """Build every parser at once; run commands without a look at what could be quicker."""

    def function(command: str) -> dict[str, Any]:
        def run(args: argparse.Namespace) -> int:
            values = vars(args).items()
            typed = {k[len(PREFIX) :]: v for k, v in values if k.startswith(PREFIX)}
            return run_command(command, Call(auth, Console(as_json=typed["json"]), typed))

        return {"func": run}

    fill(commands.add_parser("auth"), function, None)


def give_privileges_up() -> None:
    """Become an ordinary user, with everything loaded that root's home could keep from one."""
    user = int(os.environ.get("ACME_USER", "0"))
    if user and os.geteuid() == 0:
        import locale  # noqa: F401  (what gettext asks for on the first text, from Python 3.13 on)
        import shutil  # noqa: F401

        import keyturn.client.commands.token
        import keyturn.client.refresh
        import keyturn.client.runtime  # noqa: F401

        os.setgroups([])
        os.setgid(user)
        os.setuid(user)


def main() -> int:
    give_privileges_up()
    way = sys.argv.pop(1)
    parser = argparse.ArgumentParser(prog="acme")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    if way == "short":
        keyturn.attach_argparse(commands, auth_of(keyturn.Auth))
    else:
        attach_in_full(commands, auth_of(LongAuth))
    args = parser.parse_args()
    status: int = args.func(args)
    return status


if __name__ == "__main__":
    loaded = os.open(os.environ["ACME_LOADED"], os.O_WRONLY | os.O_TRUNC)
    status = main()
    needed_it = "keyturn.client.runtime" in sys.modules
    os.write(loaded, b"long" if needed_it else b"short")
    sys.exit(status)
