"""Our connections understand and answer HTTP exactly as uvicorn's own do."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.requirements_ import rounds
from tests.server.http.both_ import both

PATHS = (
    *("/", "/echo", "/made", "/nothing", "/same", "/parts", "/unread", "/closing", "/broken"),
    *("/a%20b%2Fc?x=%26&y", "/%zz", "/?", "/a?b?c#d", "http://other.example/abs?q"),
)
EXTRA = ("X-One: 1", "x-two:  spaced  ", "Accept: */*", "Cookie: a=b", "X-Empty:", "X-High: \xe9")
ENDS = {
    "closes": ("Connection: close",),
    "stays": ("Connection: keep-alive",),
    "says nothing": (),
    "closes, too": ("Connection: x, Close",),
}
BODIES = {
    "none": ((), b""),
    "counted": (("Content-Length: 5",), b"hello"),
    "empty": (("Content-Length: 0",), b""),
    "chunked": (("Transfer-Encoding: chunked",), b"3\r\nabc\r\n4;a=b\r\ndefg\r\n0\r\n\r\n"),
    "trailers": (("Transfer-Encoding: chunked",), b"3\r\nabc\r\n0\r\nX-Late: 1\r\n\r\n"),
    "large": (("Content-Length: 90000",), b"x" * 90_000),
    "asks first": (("Content-Length: 5", "Expect: 100-continue"), b"hello"),
}
WRONG = {
    "both lengths": b"POST / HTTP/1.1\r\nContent-Length: 3\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "a negative length": b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    "a bad chunk": b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a space before the colon": b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    "a folded header": b"GET / HTTP/1.1\r\nX-A: b\r\n c\r\n\r\n",
    "bare line feeds": b"GET / HTTP/1.1\nHost: a\n\n",
    "a header without a name": b"GET / HTTP/1.1\r\n: b\r\n\r\n",
    "NUL in a header": b"GET / HTTP/1.1\r\nX: a\x00b\r\n\r\n",
    "an unknown version": b"GET / HTTP/3.7\r\n\r\n",
    "an unknown method": b"BREW / HTTP/1.1\r\n\r\n",
    "not HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "no target": b"GET  HTTP/1.1\r\n\r\n",
}


def request(method: str, path: str, version: str, headers: list[str], body: bytes) -> bytes:
    lines = [f"{method} {path} HTTP/{version}", "Host: id.example", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


@st.composite
def conversations(draw: st.DrawFn) -> list[bytes]:
    """Draw one to four requests in one connection, cut up anywhere."""
    sent = b""
    for _ in range(draw(st.integers(1, 4))):
        needed, body = BODIES[draw(st.sampled_from(sorted(BODIES)))]
        headers = draw(st.permutations([*needed, *draw(st.lists(st.sampled_from(EXTRA)))]))
        sent += request(
            draw(st.sampled_from(("GET", "POST", "HEAD", "PUT", "OPTIONS"))),
            draw(st.sampled_from(PATHS)),
            draw(st.sampled_from(("1.1", "1.1", "1.1", "1.0"))),
            [*headers, *ENDS[draw(st.sampled_from(sorted(ENDS)))]],
            body,
        )
    sent += request("GET", "/last", "1.1", ["Connection: close"], b"")
    cuts = sorted(draw(st.lists(st.integers(0, len(sent)), max_size=6)))
    return [sent[a:b] for a, b in zip([0, *cuts], [*cuts, len(sent)], strict=True) if a < b]


@pytest.mark.proves("T-11")
@settings(max_examples=rounds(bounded=150, full=5000), deadline=None)
@given(conversations())
def test_conversations_are_understood_and_answered_alike(pieces: list[bytes]) -> None:
    theirs, ours = asyncio.run(both(pieces))
    assert ours.asked == theirs.asked
    assert ours.answered == theirs.answered


@pytest.mark.proves("T-11")
@pytest.mark.parametrize("name", WRONG)
def test_what_uvicorn_refuses_we_refuse(name: str) -> None:
    theirs, ours = asyncio.run(both([WRONG[name]]))
    assert ours.asked == theirs.asked
    assert ours.answered[:12] == theirs.answered[:12]
