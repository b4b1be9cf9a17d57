"""acme for people who always have a browser: its author asks for the loopback redirect.

Left to itself, the client would give out a code for another device wherever this suite runs in a
container.
"""

import argparse
import os
import sys
from typing import Any

import keyturn


class Auth(keyturn.Auth):
    """Signs in through the browser here unless another way is asked for."""

    def login(self, **options: Any) -> Any:
        """Sign in."""
        if options["method"] == "auto":
            options["method"] = "loopback"
        return super().login(**options)


def main() -> int:
    """Run acme."""
    parser = argparse.ArgumentParser(prog="acme")
    auth = Auth("acme", issuer=os.environ["ACME_ISSUER"], client_id=os.environ["ACME_CLIENT_ID"])
    keyturn.attach_argparse(parser.add_subparsers(required=True), auth)
    args = parser.parse_args()
    status: int = args.func(args)
    return status


if __name__ == "__main__":
    sys.exit(main())
