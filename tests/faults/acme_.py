"""A program called acme whose every command is a process forked from one that has loaded it all.

    python -m tests.faults.acme_

So a command starts in milliseconds, and none of its system calls are Python's own start-up. Orders
come as JSON lines on stdin; each is answered by two lines: the process's id, and how it ended.
"""

import argparse
import importlib
import json
import os
import pkgutil
import signal
import sys
from contextlib import suppress
from typing import Any

import keyturn
from keyturn.client import clock
from keyturn.client.effects import Effects
from keyturn.client.id_token import check_signature

CLIENT_ID = "keyturn-cli"
GO = signal.SIGUSR1
# Where Python would load something only when a command first needs it.
_LATE = (
    *("encodings.idna", "encodings.ascii", "encodings.latin_1", "getpass", "stringprep"),
    *("jeepney", "jeepney.io.blocking", "hashlib", "secrets"),
)


class Auth(keyturn.Auth):
    """Signs in by the browser here unless another way is asked for."""

    def login(self, **options: Any) -> Any:
        """Sign in."""
        if options["method"] == "auto":
            options["method"] = "loopback"
        return super().login(**options)


def acme(arguments: list[str]) -> int:
    """Run acme. ``ACME_AHEAD`` puts its clock ahead by so many seconds."""
    ahead = float(os.environ.get("ACME_AHEAD", "0"))
    auth = Auth(
        "acme",
        issuer=os.environ["ACME_ISSUER"],
        client_id=CLIENT_ID,
        storage=os.environ.get("ACME_STORAGE", "file"),
        effects=Effects(now=lambda: clock.now() + ahead),
        legacy=keyturn.LegacyFile(os.environ["ACME_LEGACY"])
        if "ACME_LEGACY" in os.environ
        else None,
    )
    parser = argparse.ArgumentParser(prog="acme")
    keyturn.attach_argparse(parser.add_subparsers(required=True), auth)
    parsed = parser.parse_args(arguments)
    status: int = parsed.func(parsed)
    return status


def load() -> None:
    """Load whatever any command of acme might."""
    for name in _LATE:
        with suppress(ImportError):
            importlib.import_module(name)
    for name in ("keyturn.client", "keyturn.net", "keyturn.protocol"):
        for module in pkgutil.walk_packages(importlib.import_module(name).__path__, name + "."):
            with suppress(ImportError):  # of an extra that is not installed
                importlib.import_module(module.name)
    _check_a_signature()


def _check_a_signature() -> None:
    """Have the library loaded that does it, with all that it loads when it is first used."""
    from joserfc import jws
    from joserfc.jwk import ECKey, RSAKey

    for algorithm, key in (("ES256", ECKey.generate_key()), ("RS256", RSAKey.generate_key())):
        token = jws.serialize_compact({"alg": algorithm}, b"{}", key)
        check_signature(token, [dict(key.as_dict(private=False))])


def serve() -> int:
    """Carry out orders until there are none; in the processes it forks, return acme's status."""
    load()
    # From now on, so that the signal finds the process waiting or about to.
    signal.pthread_sigmask(signal.SIG_BLOCK, {GO})
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            return _carry_out(order)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
    return 0


def _carry_out(order: dict[str, Any]) -> int:
    told = os.dup(1)
    os.chdir(order["environ"]["HOME"])
    os.environ.clear()
    os.environ.update(order["environ"])
    _become(0, os.open(os.devnull, os.O_RDONLY))
    for number, name in ((1, "out"), (2, "err")):
        _become(number, os.open(order[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    os.write(told, b"%d\n" % os.getpid())  # The last call before acme's own.
    if order["gate"]:
        signal.sigwait({GO})
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {GO})
    return acme(order["arguments"])


def _become(number: int, descriptor: int) -> None:
    os.dup2(descriptor, number)
    os.close(descriptor)


if __name__ == "__main__":
    sys.exit(serve())
