"""acme: a small program with tests of its own, which sign a person in at a real server."""

import argparse
import os
import sys

import keyturn


def build() -> tuple[argparse.ArgumentParser, keyturn.Auth]:
    auth = keyturn.Auth(
        "acme",
        issuer=os.environ["ACME_ISSUER"],
        client_id=os.environ.get("ACME_CLIENT_ID", "keyturn-cli"),
        storage="file",
    )
    parser = argparse.ArgumentParser(prog="acme")
    commands = parser.add_subparsers(required=True)
    keyturn.attach_argparse(commands, auth)
    return parser, auth


def main() -> int:
    parser, _ = build()
    args = parser.parse_args()
    status: int = args.func(args)
    return status


if __name__ == "__main__":
    sys.exit(main())
