"""Addresses that are almost a registered redirect URI, for a client that has one of every kind.

They complete the corpus of ``hostile_urls_``, whose addresses imitate two other registrations.
"""

from __future__ import annotations

REGISTERED = (
    "http://127.0.0.1/callback",
    "http://[::1]/callback",
    "http://localhost/callback?app=1",
    "https://app.example/oauth/callback?tenant=1",
    "https://xn--mnchen-3ya.example/callback",
    "com.example.app:/callback",
)

# As registered, but for the port of this computer.
ALLOWED = (
    *REGISTERED,
    "http://127.0.0.1:1/callback", "http://127.0.0.1:65535/callback", "http://[::1]:49152/callback",
    "http://localhost:49152/callback?app=1",
)  # fmt: skip

# Credentials before the host, and what only looks like them.
_USERINFO = (
    "http://user@127.0.0.1:49152/callback", "http://user:pw@[::1]:49152/callback",
    "http://@127.0.0.1:49152/callback", "http://:@127.0.0.1:49152/callback",
    "https://app.example:443@evil.example/oauth/callback?tenant=1",
    "https://app.example%40evil.example/oauth/callback?tenant=1",
    "https://evil.example\\@app.example/oauth/callback?tenant=1",
    "com.example.app://user@evil.example/callback",
)  # fmt: skip
_PORTS = (
    "http://127.0.0.1:00/callback", "http://127.0.0.1:65536/callback",
    "http://127.0.0.1:+49152/callback", "http://127.0.0.1:4_9/callback",
    "http://127.0.0.1:49152.0/callback", "http://127.0.0.1:\uff14\uff19/callback",
    "http://[::1]:/callback", "http://[::1]:0/callback", "http://[::1]49152/callback",
    "http://localhost:049152/callback?app=1", "https://app.example:/oauth/callback?tenant=1",
    "https://app.example:444/oauth/callback?tenant=1",
    "https://app.example:0443/oauth/callback?tenant=1",
    "https://app.example:80/oauth/callback?tenant=1",
)  # fmt: skip
_HOSTS = (
    "http://[::1%25lo]:49152/callback", "http://[::1%lo]:49152/callback",
    "http://[0::1]:49152/callback", "http://[::0.0.0.1]:49152/callback",
    "http://[::ffff:7f00:1]:49152/callback", "http://[::]:49152/callback",
    "http://::1:49152/callback", "http://[::1]]:49152/callback", "http://[[::1]]:49152/callback",
    "http://[::1].evil.example:49152/callback", "http://[v1.x]:49152/callback",
    "http://127.0.0.1.:49152/callback", "http://127.0.0.01:49152/callback",
    "http://127.0.0.1%00.evil.example/callback", "http://127.0.0.1%2eevil.example/callback",
    "http://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460:49152/callback",
    "http://127\u30020\u30020\u30021:49152/callback", "http://LOCALHOST:49152/callback?app=1",
    "http://localhost.:49152/callback?app=1", "http://loc\u0430lhost:49152/callback?app=1",
    "http://localhost.localdomain:49152/callback?app=1", "http://l\u00adocalhost/callback?app=1",
    "https://app.example./oauth/callback?tenant=1", "https://App.Example/oauth/callback?tenant=1",
    "https://app\u3002example/oauth/callback?tenant=1",
    "https://\u0430pp.example/oauth/callback?tenant=1",
    "https://app.ex\u200bample/oauth/callback?tenant=1",
    "https://evil.app.example/oauth/callback?tenant=1",
    "https://m\u00fcnchen.example/callback", "https://mu\u0308nchen.example/callback",
    "https://XN--MNCHEN-3YA.example/callback", "https://munchen.example/callback",
)  # fmt: skip
_PATHS = (
    "https://app.example/oauth/callback", "https://app.example/oauth/callback?tenant=2",
    "https://app.example/oauth/callback?tenant=1&", "https://app.example/oauth/callback?tenant=1#",
    "https://app.example/oauth/callback?tenant=1&next=//evil.example",
    "https://app.example/oauth/callback?x=1&tenant=1", "https://app.example/oauth/callback/?tenant=1",
    "https://app.example/oauth/callback%20?tenant=1", "https://app.example/oauth/%63allback?tenant=1",
    "https://app.example/oauth/./callback?tenant=1", "https://app.example/x/../oauth/callback?tenant=1",
    "https://app.example//oauth/callback?tenant=1", "https://app.example\\oauth\\callback?tenant=1",
    "https://app.example/OAuth/callback?tenant=1", "https://app.example/oauth/callback?TENANT=1",
    "https://app.example/oauth/callback?tenant=%31", "https://app.example/oauth/callback?tenant=1 ",
    "http://localhost:49152/callback", "http://localhost:49152/callback?app=1&app=2",
    "http://localhost:49152/callback?app=1#x", "http://[::1]:49152/callback?", "http://[::1]:49152/",
)  # fmt: skip
_SCHEMES = (
    "com.example.app:/callback/", "com.example.app://callback", "com.example.app:///callback",
    "com.example.app:callback", "com.example.app:/callback?x", "com.example.app:/callback#x",
    "COM.example.app:/callback", "com.example.app2:/callback", "com.example:/callback",
    "com.example.app.evil:/callback", "com.example.app:/Callback", "com.example.app:/./callback",
    "com.example.app:80/callback", "https:com.example.app:/callback",
    "javascript:com.example.app:/callback", "HTTPS://app.example/oauth/callback?tenant=1",
    "wss://app.example/oauth/callback?tenant=1", "urn:ietf:wg:oauth:2.0:oob",
    "urn:ietf:wg:oauth:2.0:oob:auto", "postmessage", "filesystem:https://app.example/oauth/callback",
)  # fmt: skip

NEAR_MISSES = (*_USERINFO, *_PORTS, *_HOSTS, *_PATHS, *_SCHEMES)
