"""Whose address a guess counts against."""

from types import SimpleNamespace

import pytest
from starlette.requests import Request

from keyturn.server.http.origin import counted_ip

FORWARDED = [(b"x-forwarded-for", b"203.0.113.9")]


def request(peer: str | None, headers: list[tuple[bytes, bytes]], *trusted: str) -> Request:
    settings = SimpleNamespace(trusted_proxies=trusted)
    app = SimpleNamespace(state=SimpleNamespace(services=SimpleNamespace(settings=settings)))
    client = (peer, 1) if peer else None
    return Request({"type": "http", "headers": headers, "client": client, "app": app})


@pytest.mark.proves("S-23", "S-62")
@pytest.mark.parametrize(
    ("peer", "headers", "trusted", "counted"),
    [
        ("198.51.100.1", [], (), "198.51.100.1"),
        ("127.0.0.1", [], (), "127.0.0.1"),
        # A stranger's header lifts nothing, and a proxy that is trusted is believed.
        ("8.8.8.8", FORWARDED, (), "8.8.8.8"),
        ("10.0.0.1", FORWARDED, ("10.0.0.0/8",), "203.0.113.9"),
        ("10.0.0.1", FORWARDED, ("192.168.0.0/16",), "10.0.0.1"),
        # A proxy on this network that nobody named hides everybody behind one address.
        ("127.0.0.1", FORWARDED, (), None),
        ("10.0.0.1", [(b"forwarded", b"for=203.0.113.9")], (), None),
        (None, FORWARDED, (), None),
    ],
)
def test_an_address_counts_only_where_it_is_one_persons(
    peer: str | None,
    headers: list[tuple[bytes, bytes]],
    trusted: tuple[str, ...],
    counted: str | None,
) -> None:
    assert counted_ip(request(peer, headers, *trusted)) == counted
