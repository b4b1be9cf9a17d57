"""Where the sessions lie: who may read them, whether locks work there, who else copies them."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from keyturn.client import paths, variable_prefix
from keyturn.client.commands.text import short_path
from keyturn.client.doctor.findings import Finding, Fix
from keyturn.client.lock import FileLock, LockTimeout

if TYPE_CHECKING:
    from keyturn.client.doctor.examination import Examination

_SECONDS_FOR_A_LOCK = 2.0
_SYNC_NAMES = (
    *("dropbox", "onedrive", "google drive", "googledrive", "icloud drive", "mobile documents"),
    *("cloudstorage", "nextcloud", "owncloud", "pcloud", "syncthing", "mega", "box sync"),
)
_SYNC_MARKS = (".stfolder", ".dropbox", ".dropbox.cache", ".sync", ".owncloudsync.log")


def files(exam: Examination) -> Finding | None:
    """Nobody else can read or replace the sessions."""
    home, path = exam.rt.home, exam.rt.store.location
    if os.name != "posix" or not os.path.lexists(home):
        return None
    for place, private in ((home, 0o700), (path, 0o600)):
        trouble = _trouble(place, private)
        if trouble is not None:
            return trouble
    where = short_path(path if os.path.exists(path) else home)
    return Finding(check="files", outcome="pass", evidence=f"{where} is private")


def _trouble(place: str, private: int) -> Finding | None:
    try:
        facts = os.lstat(place)
    except FileNotFoundError:
        return None
    shown = short_path(place)
    if stat.S_ISLNK(facts.st_mode) and private == 0o600:
        return _refused(f"{shown} is a symbolic link", "Put the file itself there.")
    facts = os.stat(place)
    expected = stat.S_ISDIR if private == 0o700 else stat.S_ISREG
    if not expected(facts.st_mode):
        kind = "directory" if private == 0o700 else "regular file"
        return _refused(f"{shown} is no {kind}", "Move it away.")
    if facts.st_uid not in (os.geteuid(), *((0,) if private == 0o700 else ())):
        return _refused(f"{shown} belongs to another user", "Run this as its owner.")
    if private == 0o600 and facts.st_nlink > 1:
        return _refused(f"{shown} has a second name (hard link)", "Remove the other name.")
    if facts.st_mode & 0o077 and facts.st_uid == os.geteuid():
        return _too_open(place, facts, private)
    return None


def _too_open(place: str, facts: os.stat_result, private: int) -> Finding:
    command = f"chmod {private:o} {place}"
    exposed = private == 0o600 or bool(facts.st_mode & 0o022)
    remedy = f"Run `{command}`."
    if exposed:
        remedy += " Whoever was here before may know the session: consider signing out."
    return Finding(
        check="files",
        outcome="fail" if exposed else "warn",
        evidence=f"{short_path(place)} is open to other users ({stat.S_IMODE(facts.st_mode):04o})",
        remedy=remedy,
        fix=Fix(question=f"Run `{command}`?", apply=lambda: _make_private(place, private)),
    )


def _refused(evidence: str, remedy: str) -> Finding:
    return Finding(check="files", outcome="fail", evidence=evidence, remedy=remedy)


def _make_private(place: str, mode: int) -> None:
    """Set the mode of the very file that was examined, never of what a link leads to."""
    follow = 0 if mode == 0o700 else os.O_NOFOLLOW
    descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK | follow)
    try:
        if os.fstat(descriptor).st_uid == os.geteuid():
            os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)


def lock(exam: Examination) -> Finding | None:
    """The file system keeps two processes from renewing one session at a time."""
    if not os.path.isdir(exam.rt.home):
        return None
    path, effects = paths.store_lock(exam.rt.home), exam.rt.effects
    try:
        with FileLock(path, effects=effects, limit_seconds=_SECONDS_FOR_A_LOCK) as held:
            works = held.effective and _keeps_others_out(exam, path)
    except LockTimeout:
        return Finding(
            check="lock",
            outcome="warn",
            evidence="another program holds the lock and does not let go",
            remedy="See which {program} is still running, and end it.",
        )
    if works:
        return Finding(check="lock", outcome="pass", evidence="works here")
    return Finding(
        check="lock",
        outcome="warn",
        evidence=f"the file system of {short_path(exam.rt.home)} cannot lock files",
        remedy=f"Set {_home_variable(exam)} to a directory on a local disk.",
    )


def _keeps_others_out(exam: Examination, path: str) -> bool:
    try:
        with FileLock(path, effects=exam.rt.effects, limit_seconds=0.0):
            return False
    except LockTimeout:
        return True


def place(exam: Examination) -> Finding:
    """The sessions lie where nothing copies them to other computers."""
    home = os.path.realpath(exam.rt.home)
    folder = home
    while True:
        if os.path.lexists(os.path.join(folder, ".git")):
            return _copied(exam, f"inside the git work tree {short_path(folder)}")
        if _is_synchronised(folder):
            return _copied(exam, f"inside {short_path(folder)}, which other computers share")
        parent = os.path.dirname(folder)
        if parent == folder:
            break
        folder = parent
    evidence = f"{short_path(home)} is in no git work tree or shared folder"
    return Finding(check="place", outcome="pass", evidence=evidence)


def _is_synchronised(folder: str) -> bool:
    if os.path.basename(folder).casefold().startswith(_SYNC_NAMES):
        return True
    return any(os.path.lexists(os.path.join(folder, mark)) for mark in _SYNC_MARKS)


def _copied(exam: Examination, where: str) -> Finding:
    return Finding(
        check="place",
        outcome="warn",
        evidence=f"the sessions are kept {where}",
        remedy=f"Set {_home_variable(exam)} to a directory outside it, and sign in again.",
    )


def _home_variable(exam: Examination) -> str:
    return variable_prefix(exam.rt.config.name) + "_HOME"
