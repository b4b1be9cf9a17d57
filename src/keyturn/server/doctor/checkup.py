"""Runs every check of the server. One that crashes is one failed line; the others still run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.doctor import configuration, database, keys, mail
from keyturn.server.doctor.examination import Examination
from keyturn.server.doctor.findings import Finding
from keyturn.server.secret import SecretProblem, Unsealable
from keyturn.server.storage.base import StorageUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from keyturn.server.clock import Clock
    from keyturn.server.settings import Settings

    Check = Callable[[Examination], Awaitable[Finding | None]]

CHECKS: Sequence[Check] = (
    configuration.settings,
    configuration.address,
    configuration.files,
    configuration.disk,
    database.database,
    keys.secret,
    keys.keys,
    database.clock,
    mail.mail,
    mail.outbox,
)


async def examine(settings: Settings, *, file: Path | None, clock: Clock) -> list[Finding]:
    """Return what each check found; one that has nothing to look at here finds nothing.

    Args:
        settings: Of the server to look at.
        file: The TOML file they came from, if any.
        clock: This machine's.
    """
    async with Examination.of(settings, file=file, clock=clock) as exam:
        found = [await _checked(check, exam) for check in CHECKS]
    return [finding for finding in found if finding is not None]


async def _checked(check: Check, exam: Examination) -> Finding | None:
    name = check.__name__
    try:
        return await check(exam)
    except (SecretProblem, StorageUnavailable) as error:
        return Finding(check=name, outcome="fail", evidence=str(error))
    except Unsealable:
        return Finding(
            check=name,
            outcome="fail",
            evidence="what is stored was sealed under another secret",
            remedy="Restore the secret file that belongs to this database.",
        )
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return Finding(check=name, outcome="fail", evidence=f"could not be checked: {reason}")
    except Exception as error:
        # By type: the text of what nobody foresaw may hold anything.
        evidence = f"the check itself failed ({type(error).__name__})"
        return Finding(check=name, outcome="fail", evidence=evidence)
