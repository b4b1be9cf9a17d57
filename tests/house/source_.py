"""The package's own source, parsed once, for the checks of this folder."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src/keyturn"


@dataclass(frozen=True, slots=True)
class Module:
    """One source file; ``name`` is relative to the package: ``client/lock.py``."""

    name: str
    text: str
    tree: ast.Module

    def within(self, *places: str) -> bool:
        """Tell whether this file is one of ``places``, or lies in one that ends with a slash."""
        return any(
            self.name.startswith(place) if place.endswith("/") else self.name == place
            for place in places
        )

    def imports(self) -> Iterator[str]:
        """Yield every module named by an import, at any depth of the file."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module
                yield from (f"{node.module}.{alias.name}" for alias in node.names)

    def strings(self) -> Iterator[tuple[int, str]]:
        """Yield line and text of every string that is not a docstring."""
        documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        docstrings = {
            id(node.body[0].value)
            for node in ast.walk(self.tree)
            if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(self.tree):
            if not isinstance(node, ast.Constant) or id(node) in docstrings:
                continue
            if isinstance(node.value, str):
                yield node.lineno, node.value

    def calls(self) -> Iterator[tuple[int, str]]:
        """Yield line and dotted name of every call: ``time.time``."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield node.lineno, ast.unparse(node.func)

    def functions(self) -> Iterator[tuple[str, int]]:
        """Yield name and number of lines of every function."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


@cache
def modules() -> tuple[Module, ...]:
    """Return every Python file of the package."""
    return tuple(_parse(path) for path in sorted(PACKAGE.rglob("*.py")))


def _parse(path: Path) -> Module:
    text = path.read_text()
    return Module(path.relative_to(PACKAGE).as_posix(), text, ast.parse(text, str(path)))
