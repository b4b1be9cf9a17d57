"""Which proxy, if any, stands between this program and a server, by the usual variables."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from keyturn.protocol.errors import ServerUnreachable
from keyturn.protocol.wire import is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """An HTTP proxy; ``authorization`` is the header it wants, where it wants one."""

    host: str
    port: int
    authorization: str | None = field(default=None, repr=False)


def proxy_for(target: SplitResult, environ: Mapping[str, str]) -> Proxy | None:
    """Return the proxy for ``target``, or ``None`` to go straight there.

    ``https_proxy``, ``all_proxy`` and ``no_proxy`` are read in lower, then in upper case. Plain
    http is never sent through a proxy: this client speaks it to loopback addresses only, and there
    a proxy would reach another computer.

    Raises:
        ServerUnreachable: the variable names a proxy of a kind this client cannot use.
    """
    host = (target.hostname or "").lower()
    if target.scheme != "https" or is_loopback(host):
        return None
    if _is_exempt(host, target.port or 443, _variable(environ, "no_proxy")):
        return None
    setting = _variable(environ, "https_proxy") or _variable(environ, "all_proxy")
    return _parsed(setting) if setting else None


def _variable(environ: Mapping[str, str], name: str) -> str:
    return (environ.get(name) or environ.get(name.upper()) or "").strip()


def _is_exempt(host: str, port: int | None, exemptions: str) -> bool:
    for entry in exemptions.lower().replace(" ", ",").split(","):
        if entry == "*":
            return True
        name, _, entry_port = entry.lstrip(".").partition(":")
        if entry_port and entry_port != str(port):
            continue
        if name and (host == name or host.endswith("." + name)):
            return True
    return False


def _parsed(setting: str) -> Proxy:
    try:
        parts = urlsplit(setting if "://" in setting else "http://" + setting)
        host, port = parts.hostname, parts.port or 80
    except ValueError:  # The error quotes the setting, so it is let go with it.
        raise _unusable() from None
    if parts.scheme != "http" or not host:
        raise _unusable()
    authorization = None
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = "Basic " + base64.b64encode(pair.encode()).decode("ascii")
    return Proxy(host=host, port=port, authorization=authorization)


def _unusable() -> ServerUnreachable:
    # The setting itself may hold a password, so it is not repeated.
    return ServerUnreachable(
        "The proxy setting in the environment is not of the form http://host:port.",
        kind="proxy",
    )
