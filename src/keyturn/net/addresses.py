"""Which addresses a request may go to whose target a stranger chose. Pure.

Asked at the moment of connecting, about the very address that is connected to: a name that answers
differently the second time it is looked up gains nothing.
"""

from __future__ import annotations

import ipaddress

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052 section 2.1


def is_public(address: str) -> bool:
    """Say whether an IP address is one of the public internet.

    Loopback, private, link-local (where clouds keep credentials), shared, multicast and reserved
    ones are not, nor is an IPv6 address that carries such an IPv4 address in it.
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inner = _carried(found)
        if inner is not None:
            return is_public(str(inner))
        if found.is_site_local:  # deprecated (RFC 3879), and still routed in places
            return False
    return found.is_global and not found.is_multicast and not found.is_reserved


def _carried(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)
