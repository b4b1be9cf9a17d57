"""Runs every check. One that crashes is one failed line; the others still run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.client.doctor import file_checks, keyring_check, server_checks, session_checks
from keyturn.client.doctor.examination import Examination
from keyturn.client.doctor.findings import Finding
from keyturn.protocol.errors import KeyturnError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keyturn.client.runtime import Runtime

    Check = Callable[[Examination], Finding | None]

CHECKS: Sequence[Check] = (
    session_checks.account,
    session_checks.token,
    server_checks.clock,
    keyring_check.keyring,
    keyring_check.leftovers,
    server_checks.connection,
    server_checks.server,
    file_checks.files,
    file_checks.lock,
    file_checks.place,
    session_checks.environment,
    session_checks.version,
)


def examine(rt: Runtime, account: str | None, *, checks: Sequence[Check] = CHECKS) -> list[Finding]:
    """Return what each check found; one that has nothing to look at here finds nothing."""
    exam = Examination(rt, account)
    found = [_checked(check, exam) for check in checks]
    return [finding for finding in found if finding is not None]


def _checked(check: Check, exam: Examination) -> Finding | None:
    name = check.__name__
    try:
        return check(exam)
    except KeyturnError as error:
        return Finding(check=name, outcome="fail", evidence=str(error), remedy=error.hint)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return Finding(check=name, outcome="fail", evidence=f"could not be checked: {reason}")
    except Exception as error:
        # By type: the text of what nobody foresaw may hold anything.
        evidence = f"the check itself failed ({type(error).__name__})"
        return Finding(check=name, outcome="fail", evidence=evidence)
