"""Many processes that ask for a token at the same moment, and what each of them got.

    crowd_.py HOME ISSUER COUNT [SECONDS]

Their clocks are SECONDS ahead. Each prints one line: ``{"token": ...}`` or ``{"error": ...}``. They
are forked once everything is imported, so that they really start together.
"""

import json
import os
import sys
import time
import traceback

from keyturn.client import refresh, runtime  # noqa: F401 - loaded once, before the fork
from keyturn.client.auth import Auth
from keyturn.client.effects import Effects
from keyturn.protocol.errors import KeyturnError


def ask(home: str, issuer: str, ahead: float) -> dict[str, str]:
    """Ask for a token and say what came of it."""
    effects = Effects(now=lambda: time.time() + ahead)  # noqa: TID251 - a test's own clock
    auth = Auth("acme", issuer=issuer, client_id="acme-cli", home=home, effects=effects)
    try:
        return {"token": auth.token()}
    except KeyturnError as error:
        return {"error": error.code}


def main(home: str, issuer: str, count: int, ahead: float = 0.0) -> None:
    """Fork, start everybody at once, and wait for them."""
    start_read, start_write = os.pipe()
    children = []
    for _ in range(count):
        child = os.fork()
        if child == 0:
            os.close(start_write)
            os.read(start_read, 1)  # Returns, for all of them, when the last writer is gone.
            status = 1
            try:
                os.write(1, json.dumps(ask(home, issuer, ahead)).encode() + b"\n")
                status = 0
            except BaseException:
                traceback.print_exc()
            os._exit(status)
        children.append(child)
    os.close(start_read)
    os.close(start_write)
    for child in children:
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), *map(float, sys.argv[4:]))
