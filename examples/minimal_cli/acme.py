"""acme: a small command-line program whose users sign in."""

import argparse
import os
import sys

import keyturn

auth = keyturn.Auth(
    "acme",
    issuer=os.environ.get("ACME_ISSUER", "http://127.0.0.1:8102"),
    client_id=os.environ.get("ACME_CLIENT_ID", "keyturn-cli"),
)


def hello(args: argparse.Namespace) -> int:
    """Greet whoever is signed in: a call that the server answers only with a valid token."""
    import json
    import urllib.request

    request = urllib.request.Request(f"{auth.issuer}/oauth/userinfo")
    request.add_header("Authorization", f"Bearer {auth.token()}")  # renewed when it is due
    with urllib.request.urlopen(request, timeout=10) as reply:
        person = json.load(reply)
    print(f"Hello, {person.get('name') or person.get('email') or person['sub']}.")
    return 0


def main() -> int:
    if keyturn.print_token_if_asked(auth):  # `acme auth token`, before a parser is built
        return 0
    parser = argparse.ArgumentParser(prog="acme")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    commands.add_parser("hello", help="Say hello to whoever is signed in.").set_defaults(func=hello)
    keyturn.attach_argparse(commands, auth)  # acme auth login, logout, status, token, ...

    args = parser.parse_args()
    try:
        return args.func(args)
    except keyturn.KeyturnError as error:
        return keyturn.report_error(error, program="acme")
    except OSError as error:
        print(f"acme: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
