"""Write the SDK's error classes from the table of the API's error codes.

The table is src/keyturn/sdk/known_errors/table.txt.

    python tools/known_errors.py            write the modules of src/keyturn/sdk/known_errors
    python tools/known_errors.py --check    fail if one is not what it would be
"""

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOM = Path(__file__).resolve().parent.parent / "src/keyturn/sdk/known_errors"
TABLE = ROOM / "table.txt"
_LINE = re.compile(r"^(?P<indent> *)(?P<code>[A-Z_]+)(?: (?P<name>\w+))?: (?P<sentence>.+)$")
_HEADING = re.compile(r"^== (?P<name>\w+): (?P<sentence>.+)$")
_WRITTEN = "Written by ``python tools/known_errors.py`` from table.txt; change that instead."


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One error code."""

    code: str
    name: str
    parent: str
    sentence: str


@dataclass(slots=True, kw_only=True)
class Section:
    """The codes of one module, parents first."""

    name: str
    sentence: str
    codes: list[Known] = field(default_factory=list)


def read(text: str) -> list[Section]:
    """Return the table's sections."""
    sections: list[Section] = []
    above: list[tuple[int, str]] = []
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        if heading := _HEADING.match(line):
            sections.append(Section(name=heading["name"], sentence=heading["sentence"]))
            continue
        match = _LINE.match(line)
        if match is None:
            raise SystemExit(f"fail  {TABLE.name}: cannot read {line!r}")
        depth = len(match["indent"])
        above = [entry for entry in above if entry[0] < depth]
        name = match["name"] or _class_name(match["code"])
        parent = above[-1][1] if above else "StackApiError"
        known = Known(code=match["code"], name=name, parent=parent, sentence=match["sentence"])
        sections[-1].codes.append(known)
        above.append((depth, name))
    return sections


def modules(sections: list[Section]) -> dict[str, str]:
    """Return the modules that belong to the table, by file name."""
    found = {f"{section.name}.py": _module(section) for section in sections}
    return {**found, "__init__.py": _room(sections)}


def _module(section: Section) -> str:
    head = (
        f'"""{section.sentence}\n\n{_WRITTEN}\n"""\n\n'
        "from keyturn.sdk.errors import StackApiError\n"
    )
    return head + "".join(_class(known) for known in section.codes)


def _room(sections: list[Section]) -> str:
    lines = [
        '"""The error codes of the Stack-compatible API as classes, each a kind of StackApiError.',
        "",
        _WRITTEN,
        '"""',
        "",
    ]
    for section in sorted(sections, key=lambda section: section.name):
        names = sorted(known.name for known in section.codes)
        lines += [f"from keyturn.sdk.known_errors.{section.name} import ("]
        lines += [*(f"    {name}," for name in names), ")"]
    every = sorted(known.name for section in sections for known in section.codes)
    lines += ["", "__all__ = [", *(f'    "{name}",' for name in every), "]", ""]
    return "\n".join(lines)


def _class(known: Known) -> str:
    head = f'class {known.name}({known.parent}, code="{known.code}"):'
    if len(head) > 100:
        head = f'class {known.name}(\n    {known.parent}, code="{known.code}"\n):'
    return f'\n\n{head}\n    """{known.sentence}"""\n'


def _class_name(code: str) -> str:
    return "".join("OAuth" if word == "OAUTH" else word.capitalize() for word in code.split("_"))


def main() -> int:
    """Write the modules, or with --check say whether they are written."""
    stale = [
        ROOM / name
        for name, text in modules(read(TABLE.read_text())).items()
        if not (ROOM / name).is_file() or (ROOM / name).read_text() != text
    ]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"fail  {path.name} is out of date; run `python tools/known_errors.py`")
        return 1 if stale else 0
    for name, text in modules(read(TABLE.read_text())).items():
        (ROOM / name).write_text(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
