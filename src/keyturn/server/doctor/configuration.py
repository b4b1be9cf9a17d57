"""Checks of settings, of the address and of what lies around the database."""

from __future__ import annotations

import ipaddress
import shutil
import stat
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from keyturn.server.doctor.findings import Finding

if TYPE_CHECKING:
    from pathlib import Path

    from keyturn.server.doctor.examination import Examination

# With less, a database soon cannot even write its log.
SCARCE_BYTES = 512 * 1024**2
NONE_LEFT_BYTES = 16 * 1024**2


async def settings(exam: Examination) -> Finding:
    """Say which settings fit trying things out and not a server that strangers reach."""
    chosen, loose = exam.settings, []
    if is_public(exam):
        loose += ["preview is on"] if chosen.preview else []
        loose += ["rate_limits is off"] if chosen.rate_limits == "off" else []
    if loose:
        return Finding(
            check="settings",
            outcome="warn",
            evidence=" and ".join(loose),
            remedy="Both are for trying things out: leave them at their defaults.",
        )
    source = f"{exam.file} and KEYTURN_*" if exam.file else "KEYTURN_* and defaults"
    return Finding(check="settings", outcome="pass", evidence=f"from {source}")


async def address(exam: Examination) -> Finding:
    """Judge the base URL: links, cookies and tokens are made from it."""
    chosen = exam.settings
    if chosen.base_url is None and not _is_loopback(chosen.host):
        return Finding(
            check="address",
            outcome="fail",
            evidence=f"listens on {chosen.host} and calls itself {chosen.issuer}",
            remedy="Set KEYTURN_BASE_URL to the address that people and programs use.",
        )
    if is_public(exam) and urlsplit(chosen.issuer).scheme == "http":
        return Finding(
            check="address",
            outcome="fail",
            evidence=f"{chosen.issuer} is not https: tokens cross the network in the clear",
            remedy="Put a proxy with TLS before it and set KEYTURN_BASE_URL to its https address.",
        )
    if is_public(exam) and not chosen.trusted_proxies:
        return Finding(
            check="address",
            outcome="warn",
            evidence=f"{chosen.issuer}; no proxy is trusted, so visitors share its address",
            remedy="Set KEYTURN_TRUSTED_PROXIES to the address of the proxy that ends TLS.",
        )
    return Finding(check="address", outcome="pass", evidence=chosen.issuer)


async def files(exam: Examination) -> Finding | None:
    """Say which files with secrets others may read."""
    data = exam.settings.data
    if not data.is_dir():
        return Finding(check="files", outcome="pass", evidence=f"{data} is made by the first start")
    places = [data, exam.settings.secret_path, *data.glob("project-*-keys.json")]
    places += [exam.file] if exam.file and _holds_secrets(exam) else []
    places += [path for path in data.glob("keyturn.sqlite3*") if path.is_file()]
    open_ones = [str(place) for place in places if _others_may_read(place)]
    if open_ones:
        return Finding(
            check="files",
            outcome="fail",
            evidence=f"others may read {', '.join(open_ones)}",
            remedy=f"Run: chmod go= {' '.join(open_ones)}",
        )
    return Finding(check="files", outcome="pass", evidence=f"{data} is its owner's alone")


async def disk(exam: Examination) -> Finding | None:
    """Say how much room is left where the server writes."""
    data = exam.settings.data
    if not data.is_dir():
        return None
    free = shutil.disk_usage(data).free
    evidence = f"{free // 1024**2} MiB are free below {data}"
    if free < SCARCE_BYTES:
        return Finding(
            check="disk",
            outcome="fail" if free < NONE_LEFT_BYTES else "warn",
            evidence=evidence,
            remedy="Make room: a server that cannot write answers 503.",
        )
    return Finding(check="disk", outcome="pass", evidence=evidence)


def is_public(exam: Examination) -> bool:
    """Say whether others than this machine reach the server."""
    return not _is_loopback(urlsplit(exam.settings.issuer).hostname or "")


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _holds_secrets(exam: Examination) -> bool:
    chosen = exam.settings
    keys = [
        key
        for project in chosen.projects
        for key in (project.secret_server_key, project.super_secret_admin_key)
    ]
    return any([*keys, *(client.secret for client in chosen.clients), chosen.smtp_url])


def _others_may_read(place: Path) -> bool:
    try:
        return bool(stat.S_IMODE(place.stat().st_mode) & 0o077)
    except FileNotFoundError:
        return False
