"""A person's browser as BROWSER names it: keeps cookies, and presses on until there is no form."""

import http.cookiejar
import re
import sys
import urllib.request
from html import unescape
from urllib.parse import urlencode, urljoin

_FORM = re.compile(r'<form[^>]* action="(?P<action>[^"]*)"[^>]*>(?P<inside>.*?)</form>', re.S)
_INPUT = re.compile(r"<input[^>]*>", re.S)
_MOST_FORMS = 5


def visit(url: str, typed: dict[str, str] | None = None) -> str:
    """Open ``url``, fill ``typed`` into its forms, submit them all, and return the last page."""
    jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    browser = urllib.request.build_opener(urllib.request.ProxyHandler({}), jar)
    reply = browser.open(url, timeout=20)
    for _ in range(_MOST_FORMS):
        page: str = reply.read().decode()
        form = _FORM.search(page)
        if form is None:
            break
        fields = _fields(form["inside"], typed or {})
        target = urljoin(reply.url, unescape(form["action"]))
        reply = browser.open(target, urlencode(fields).encode(), timeout=20)
    return page


def _fields(inside: str, typed: dict[str, str]) -> dict[str, str]:
    inputs = [dict(re.findall(r'(\w+)="([^"]*)"', tag)) for tag in _INPUT.findall(inside)]
    given = {field["name"]: unescape(field.get("value", "")) for field in inputs}
    return given | {name: text for name, text in typed.items() if name in given}


if __name__ == "__main__":
    visit(sys.argv[1])
