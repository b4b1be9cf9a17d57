"""Names that try to be markup, to turn the line or to hide, from every door to every page (T-14).

A page with such a name is compared with the same page with harmless ones: it must have the very
same elements and attributes, and its text must hold nothing that cannot be seen.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from keyturn.server.projects.rules import Client
from tests.server.person_ import Person, authorize_path

if TYPE_CHECKING:
    from tests.server.in_process_ import InProcess

# A name, one without a letter for the round picture, and nothing that can be seen.
HARMLESS = ("Ada", "-", "\u200b")
HOSTILE = (
    "<script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "'\"><svg onload=alert(1)>",
    '" autofocus onfocus=alert(1) x="',
    "' style='color:red",
    "<!--",
    "--><b>",
    "]]><b>",
    "</main></body></html><h1>done</h1>",
    "&lt;b&gt;",
    "&#60;b&#62;",
    "{{ 7 * 7 }}",
    "{% for x in y %}",
    "javascript:alert(1)",
    "\x1b[2J\x1b[31mred",
    "\x07\x08\x7f\x9b",
    "\r\nSet-Cookie: a=b",
    "\u202egnp.exe",
    "\u2066\u2069\u200f",
    "a\u200bd\u200da",
    "\ufeffAda\u00ad",
    "\ufffe\uffff",
    "Z" + "\u0351" * 80 + "algo",
    "\U000e0041\U000e0042",
    "\u2028\u2029",
    "\u115f\u3164\u2800",
    "<" * 64,
    "\u0338" + "<b>",
    "\uff1cscript\uff1e",
    "+ADw-script+AD4-",
)
BLANK = {"Cc", "Cf", "Cs", "Zl", "Zp"}


class _Structure(HTMLParser):
    """Collects what a browser would build, and the text a person would see."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(sorted(name for name, _ in attrs))))
        shown = (value for name, value in attrs if name in ("value", "title", "alt", "placeholder"))
        self.texts += [value or "" for value in shown]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.elements.append(("!--", (data,)))


def structure(html: str) -> _Structure:
    found = _Structure()
    found.feed(html)
    found.close()
    return found


def invisible(text: str) -> list[str]:
    kept = "\n"  # of the template
    return [c for c in text if unicodedata.category(c) in BLANK and c not in kept]


def browser_of(server: InProcess, **user: str) -> Person:
    made = server.post(
        "/api/v1/users",
        json=user,
        headers={
            "x-stack-access-type": "server",
            "x-stack-project-id": "default",
            "x-stack-secret-server-key": "ssk_of_acme",
        },
    )
    found = server.run(server.services.accounts.find("default", made.json()["id"]))
    assert found is not None
    person = Person(server)
    person.cookies["keyturn_session_default"] = server.browser(found)[1]
    return person


def account_name(server: InProcess, name: str) -> list[str]:
    person = browser_of(server, display_name=name)
    paths = ("/sessions", "/device", "/password", authorize_path())
    return [person.open(path).text for path in paths]


def claims_of_a_program(server: InProcess, name: str) -> list[str]:
    claims = {"host_name": name[:64], "system": name[:64], "program": name[:64]}
    person = browser_of(server, primary_email=f"p{server.clock.now}@example.com")
    pages = [person.open(authorize_path(**claims)).text]
    started = server.post(
        "/oauth/device_authorization", data={"client_id": "keyturn-cli", **claims}
    ).json()
    person.open("/device")
    pages.append(person.press("/device", user_code=started["user_code"]).text)
    pages.append(person.press("/cli/decide", decision="approve").text)
    server.post(
        "/oauth/token",
        data={
            "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
            "client_id": "keyturn-cli",
            "device_code": started["device_code"],
        },
    )
    pages.append(person.press("/sessions/end", reason="not-me").text)
    return pages


def user_agent(server: InProcess, name: str) -> list[str]:
    headers = [
        (b"x-stack-access-type", b"client"),
        (b"x-stack-project-id", b"default"),
        (b"user-agent", (name + " (Linux)").encode("utf-8", "surrogatepass")),
    ]
    started = server.request("POST", "/api/v1/auth/cli", headers=headers).json()
    person = browser_of(server, primary_email=f"u{server.clock.now}@example.com")
    return [person.open(f"/handler/cli-auth-confirm?login_code={started['login_code']}").text]


def name_of_a_client(server: InProcess, name: str) -> list[str]:
    client = Client(
        id="named",
        project_id="default",
        display_name=name,
        redirect_uris=("http://127.0.0.1/callback",),
        grants=("authorization_code", "refresh_token"),
        scopes=("openid", "profile"),
        auth_method="none",
    )
    server.run(server.services.projects.save_client(client))
    server.clock.advance(5)  # clients are remembered for a moment
    person = browser_of(server, primary_email=f"c{server.clock.now}@example.com")
    shown = person.open(authorize_path(client_id="named"))
    person.press("/cli/decide", decision="approve", follow=False)
    return [shown.text]


def mistakes_shown_again(server: InProcess, name: str) -> list[str]:
    person = browser_of(server, primary_email=f"m{server.clock.now}@example.com")
    stranger = Person(server)
    stranger.open("/sign-in")
    text = name.replace("\0", "")
    pages = [stranger.press("/sign-in", email=f"{text}@", password="x").text]
    stranger.open("/sign-up")
    pages.append(stranger.press("/sign-up", email=f"{text}@", password="x").text)
    person.open("/device")
    pages.append(person.press("/device", user_code=text).text)
    for address in (
        f"client_id={quote(text)}",
        f"client_id=keyturn-cli&redirect_uri={quote(text)}",
    ):
        pages.append(server.get(f"/oauth/authorize?{address}").text)
    return pages


SURFACES = pytest.mark.parametrize(
    "surface",
    [account_name, claims_of_a_program, user_agent, name_of_a_client, mistakes_shown_again],
)


@pytest.mark.proves("T-14")
@SURFACES
def test_a_hostile_name_is_text_on_the_page_and_nothing_else(
    shared: InProcess, surface: Callable[[InProcess, str], list[str]]
) -> None:
    harmless = []
    for name in HARMLESS:
        shared.clock.advance(601)
        harmless.append([structure(page).elements for page in surface(shared, name)])
    for name in HOSTILE:
        shared.clock.advance(601)
        for number, page in enumerate(surface(shared, name)):
            found = structure(page)
            assert found.elements in [elements[number] for elements in harmless], (name, page)
            assert not invisible("".join(found.texts)), (name, page)


@pytest.mark.proves("T-14")
def test_a_hostile_name_reaches_the_page_at_all(shared: InProcess) -> None:
    [page, *_] = claims_of_a_program(shared, "<b>quartz</b>")
    assert "&lt;b&gt;quartz&lt;/b&gt;" in page
    [page, *_] = account_name(shared, "\u202e<b>Ada</b>\u200b")
    assert "&lt;b&gt;Ada&lt;/b&gt;" in page
