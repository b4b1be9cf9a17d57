"""Where a request came from, as far as this server can know."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import TYPE_CHECKING

from keyturn.server.sessions.rules import Origin, claimed

if TYPE_CHECKING:
    from starlette.requests import Request

LONGEST_USER_AGENT = 256


def client_ip(peer: str | None, forwarded: str | None, trusted: Sequence[str]) -> str | None:
    """Return the address of whoever asked.

    X-Forwarded-For is read from its end, only as far as trusted proxies wrote it: everything
    before the first address that is not a trusted proxy's was supplied by the caller.
    """
    networks = [ipaddress.ip_network(t, strict=False) for t in trusted]
    hops = [h.strip() for h in (forwarded or "").split(",") if h.strip()]
    current = _address(peer)
    while current is not None and hops and any(current in n for n in networks):
        before = _address(hops.pop())
        if before is None:
            break
        current = before
    return str(current) if current is not None else None


def _address(text: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address((text or "").strip("[]"))
    except ValueError:
        return None
    # ::ffff:192.0.2.1 and 192.0.2.1 are one address and must share one limit.
    return getattr(found, "ipv4_mapped", None) or found


def origin_of(request: Request) -> Origin:
    """Return address and User-Agent of a request; what a program claims is added by its feature."""
    peer = request.client.host if request.client else None
    settings = request.app.state.services.settings
    return Origin(
        ip=client_ip(peer, request.headers.get("x-forwarded-for"), settings.trusted_proxies),
        user_agent=claimed_user_agent(request.headers.get("user-agent")),
    )


def counted_ip(request: Request) -> str | None:
    """Return the address that guesses count against; ``None`` where a proxy of ours hides it.

    Without trusted proxies a forwarding header means nothing, unless the peer is on this machine
    or network: then it is a proxy that nobody named, everybody shares its address, and counting it
    would let one guesser lock out all (server promise S-23).
    """
    peer = _address(request.client.host if request.client else None)
    trusted = request.app.state.services.settings.trusted_proxies
    is_forwarded = any(name in request.headers for name in ("x-forwarded-for", "forwarded"))
    if not trusted and is_forwarded and peer is not None and peer.is_private:
        return None
    return origin_of(request).ip


def is_trusted(peer: str, trusted: Sequence[str]) -> bool:
    """Say whether an address is one of the trusted proxies'."""
    address = _address(peer)
    networks = [ipaddress.ip_network(proxy, strict=False) for proxy in trusted]
    return address is not None and any(address in network for network in networks)


def subscriber(ip: str) -> str:
    """Return what one subscriber holds: an IPv4 address, or a /64 of IPv6 (RFC 6177)."""
    address = ipaddress.ip_address(ip)
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))


def with_claims(
    origin: Origin, *, host_name: str | None, system: str | None, program: str | None
) -> Origin:
    """Add what a program says about itself."""
    return Origin(
        ip=origin.ip,
        user_agent=origin.user_agent,
        host_name=claimed(host_name),
        system=claimed(system),
        program=claimed(program),
    )


def claimed_user_agent(value: str | None) -> str | None:
    """Return a User-Agent without control characters, cut to 256 characters."""
    text = "".join(c for c in (value or "") if c.isprintable()).strip()[:LONGEST_USER_AGENT]
    return text or None
