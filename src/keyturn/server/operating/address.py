"""Addresses that an operator writes down. Pure."""

from __future__ import annotations


def address_of(text: str) -> tuple[str, int]:
    """Return host and port of ``127.0.0.1:9102`` or ``[::1]:9102``. Raises ValueError."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 <= int(port) <= 65535:
        raise ValueError("must be an address and a port, such as 127.0.0.1:9102")
    return host.strip("[]"), int(port)
