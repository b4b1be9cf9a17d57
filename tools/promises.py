"""The promises page and the marks in the tests, held together.

docs/reference/promises.md lists every promise by number; tests say with
``@pytest.mark.proves("K-12")`` which they prove. This module reads both without importing a test.

    python tools/promises.py            fill the page's last column
    python tools/promises.py --check    fail if that column is not what it would be
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/reference/promises.md"
TESTS = ROOT / "tests"
SHIPPED = ROOT / "src/keyturn/testing"  # suites that our own tests inherit
_ROW = re.compile(r"^\| (?P<number>[A-Z]-\d+[a-z]?) \| (?P<sentence>.*?) \| (?P<proofs>.*?) ?\|$")


@dataclass(frozen=True, slots=True)
class Mark:
    """One test function that claims to prove one promise."""

    promise: str
    file: str
    test: str
    line: int

    @property
    def node_id(self) -> str:
        """The test as pytest names it, without a parameter."""
        return f"{self.file}::{self.test}"


class UnknownPromise(Exception):
    """A test names a promise that the page does not list."""


def promises(page: Path = PAGE) -> dict[str, str]:
    """Return every promise of the page: number to sentence, in the page's order."""
    rows = (_ROW.match(line) for line in page.read_text().splitlines())
    return {row["number"]: row["sentence"] for row in rows if row}


def marks(tests: Path = TESTS, root: Path = ROOT, *, name: str = "proves") -> list[Mark]:
    """Return every mark of that name below ``tests``, in the order of files and lines.

    A mark on a class or on a module (``pytestmark``) counts for each of its tests.
    """
    found: list[Mark] = []
    for path in sorted(tests.rglob("*.py")):
        module = ast.parse(path.read_text(), str(path))
        file = path.relative_to(root).as_posix()
        found += [Mark(number, file, test, line) for number, test, line in _of_module(module, name)]
    return found


def checked_marks() -> list[Mark]:
    """Return every mark of our tests, or raise UnknownPromise naming each wrong one."""
    known = promises()
    found = [*marks(), *marks(SHIPPED)]
    wrong = [f"{m.file}:{m.line} names {m.promise}" for m in found if m.promise not in known]
    if wrong:
        raise UnknownPromise("no such promise: " + "; ".join(wrong))
    return found


def filled_page(found: list[Mark]) -> str:
    """Return the page with its last column naming the test files of each promise."""
    files: dict[str, list[str]] = {}
    for mark in found:
        names = files.setdefault(mark.promise, [])
        if mark.file not in names:
            names.append(mark.file)
    return "".join(_filled_line(line, files) for line in PAGE.read_text().splitlines(keepends=True))


def _filled_line(line: str, files: dict[str, list[str]]) -> str:
    row = _ROW.match(line.rstrip("\n"))
    if not row:
        return line
    proofs = ", ".join(f"`{name.removeprefix('tests/')}`" for name in files.get(row["number"], []))
    return f"| {row['number']} | {row['sentence']} | {proofs} |\n"


def _of_module(module: ast.Module, name: str) -> Iterator[tuple[str, str, int]]:
    shared = [
        number
        for node in module.body
        if isinstance(node, ast.Assign) and _assigns(node, "pytestmark")
        for number in _numbers(node.value, name)
    ]
    yield from _of_body(module.body, shared, name, prefix="")


def _assigns(node: ast.Assign, name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in node.targets)


def _of_body(
    body: list[ast.stmt], shared: list[str], mark: str, *, prefix: str
) -> Iterator[tuple[str, str, int]]:
    for node in body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        own = [number for decorator in node.decorator_list for number in _numbers(decorator, mark)]
        if isinstance(node, ast.ClassDef):
            yield from _of_body(node.body, shared + own, mark, prefix=f"{prefix}{node.name}::")
        elif node.name.startswith("test"):
            for number in dict.fromkeys(shared + own):
                yield number, prefix + node.name, node.lineno


def _numbers(expression: ast.expr, mark: str) -> list[str]:
    """Return the string arguments of every call of ``mark``, dotted or not, in there."""
    return [
        argument.value
        for call in ast.walk(expression)
        if isinstance(call, ast.Call)
        and mark in (getattr(call.func, "attr", ""), getattr(call.func, "id", ""))
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]


def main() -> int:
    """Fill the page, or with --check say whether it is filled."""
    try:
        page = filled_page(checked_marks())
    except UnknownPromise as unknown:
        print(f"fail  {unknown}")
        return 1
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(page)
    elif page != PAGE.read_text():
        print(f"fail  {PAGE.relative_to(ROOT)} is out of date; run `make docs`")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
