"""Keys that are fetched: kept, bounded, and never from inside the network."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from keyturn.net.addresses import is_public
from keyturn.net.sockets import AddressRefused, Deadline, connect
from keyturn.server.resource import KeysUnavailable, RemoteKeys
from keyturn.server.resource.remote import AGAIN_MS, FRESH_MS, STALE_MS
from tests.server.in_process_ import SetClock
from tests.server.resource.tokens_ import KEY, OTHER, key_set

Answer = tuple[int, dict[str, str], bytes]


class Issuer:
    """A key server whose next answer a test decides; counts what it is asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[str] = []
        self.answer: Answer = (200, {}, key_set(KEY))


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            status, headers, body = found.answer
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Issuer(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def at_home(issuer: Issuer, clock: SetClock) -> RemoteKeys:
    return RemoteKeys(f"{issuer.url}/keys", unsafe_allow_private_addresses=True, clock=clock)


async def known(keys: RemoteKeys, kid: str = "one") -> set[str]:
    return set(await keys.keys(kid))


def test_keys_are_fetched_once_and_kept_for_an_hour(issuer: Issuer) -> None:
    clock = SetClock()

    async def test() -> None:
        keys = at_home(issuer, clock)
        found = await asyncio.gather(*(known(keys) for _ in range(20)))
        assert found == [{"one"}] * 20
        assert issuer.asked == ["/keys"]
        clock.now += FRESH_MS - 1
        await known(keys)
        assert len(issuer.asked) == 1
        clock.now += 1
        await known(keys)
        assert len(issuer.asked) == 2

    asyncio.run(test())


@pytest.mark.proves("T-15")
def test_however_many_unknown_keys_are_named_the_issuer_is_asked_twice_a_minute(
    issuer: Issuer,
) -> None:
    clock = SetClock()

    async def test() -> None:
        keys = at_home(issuer, clock)
        for number in range(50):
            assert await known(keys, f"forged {number}") == {"one"}
        assert len(issuer.asked) == 1
        issuer.answer = (200, {}, key_set(KEY, OTHER))
        clock.now += AGAIN_MS
        assert await known(keys, "two") == {"one", "two"}
        assert len(issuer.asked) == 2

    asyncio.run(test())


BAD_ANSWERS: list[Answer] = [
    (500, {}, b""),
    (404, {}, key_set(KEY)),
    (200, {}, b"<html>"),
    (200, {}, b'{"keys": 1}'),
    (200, {}, b" " * 100_000),
    (200, {}, b" " * 3_000_000),
    (200, {"Content-Encoding": "br"}, key_set(KEY)),
]


@pytest.mark.proves("T-15")
@pytest.mark.parametrize("number", range(len(BAD_ANSWERS)))
def test_an_answer_that_is_no_key_set_leaves_what_is_known(issuer: Issuer, number: int) -> None:
    clock = SetClock()

    async def test() -> None:
        fresh, used = at_home(issuer, clock), at_home(issuer, clock)
        assert await known(used) == {"one"}
        issuer.answer = BAD_ANSWERS[number]
        with pytest.raises(KeysUnavailable):
            await known(fresh)
        clock.now += FRESH_MS
        assert await known(used) == {"one"}
        clock.now += STALE_MS
        with pytest.raises(KeysUnavailable):
            await known(used)
        issuer.answer = (200, {}, key_set(KEY))
        clock.now += AGAIN_MS
        assert await known(used) == await known(fresh) == {"one"}

    asyncio.run(test())


@pytest.mark.proves("T-15")
def test_a_redirect_is_not_followed(issuer: Issuer) -> None:
    issuer.answer = (302, {"Location": f"{issuer.url}/inside"}, b"")
    with pytest.raises(KeysUnavailable):
        asyncio.run(known(at_home(issuer, SetClock())))
    assert issuer.asked == ["/keys"]


@pytest.mark.proves("T-15")
@pytest.mark.parametrize(
    "url",
    [
        "http://id.example.com/keys",
        "http://127.0.0.1/keys",
        "file:///etc/passwd",
        "ftp://id.example.com/keys",
        "gopher://127.0.0.1/",
        "https:///keys",
        "keys",
    ],
)
def test_keys_come_over_https_alone(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        RemoteKeys(url)


@contextmanager
def listening() -> Iterator[tuple[int, Callable[[], bool]]]:
    """Yield a port of this computer, and what says whether anybody has connected."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.setblocking(False)

        def was_called() -> bool:
            try:
                door.accept()[0].close()
            except BlockingIOError:
                return False
            return True

        yield door.getsockname()[1], was_called


def resolver(*answers: list[str]) -> tuple[Callable[..., list[Any]], list[str]]:
    """Return a resolver that gives another answer each time, and what it was asked."""
    asked: list[str] = []

    def resolve(host: str, port: int, **_: object) -> list[Any]:
        addresses = answers[min(len(asked), len(answers) - 1)]
        asked.append(host)
        kinds = [(socket.AF_INET6 if ":" in a else socket.AF_INET, a) for a in addresses]
        return [(kind, socket.SOCK_STREAM, 6, "", (a, port)) for kind, a in kinds]

    return resolve, asked


@pytest.mark.proves("T-15")
def test_a_name_that_turns_inward_between_two_looks_is_not_followed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with listening() as (port, was_called):
        # The first answer is for whoever checks a name and then connects by it.
        resolve, asked = resolver(["192.0.2.1"], ["127.0.0.1"], ["::ffff:127.0.0.1", "10.0.0.1"])
        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        for _ in range(4):
            with pytest.raises(KeysUnavailable):
                asyncio.run(known(RemoteKeys(f"https://id.example.com:{port}/keys")))
        assert asked == ["id.example.com"] * 4
        assert not was_called()


@pytest.mark.proves("T-15")
def test_the_address_that_was_looked_at_is_the_one_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with listening() as (port, was_called):
        resolve, asked = resolver(["127.0.0.2", "127.0.0.1"], ["127.0.0.2"])
        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        deadline = Deadline(5, monotonic=lambda: 0.0, on_tick=lambda: None)
        found = connect("x", port, deadline, may_reach=lambda address: address == "127.0.0.1")
        assert found.getpeername()[0] == "127.0.0.1"
        found.close()
        assert asked == ["x"]
        assert was_called()
        with pytest.raises(AddressRefused):
            connect("x", port, deadline, may_reach=lambda address: address == "127.0.0.1")


@pytest.mark.proves("T-15")
@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost", "127.1", "0x7f000001", "0"])
def test_this_computer_is_not_asked_whatever_it_is_called(host: str) -> None:
    with listening() as (port, was_called):
        with pytest.raises(KeysUnavailable):
            asyncio.run(known(RemoteKeys(f"https://{host}:{port}/keys")))
        assert not was_called()


@pytest.mark.proves("T-15")
def test_a_proxy_is_not_used_because_it_would_look_names_up_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with listening() as (port, was_called):
        for name in ("https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        with pytest.raises(KeysUnavailable):
            asyncio.run(known(RemoteKeys("https://127.0.0.1:1/keys")))
        assert not was_called()


@pytest.mark.proves("T-15")
@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "0.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1"),
        *("169.254.169.254", "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1"),
        *("255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254"),
        *("ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1"),
        *("64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "fec0::1"),
        *("2001:0:4136:e378:8000:63bf:80ff:fffe", "", "x", "127.1", "1.1.1.1.1"),
    ],
)
def test_an_address_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)
