"""A hundred addresses that lead elsewhere, or try to, in the spellings that fool parsers.

``evil.example`` is the stranger. The loopback ones imitate the redirect URI of a native program,
``http://127.0.0.1:PORT/callback``, and the others a web program's ``https://app.example/callback``.
"""

from __future__ import annotations

# Plainly somewhere else.
ELSEWHERE = (
    "https://evil.example", "https://evil.example/", "http://evil.example/callback",
    "//evil.example", "//evil.example/callback", "///evil.example", "////evil.example",
    "/\\evil.example", "\\\\evil.example", "/\\/evil.example", "\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example", "/\r/evil.example", "\t//evil.example", " //evil.example",
    "\x00//evil.example", "\x01https://evil.example", "https:evil.example", "https:/evil.example",
    "https:\\\\evil.example", "https:///evil.example", "http:evil.example", "HTTPS://EVIL.EXAMPLE",
    "hTtPs://evil.example", "https://evil.example:443/sessions", "https://evil%2eexample",
    "https://evil\u3002example", "https://\uff45vil.example", "https://evil.example\u2044@x",
    "//evil.example/%2f..", "/%2f%2fevil.example", "/%5cevil.example", "/%09/evil.example",
    "/.//evil.example", "/..//evil.example", "/;//evil.example", "/sessions/..//evil.example",
    "/@evil.example", "@evil.example", ".evil.example", ":evil.example", "?//evil.example",
    "#//evil.example", "evil.example", "/p/x//evil.example", "/p//evil.example",
)  # fmt: skip
# Not the web at all.
SCHEMES = (
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\nscript:alert(1)", " javascript:alert(1)",
    "javascript://127.0.0.1/%0aalert(1)", "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)", "file:///etc/passwd", "blob:https://evil.example/1", "about:blank",
    "view-source:https://evil.example", "ftp://evil.example/callback", "ws://evil.example",
    "intent://evil.example#Intent;end", "mailto:eve@evil.example", "x:evil", "null", "undefined",
)  # fmt: skip
# Almost the loopback address of a program on this computer.
ALMOST_LOOPBACK = (
    "http://127.0.0.1@evil.example/callback", "http://127.0.0.1:49152@evil.example/callback",
    "http://evil.example#@127.0.0.1:49152/callback", "http://evil.example\\@127.0.0.1/callback",
    "http://127.0.0.1.evil.example/callback", "http://127.0.0.1:49152.evil.example/callback",
    "http://localhost:49152/callback", "http://localhost.evil.example/callback",
    "http://0x7f000001/callback", "http://2130706433/callback", "http://127.1/callback",
    "http://0177.0.0.1/callback", "http://127.0.0.2:49152/callback", "http://0.0.0.0:49152/callback",
    "http://[::ffff:127.0.0.1]:49152/callback", "http://[::1%25eth0]:49152/callback",
    "http://[0:0:0:0:0:0:0:1]:49152/callback", "http://127.0.0.1:0/callback",
    "http://127.0.0.1:99999/callback", "http://127.0.0.1:-1/callback", "http://127.0.0.1:/callback",
    "http://127.0.0.1:\u0664\u0669/callback", "http://127.0.0.1:80:80/callback",
    "http://127.0.0.1: 49152/callback", "https://127.0.0.1:49152/callback",
    "http://127.0.0.1:49152/callback/", "http://127.0.0.1:49152//callback",
    "http://127.0.0.1:49152/callback/../x", "http://127.0.0.1:49152/callback%2f..%2fx",
    "http://127.0.0.1:49152/callback;x", "http://127.0.0.1:49152/callback?x=y",
    "http://127.0.0.1:49152/callback#x", "http://127.0.0.1:49152/Callback",
    "http://127.0.0.1:49152/callback\r\nX: y", "http://127.0.0.1:49152/callback\x00",
    "HTTP://127.0.0.1:49152/callback", "http://127.0.0.1:049152/callback",
)  # fmt: skip
# Almost the registered address of a web program.
ALMOST_THE_APP = (
    "https://app.example.evil.example/callback", "https://app.example@evil.example/callback",
    "https://app.example:443/callback", "https://app.example/callback/..%2f..",
    "https://APP.example/callback", "http://app.example/callback", "https://app.example./callback",
    "https://app.example/callback?next=https://evil.example",
)  # fmt: skip

HOSTILE = (*ELSEWHERE, *SCHEMES, *ALMOST_LOOPBACK, *ALMOST_THE_APP)
