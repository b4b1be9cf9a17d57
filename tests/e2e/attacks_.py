"""Links that a phisher could send: an attacker's own sign-in, with everything mixed in."""

from collections.abc import Iterator
from random import Random
from urllib.parse import quote, urlencode

from keyturn.protocol.pkce import challenge_for

EVIL = "evil.example"
VERIFIER = "attackers-own-verifier-attackers-own-verifier"
PORT = 53123

# Allowed by RFC 8252 for this client: they all mean the computer on which the link is opened.
OWN_COMPUTER = (
    *(f"http://127.0.0.1:{PORT}/callback", "http://127.0.0.1/callback"),
    *(f"http://localhost:{PORT}/callback", "http://127.0.0.1:1/callback"),
)
ELSEWHERE = (
    *(f"https://{EVIL}/callback", f"http://{EVIL}:{PORT}/callback", f"//{EVIL}/callback"),
    *(f"http://127.0.0.1@{EVIL}/callback", f"http://127.0.0.1:{PORT}@{EVIL}/callback"),
    *(f"http://{EVIL}#@127.0.0.1:{PORT}/callback", f"http://{EVIL}?@127.0.0.1/callback"),
    *(f"http://127.0.0.1.{EVIL}/callback", f"http://localhost.{EVIL}/callback"),
    *(f"http://127.0.0.1\\@{EVIL}/callback", f"http:\\\\{EVIL}\\callback"),
    *(f"http://127.0.0.1:{PORT}/callback/../../{EVIL}", f"http://127.0.0.1:{PORT}/callback%2f.."),
    *(f"http://127.0.0.1:{PORT}/callback?next=https://{EVIL}", "http://127.0.0.1/callback#x"),
    *("http://2130706433/callback", "http://0x7f.1/callback", "http://127.1/callback"),
    *("http://0.0.0.0:53123/callback", "http://[::ffff:127.0.0.1]/callback", "http://127.0.0.2/x"),
    *("http://[::]/callback", "http://[::1%25eth0]/callback", "http://127.0.0.1:0x1/callback"),
    *("http://127.0.0.1:99999/callback", "http://127.0.0.1:-1/callback", "http://127.0.0.1:/x"),
    *(f"javascript:fetch('//{EVIL}')", "data:text/html,x", f"ftp://127.0.0.1:{PORT}/callback"),
    *(f"http://user:pass@127.0.0.1:{PORT}/callback", f"HTTP://{EVIL}/callback"),
    *(f" http://127.0.0.1:{PORT}/callback", f"http://127.0.0.1:{PORT}/callback\r\nX: {EVIL}"),
    *(f"http://127.0.0.1\t.{EVIL}/callback", f"http://127.0.0.1%00.{EVIL}/callback"),
    *(f"http://127.0.0.1\u3002{EVIL}/callback", "urn:ietf:wg:oauth:2.0:oob", "", "callback"),
)
MIXED_IN = (
    *(("response_mode", mode) for mode in ("fragment", "form_post", "web_message", "query", "jwt")),
    *(("response_type", kind) for kind in ("token", "id_token", "code token", "none", "code")),
    *(("prompt", how) for how in ("none", "none login", "login", "consent", "select_account")),
    *(("decision", "approve"), ("approve", "1"), ("approved", "true"), ("recognised", "yes")),
    *(("form_token", "x" * 43), ("confirm", "yes"), ("action", "approve"), ("skip_consent", "1")),
    *(("request", "e30.e30."), ("request_uri", f"https://{EVIL}/r"), ("registration", "{}")),
    *(("code_challenge_method", "plain"), ("code_challenge", VERIFIER), ("code_challenge", "")),
    *(("client_id", "keyturn-cli"), ("client_id", "someone-else"), ("client_secret", "x")),
    *(("state", "s" * 3000), ("state", "\r\nSet-Cookie: a=b"), ("state", f"&code=x#{EVIL}")),
    *(("scope", "openid profile email offline_access"), ("scope", "admin"), ("scope", '"')),
    *(("redirect_uri", f"https://{EVIL}/callback"), ("redirect_uri", OWN_COMPUTER[0])),
    *(("continue", f"https://{EVIL}"), ("app_url", f"https://{EVIL}"), ("after", f"//{EVIL}")),
    *(("login_code", "x" * 40), ("login_hint", "ada@example.com"), ("id_token_hint", "e30.e30.")),
    *(("host_name", "your-own-laptop"), ("program", "Keyturn"), ("system", "\u202egnol")),
    *(("code", "kt_code_x"), ("iss", f"https://{EVIL}"), ("error", "access_denied")),
    *(("resource", f"https://{EVIL}"), ("audience", f"https://{EVIL}"), ("max_age", "0")),
)  # fmt: skip
PATHS = ("/oauth/authorize",) * 12 + ("/device", "/device/confirm", "/cli/decide", "/sign-in")


def links(count: int, *, seed: int, user_code: str) -> Iterator[str]:
    """Yield ``count`` links: path and query.

    Args:
        count: How many.
        seed: The same links every time.
        user_code: Of a device sign-in that the attacker has started.
    """
    random = Random(seed)  # noqa: S311 - repeatable on purpose
    for number in range(count):
        redirect_uri = random.choice(OWN_COMPUTER if number % 4 else ELSEWHERE)
        pairs = [*_request(redirect_uri), ("user_code", user_code)]
        for _ in range(number % 5):
            _mix_in(pairs, random.choice(MIXED_IN), random)
        path = PATHS[number % len(PATHS)]
        yield f"{path}?{urlencode(pairs, quote_via=quote)}"


def _request(redirect_uri: str) -> list[tuple[str, str]]:
    return [
        ("response_type", "code"),
        ("client_id", "keyturn-cli"),
        ("redirect_uri", redirect_uri),
        ("state", "attackers-own-state"),
        ("code_challenge", challenge_for(VERIFIER)),
        ("code_challenge_method", "S256"),
    ]


def _mix_in(pairs: list[tuple[str, str]], pair: tuple[str, str], random: Random) -> None:
    """Replace a parameter, repeat it before or after the real one, or drop one."""
    way = random.choice(("replace", "replace", "before", "after", "drop"))
    if way == "drop":
        del pairs[random.randrange(len(pairs))]
        return
    if way == "replace":
        pairs[:] = [old for old in pairs if old[0] != pair[0]]
    pairs.insert(0 if way == "before" else len(pairs), pair)
