"""Who is signed in, whether the server takes it, and what the environment does to it."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

from keyturn.client import ACCOUNT_FILE, named_account, variable_prefix
from keyturn.client.doctor.findings import SIGN_IN, Finding
from keyturn.client.identify import userinfo
from keyturn.client.requester import system
from keyturn.protocol.errors import (
    ExchangeFailed,
    KeyturnError,
    RefreshTransient,
    ServerUnreachable,
    SignInRequired,
    StoreCorrupt,
    StoreLocked,
    UnexpectedReply,
)

if TYPE_CHECKING:
    from keyturn.client.doctor.examination import Examination

_PASSING = (ServerUnreachable, RefreshTransient, UnexpectedReply, StoreLocked)


def account(exam: Examination) -> Finding:
    """Somebody is signed in, and it is clear who."""
    found = exam.known
    if exam.environment_token is not None:
        return Finding(check="account", outcome="pass", evidence=f"whoever {_token(exam)} names")
    if not isinstance(found, KeyturnError):
        who = f"{exam.who} at {exam.rt.issuer_host}"
        return Finding(check="account", outcome="pass", evidence=who)
    helps = isinstance(found, SignInRequired | StoreCorrupt)
    evidence = str(found)
    if type(found) is SignInRequired:
        evidence = f"nobody is signed in to {exam.rt.issuer_host}"
    return Finding(
        check="account",
        outcome="fail",
        evidence=evidence,
        remedy=found.hint,
        fix=SIGN_IN if helps else None,
    )


def token(exam: Examination) -> Finding | None:
    """The server accepts the access token that the next command would send."""
    if exam.environment_token is None and exam.who is None:
        return None
    try:
        _use_token(exam)
    except SignInRequired as error:
        return _not_accepted(exam, error)
    except ExchangeFailed as error:
        return Finding(check="token", outcome="warn", evidence=str(error))
    except _PASSING as error:
        evidence = f"could not be tried: {error}"
        return Finding(check="token", outcome="warn", evidence=evidence, remedy=error.hint)
    return Finding(check="token", outcome="pass", evidence="accepted by the server")


def _use_token(exam: Examination) -> None:
    given = exam.environment_token
    if given is not None:
        userinfo(exam.rt, given, endpoint=None)
        return
    session = exam.credential
    if isinstance(session, KeyturnError):
        raise session
    endpoint = session.endpoints.userinfo if session.endpoints else None
    userinfo(exam.rt, session.access_token, endpoint=endpoint)


def _not_accepted(exam: Examination, error: SignInRequired) -> Finding:
    if exam.environment_token is not None:
        return Finding(
            check="token",
            outcome="fail",
            evidence=f"the server does not accept the token in {_token(exam)}",
            remedy=f"Set {_token(exam)} to a valid one, or unset it.",
        )
    return Finding(
        check="token", outcome="fail", evidence=str(error), remedy=error.hint, fix=SIGN_IN
    )


def environment(exam: Examination) -> Finding:
    """Nothing in the environment replaces what is stored without anybody knowing."""
    config = exam.rt.config
    prefix = variable_prefix(config.name)
    if exam.environment_token is not None:
        whose = f"the session of {exam.who}" if exam.who else "any sign-in"
        return Finding(
            check="environment",
            outcome="warn",
            evidence=f"{prefix}_TOKEN is used instead of {whose}",
            remedy=f"Unset {prefix}_TOKEN to use what is stored.",
        )
    relative = exam.environ.get("XDG_STATE_HOME", "")
    if relative and not relative.startswith("/") and not config.variable("HOME"):
        return Finding(
            check="environment",
            outcome="warn",
            evidence="XDG_STATE_HOME is not an absolute path, so it is ignored",
            remedy="Make it absolute, or unset it.",
        )
    chosen = None if exam.account_was_named else named_account(config)
    if chosen is not None:
        source = f"{prefix}_ACCOUNT" if config.variable("ACCOUNT") else ACCOUNT_FILE
        evidence = f"{source} chooses {chosen} here"
        return Finding(check="environment", outcome="pass", evidence=evidence)
    return Finding(check="environment", outcome="pass", evidence="nothing replaces what is stored")


def version(exam: Examination) -> Finding:
    """Which version runs on what: the first thing that whoever helps will ask."""
    from keyturn import __version__

    python = platform.python_version()
    evidence = f"{exam.rt.config.program}: keyturn {__version__}, Python {python}, {system()}"
    return Finding(check="version", outcome="pass", evidence=evidence)


def _token(exam: Examination) -> str:
    return variable_prefix(exam.rt.config.name) + "_TOKEN"
