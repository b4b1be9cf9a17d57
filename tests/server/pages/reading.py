"""Reads a page as a browser would, as far as tests need: elements, texts and where each stands."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

_INLINE = frozenset({"a", "bdi", "code", "span", "time"})
_VOID = frozenset({"meta", "link", "input", "path", "circle", "rect", "br"})


@dataclass(frozen=True, kw_only=True)
class Element:
    """One start tag; ``within`` are the tags around it, outermost first."""

    tag: str
    attributes: dict[str, str | None]
    within: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Form:
    """A form: where it goes, and its fields as ``name=value``, hidden ones included."""

    action: str | None
    fields: dict[str, str] = field(default_factory=dict)


class Reading(HTMLParser):
    """The elements, texts and forms of one page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.texts: list[tuple[str, tuple[str, ...]]] = []
        self.forms: list[Form] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == [], f"never closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.elements.append(Element(tag=tag, attributes=attributes, within=tuple(self._open)))
        if tag == "form":
            self.forms.append(Form(action=attributes.get("action")))
        if tag in ("input", "button") and (name := attributes.get("name")):
            self.forms[-1].fields[name] = attributes.get("value") or ""
        if tag not in _VOID:
            self._part(tag)
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag=tag, attributes=dict(attrs), within=tuple(self._open)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> without a start"
        assert self._open.pop() == tag
        self._part(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append((data, tuple(self._open)))

    def _part(self, tag: str) -> None:
        """Keep the words of different blocks apart, as a browser does."""
        if tag not in _INLINE:
            self.texts.append((" ", tuple(self._open)))

    def count(self, tag: str) -> int:
        """Return how many elements of that name there are."""
        return sum(element.tag == tag for element in self.elements)

    def text(self, tag: str) -> str:
        """Return all text inside elements of that name."""
        return " ".join("".join(text for text, within in self.texts if tag in within).split())

    def form(self, action: str) -> Form:
        """Return the one form that posts there."""
        (found,) = [form for form in self.forms if form.action == action]
        return found
