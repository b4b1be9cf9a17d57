"""Checks of the server's secret and of the keys that sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.doctor.findings import Finding
from keyturn.server.keys.listing import listed
from keyturn.server.secret import SecretProblem, ServerSecret, fingerprint, load_secret
from keyturn.server.storage.base import Work, every, first

if TYPE_CHECKING:
    from keyturn.server.doctor.examination import Examination

DAY_MS = 24 * 3600 * 1000
OLD_DAYS = 180


async def secret(exam: Examination) -> Finding | None:
    """Say whether the secret file is the one that this database was made with."""
    path, remembered = exam.settings.secret_path, None
    if exam.opened is not None and exam.opened.facts.schema:
        remembered = await exam.opened.read(_fingerprint)
    if remembered is None and not path.exists():
        return Finding(check="secret", outcome="pass", evidence=f"{path} is made at first start")
    try:
        found = load_secret(path, may_create=False)
    except SecretProblem as problem:
        return Finding(
            check="secret",
            outcome="fail",
            evidence=str(problem),
            remedy="It is never made anew over existing data: every token would be lost.",
        )
    if remembered is not None and remembered != fingerprint(found):
        return Finding(
            check="secret",
            outcome="fail",
            evidence=f"{path} is not the secret this database was made with",
            remedy="Restore the secret file from the same backup as the database.",
        )
    return Finding(check="secret", outcome="pass", evidence=f"{path} fits the database")


async def keys(exam: Examination) -> Finding | None:
    """Say how old the signing keys are, and whether each can be opened."""
    if exam.opened is None or not exam.opened.facts.schema:
        return None
    now = exam.clock.now_ms()
    found = [key for key in await exam.opened.read(listed, now=now) if key.state == "signing"]
    if not found:
        return Finding(check="keys", outcome="pass", evidence="none yet; made when first needed")
    await _open_all(exam)
    oldest = min(found, key=lambda key: key.created_at)
    days = (now - oldest.created_at) // DAY_MS
    algorithms = ", ".join(sorted({key.algorithm for key in found}))
    evidence = f"{len(found)} sign ({algorithms}), the oldest is {days} days old"
    if days > OLD_DAYS:
        return Finding(
            check="keys", outcome="warn", evidence=evidence, remedy="Run `keyturn keys rotate`."
        )
    return Finding(check="keys", outcome="pass", evidence=evidence)


async def _open_all(exam: Examination) -> None:
    assert exam.opened is not None  # noqa: S101 - the caller looked
    found: ServerSecret = load_secret(exam.settings.secret_path, may_create=False)
    for row in await exam.opened.read(lambda: every("sealed_signing_keys")):
        found.open("signing key", row["private_sealed"], context=row["kid"])


def _fingerprint() -> Work[str | None]:
    row = yield from first("server_meta", name="secret")
    return row["value"] if row else None
