"""The way to the server, the server itself, and whether both agree on the time."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from keyturn.client.doctor.findings import Finding
from keyturn.net.proxy import proxy_for
from keyturn.protocol.errors import ServerUnreachable
from keyturn.protocol.retry import SKEW_WORTH_TELLING_SECONDS, clock_skew_seconds, is_temporary

if TYPE_CHECKING:
    from keyturn.client.doctor.examination import Examination

_REMEDIES = {
    "name": "Check the network connection and the server's address.",
    "connection": "Check the network connection, or ask whoever runs the server.",
    "timeout": "Check the network connection, or whether a proxy has to be set in HTTPS_PROXY.",
    "proxy": "Correct HTTPS_PROXY, or name the server in NO_PROXY.",
}


def clock(exam: Examination) -> Finding | None:
    """This computer and the server agree on the time, as far as its Date header tells."""
    reply = exam.server.reply
    skew = None if reply is None else clock_skew_seconds(reply, now=exam.server.now)
    if skew is None:
        return None
    if abs(skew) <= SKEW_WORTH_TELLING_SECONDS:
        return Finding(check="clock", outcome="pass", evidence="agrees with the server's")
    way = "ahead of" if skew > 0 else "behind"
    return Finding(
        check="clock",
        outcome="warn",
        evidence=f"this machine is {abs(skew) / 60:.0f} minutes {way} the server",
        remedy="Turn on automatic time.",
    )


def connection(exam: Examination) -> Finding:
    """The server can be reached, by TLS that is believed, through the proxy if there is one."""
    error = exam.server.error
    if exam.server.reply is None and error is not None:
        kind = error.kind if isinstance(error, ServerUnreachable) else ""
        hint = None if type(error).hint == error.hint else error.hint
        remedy = hint or _REMEDIES.get(kind, error.hint)
        return Finding(check="connection", outcome="fail", evidence=str(error), remedy=remedy)
    target = urlsplit(exam.rt.config.issuer)
    proxy = proxy_for(target, exam.environ)
    way = f"through the proxy {proxy.host}:{proxy.port}" if proxy else "directly"
    trusted = "SSL_CERT_FILE" if exam.environ.get("SSL_CERT_FILE") else "SSL_CERT_DIR"
    given = exam.environ.get("SSL_CERT_FILE") or exam.environ.get("SSL_CERT_DIR")
    tls = "without TLS, on this computer"
    if target.scheme == "https":
        tls = f"by TLS, with the certificates of {trusted}" if given else "by TLS"
    evidence = f"{exam.rt.issuer_host} answers {way}, {tls}"
    return Finding(check="connection", outcome="pass", evidence=evidence)


def server(exam: Examination) -> Finding | None:
    """What answers is the sign-in server, and it offers what a sign-in needs."""
    answer = exam.server
    if answer.reply is None:
        return None
    if is_temporary(answer.reply.status):
        evidence = f"{exam.rt.issuer_host} cannot help just now (HTTP {answer.reply.status})"
        return Finding(check="server", outcome="fail", evidence=evidence, remedy="Try again later.")
    if exam.rt.config.stack is not None or exam.rt.config.provider is not None:
        return None
    metadata = answer.metadata
    if metadata is None:
        remedy = "Check the server's address, or ask whoever runs it."
        return Finding(check="server", outcome="fail", evidence=str(answer.error), remedy=remedy)
    methods = metadata.challenge_methods
    if methods is not None and "S256" not in methods:
        return Finding(
            check="server",
            outcome="fail",
            evidence="it does not offer PKCE with S256, so nobody can sign in",
            remedy="Ask whoever runs the server to turn it on.",
        )
    ways = [
        name
        for name, offered in (
            ("browser", metadata.authorization),
            ("device code", metadata.device_authorization),
        )
        if offered
    ]
    if not ways:
        return Finding(
            check="server",
            outcome="fail",
            evidence="it offers no way to sign in from a program",
            remedy="Ask whoever runs the server.",
        )
    evidence = f"its metadata is complete; sign-in by {' or '.join(ways)}"
    return Finding(check="server", outcome="pass", evidence=evidence)
