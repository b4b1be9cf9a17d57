"""Files and functions stay small, and nothing is left for later or tied to one machine."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.house.source_ import ROOT, modules

MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 60
LEFT_FOR_LATER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
# Put together here, so that this file does not find itself.
# Not in the middle of an API's path, such as one that names a provider called "work".
PATHS_OF_ONE_MACHINE = re.compile(r"(?<![\w}])/" + "(?:work/|root/|tmp/kt)")
WORDING_APPLIES_TO = {".py", ".md", ".toml", ".sql", ".html", ".css", ".sh", ""}


def tracked_files() -> list[Path]:
    """Return every file of the repository that text rules apply to."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git clone; the list of files comes from git")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    names = filter(None, listed.stdout.split("\0"))
    paths = [ROOT / name for name in names if Path(name).suffix in WORDING_APPLIES_TO]
    return [path for path in paths if path.is_file()]


def test_no_source_file_is_longer_than_400_lines() -> None:
    long = {m.name: n for m in modules() if (n := m.text.count("\n")) > MOST_LINES_OF_A_FILE}
    assert not long


def test_no_function_is_longer_than_60_lines() -> None:
    long = [
        f"{module.name}: {name} has {lines} lines"
        for module in modules()
        for name, lines in module.functions()
        if lines > MOST_LINES_OF_A_FUNCTION
    ]
    assert not long


def test_every_source_file_says_what_it_is_for() -> None:
    silent = [m.name for m in modules() if not (m.tree.body and _docstring(m.text))]
    assert not silent


def _docstring(text: str) -> bool:
    return text.lstrip().startswith(('"""', 'r"""'))


def test_nothing_is_left_for_later() -> None:
    here = Path(__file__).resolve()
    left = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked_files()
        if path != here
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if LEFT_FOR_LATER.search(line)
    ]
    assert not left


def test_nothing_is_a_stub() -> None:
    stubs = [m.name for m in modules() if re.search(r"\bNotImplementedError\b", m.text)]
    assert not stubs


def test_no_file_names_a_path_of_one_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked_files()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if PATHS_OF_ONE_MACHINE.search(line)
    ]
    assert not found
