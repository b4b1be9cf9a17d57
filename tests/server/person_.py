"""Somebody with a browser, for tests of the pages: follows what a page offers and nothing else."""

import email
import re
from html import unescape
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

import httpx2

from keyturn.protocol.pkce import challenge_for
from tests.server.in_process_ import BASE_URL, InProcess

PASSWORD = "correct horse battery"
VERIFIER = "v" * 43


class Serving(Protocol):
    """A server that answers as ``BASE_URL``: in this process, or in one of its own."""

    def request(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Send one request; redirects are not followed."""
        ...


class Person:
    """Follows pages like a browser without script: keeps cookies, presses buttons."""

    def __init__(self, server: Serving, *, ip: str = "127.0.0.1") -> None:
        self.server, self.ip = server, ip
        self.cookies: dict[str, str] = {}
        self.page: httpx2.Response
        self.url = ""

    def open(self, path: str, *, follow: bool = True) -> httpx2.Response:
        return self._send("GET", path, None, follow)

    def press(
        self, action: str, /, *, follow: bool = True, instead: str | None = None, **fields: str
    ) -> httpx2.Response:
        """Fill the form of this page that posts to ``action``, and send it.

        ``instead`` is the address of a button that posts the same form elsewhere.
        """
        form = self.form(action)
        target = instead or urlsplit(form.pop("@action")).path
        form.pop("@action", None)
        return self._send("POST", target, {**form, **fields}, follow)

    def cookie_header(self) -> dict[str, str]:
        """Return the cookies of this browser as a request header."""
        return {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}

    def _keep_cookies(self) -> None:
        for line in self.page.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            if "Max-Age=0" in line:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value

    def form(self, action: str) -> dict[str, str]:
        for found in re.findall(r"<form.*?</form>", self.page.text, re.DOTALL):
            target = re.search(r'action="([^"]*)"', found)
            if target and urlsplit(target[1]).path == action:
                hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', found)
                return {"@action": target[1]} | {n: unescape(v) for n, v in hidden}
        raise AssertionError(f"no form for {action} on {self.url}")

    def _send(
        self, method: str, path: str, form: dict[str, str] | None, follow: bool
    ) -> httpx2.Response:
        headers = {"origin": BASE_URL} if method == "POST" else {}
        self.url = path
        self.page = self.server.request(
            method, path, data=form, headers=headers | self.cookie_header()
        )
        self._keep_cookies()
        if follow and self.page.status_code == 303:
            target = self.page.headers["location"]
            if target.startswith(("/", BASE_URL)):
                return self._send("GET", target.removeprefix(BASE_URL), None, True)
        return self.page


def authorize_path(*, port: str = "49152", **changes: str) -> str:
    """Return the address of an authorization request as our own client sends it."""
    asked = {
        "response_type": "code",
        "client_id": "keyturn-cli",
        "redirect_uri": f"http://127.0.0.1:{port}/callback",
        "state": "s" * 20,
        "scope": "openid profile email",
        "code_challenge": challenge_for(VERIFIER),
        "code_challenge_method": "S256",
        "host_name": "quartz-07",
        "system": "Debian 12",
    } | changes
    return f"/oauth/authorize?{urlencode(asked)}"


def last_mailed_link(server: InProcess) -> str:
    """Return the path of the link in the newest message of the outbox."""
    server.run(server.services.mail.drain())
    newest = max((server.settings.data / "outbox").iterdir(), key=lambda f: f.name)
    text = email.message_from_bytes(newest.read_bytes()).get_payload(decode=True)
    assert isinstance(text, bytes)
    link = re.search(r"https?://\S+", text.decode())
    assert link is not None
    return link[0].removeprefix(BASE_URL)
