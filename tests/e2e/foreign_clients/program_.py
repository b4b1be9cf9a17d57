"""A program that somebody else's library signs in, and the person it asks.

The program says on stdout what it wants of the person, one JSON object a line, and at the end what
it found out. The person's browser goes where it is sent and comes back to the program's own port.
"""

import json
import subprocess
from typing import Any

from keyturn.testing.person import Person

_PATIENCE_SECONDS = 40


def run(
    command: list[str],
    person: Person,
    *,
    environment: dict[str, str],
    pass_fds: tuple[int, ...] = (),
) -> dict[str, Any]:
    """Run a program to its end and return what it found out; its failure fails the test."""
    process = subprocess.Popen(
        command,
        env=environment,
        pass_fds=pass_fds,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        found = _attended(process, person)
        _, errors = process.communicate(timeout=_PATIENCE_SECONDS)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0, errors
    assert found is not None, errors
    return found


def _attended(process: subprocess.Popen[str], person: Person) -> dict[str, Any] | None:
    assert process.stdout is not None
    assert process.stdin is not None
    for line in process.stdout:
        said: dict[str, Any] = json.loads(line)
        if "done" in said:
            found: dict[str, Any] = said["done"]
            return found
        person.decide(said["open"], user_code=said.get("user_code"))
        if "user_code" in said:
            process.stdin.write("approved\n")
            process.stdin.flush()
    return None
