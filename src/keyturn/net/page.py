"""What a person finds on a page: its heading, links, lists, and forms with their buttons. Pure.

As much of HTML as Keyturn's own pages use; whoever presses a button here presses one that the
server has drawn. For browsers that no person sits in front of: the demo's and the test kit's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

_VOID = frozenset({"input", "br", "hr", "img", "meta", "link"})
_BLOCKS = frozenset({"p", "div", "li", "dt", "dd", "h1", "h2", "h3"})
_TYPED = frozenset({"text", "email", "password"})


class NotOnThePage(Exception):
    """The page lacks what was looked for; the text says what there is instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A submit button: its words, the field it adds, and where it sends the form if elsewhere."""

    text: str
    name: str | None
    value: str
    action: str | None


@dataclass(slots=True, kw_only=True)
class Form:
    """A form: where it goes, the hidden fields it carries, what can be typed, its buttons."""

    action: str
    method: str
    hidden: dict[str, str] = field(default_factory=dict, repr=False)
    typed: dict[str, str] = field(default_factory=dict, repr=False)
    buttons: list[Button] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Page:
    """One answer, read as a page."""

    url: str
    status: int
    heading: str = ""
    links: dict[str, str] = field(default_factory=dict)
    forms: list[Form] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)

    def link(self, text: str) -> str:
        """Return the absolute address behind a link's words.

        Raises:
            NotOnThePage: no link says so.
        """
        if text not in self.links:
            raise NotOnThePage(f"{self.named} has no link {text!r}, but {sorted(self.links)}")
        return urljoin(self.url, self.links[text])

    def button(self, text: str) -> tuple[Form, Button]:
        """Return the button with these words and its form.

        Raises:
            NotOnThePage: no button says so.
        """
        every = [(form, button) for form in self.forms for button in form.buttons]
        for form, button in every:
            if button.text == text:
                return form, button
        there = [button.text for _, button in every]
        raise NotOnThePage(f"{self.named} has no button {text!r}, but {there}")

    @property
    def named(self) -> str:
        """Return how to speak of this page."""
        return f"the page {self.heading!r} (HTTP {self.status})"


def read_page(html: str, *, url: str, status: int) -> Page:
    """Read a page that was served from ``url``."""
    page = Page(url=url, status=status)
    reader = _Reader(page)
    reader.feed(html)
    reader.close()
    return page


class _Reader(HTMLParser):
    """Collects the text inside an element of interest and files it at its end."""

    def __init__(self, page: Page) -> None:
        super().__init__(convert_charrefs=True)
        self._page = page
        self._form: Form | None = None
        self._open: list[tuple[str, dict[str, str], list[str]]] = []
        self._silent = 0
        self._label = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            method = values.get("method", "get").upper()
            self._form = Form(action=values.get("action", ""), method=method)
            self._page.forms.append(self._form)
        elif tag == "input" and self._form is not None:
            _add_input(self._form, values)
        if tag not in _VOID:
            self._silent += _is_silent(tag, values)
            self._open.append((tag, values, []))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Pass over a part of a drawing."""

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            opened, values, texts = self._open.pop()
            self._silent -= _is_silent(opened, values)
            text = "".join(texts)
            self._file(opened, values, " ".join(text.split()))
            if self._open:
                self._open[-1][2].append(_apart(opened, values, text))
            if opened == tag:
                return

    def handle_data(self, data: str) -> None:
        if self._open and not self._silent:
            self._open[-1][2].append(data)

    def _file(self, tag: str, values: dict[str, str], text: str) -> None:
        if tag == "h1" and not self._page.heading:
            self._page.heading = text
        elif tag == "a" and "href" in values:
            self._page.links.setdefault(text, values["href"])
        elif tag == "li":
            self._page.items.append(text)
        elif tag == "dt":
            self._label = text
        elif tag == "dd":
            self._page.facts.append(f"{self._label}: {text}")
        elif tag == "form":
            self._form = None
        elif tag == "button" and self._form is not None:
            self._form.buttons.append(
                Button(
                    text=text,
                    name=values.get("name"),
                    value=values.get("value", ""),
                    action=values.get("formaction"),
                )
            )


def _is_silent(tag: str, values: dict[str, str]) -> bool:
    return tag == "style" or values.get("class") == "unseen"


def _apart(tag: str, values: dict[str, str], text: str) -> str:
    """Return the words of an element so that they do not run into its neighbour's."""
    if tag == "button":
        return ""
    if values.get("class") in ("same", "differs"):
        return f"({text})"
    return f" {text} " if tag in _BLOCKS else text


def _add_input(form: Form, values: dict[str, str]) -> None:
    name, kind = values.get("name"), values.get("type", "text")
    if name is None:
        return
    if kind == "hidden":
        form.hidden[name] = values.get("value", "")
    elif kind in _TYPED:
        form.typed[name] = values.get("value", "")
