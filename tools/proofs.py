"""Which promises have a proof, and would the proofs notice if a promise were broken?

    python tools/proofs.py                  count, then break the code once per mutant
    python tools/proofs.py --count          count only
    python tools/proofs.py --only refresh   count, then only the mutants whose name contains this

A mutant is a file ``tests/mutants/NAME.toml``:

    promise = "K-23"
    test = "tests/client/test_refresh.py::test_the_loser_reads_again"
    why = "Sends a token that another process has spent."
    [[edit]]
    file = "src/keyturn/client/refresh.py"
    old = "stored = store.load(account)"      # stands there exactly once
    new = "stored = bundle"

Each edit is made in a copy of the tree, never here. The test must pass before it and fail after.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import promises
import sdk_methods

MUTANTS = promises.TESTS / "mutants"
_FAMILIES = {"K": "client", "S": "server", "D": "SDK", "T": "threats"}
_TESTS_PASSED, _TESTS_FAILED = 0, 1  # pytest.ExitCode
_TEST_SECONDS = 300


class BadMutant(Exception):
    """A mutant that cannot be tried, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One replacement in one file; ``old`` stands there exactly once."""

    file: str
    old: str
    new: str

    def apply(self, tree: Path) -> None:
        """Make the replacement below ``tree``, or raise BadMutant."""
        path = tree / self.file
        text = path.read_text() if path.is_file() else ""
        if text.count(self.old) != 1:
            raise BadMutant(f"{self.file}: found {text.count(self.old)} times: {self.old!r}")
        path.write_text(text.replace(self.old, self.new))


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A way to break one promise, and the test that has to notice."""

    name: str
    promise: str
    test: str
    why: str
    edits: tuple[Edit, ...]

    @classmethod
    def load(cls, path: Path) -> "Mutant":
        """Read one file of tests/mutants."""
        content: dict[str, Any] = tomllib.loads(path.read_text())
        edits = tuple(Edit(**edit) for edit in content.pop("edit"))
        return cls(name=path.stem, edits=edits, **content)


def count(marks: list[promises.Mark]) -> None:
    """Print per family how many promises have a proof, and name those with none."""
    known = promises.promises()
    proved = {mark.promise for mark in marks}
    total = Counter(number[0] for number in known)
    for letter, family in _FAMILIES.items():
        missing = [n for n in known if n[0] == letter and n not in proved]
        print(f"{family:8} {total[letter] - len(missing):3} of {total[letter]} promises proved")
        if missing:
            print(f"         without a proof: {' '.join(missing)}")
    print(f"tests that prove something: {len({mark.node_id for mark in marks})}")


def try_mutants(mutants: list[Mutant], marks: list[promises.Mark]) -> int:
    """Try each mutant in a copy of the tree; return how many tests failed to notice."""
    with tempfile.TemporaryDirectory(prefix="keyturn-proofs-") as folder:
        tree = Path(folder) / "tree"
        _copy_tree(tree)
        _require_green(tree, [mutant.test for mutant in mutants])
        return sum(not _noticed(tree, mutant, marks) for mutant in mutants)


def _noticed(tree: Path, mutant: Mutant, marks: list[promises.Mark]) -> bool:
    try:
        _require_mark(mutant, marks)
        outcome = _run_broken(tree, mutant)
    except BadMutant as bad:
        print(f"fail  {mutant.name}: {bad}", flush=True)
        return False
    noticed = outcome == _TESTS_FAILED
    verdict = "noticed" if noticed else f"NOT noticed (pytest exit {outcome}): {mutant.why}"
    print(f"{'ok' if noticed else 'fail':5} {mutant.name} ({mutant.promise}) {verdict}", flush=True)
    return noticed


def _run_broken(tree: Path, mutant: Mutant) -> int:
    kept = {edit.file: (tree / edit.file).read_bytes() for edit in mutant.edits}
    try:
        for edit in mutant.edits:
            edit.apply(tree)
        return _pytest(tree, [mutant.test], seconds=_TEST_SECONDS).returncode
    except subprocess.TimeoutExpired:
        raise BadMutant(f"{mutant.test} did not end within {_TEST_SECONDS} s") from None
    finally:
        for file, content in kept.items():
            (tree / file).write_bytes(content)


def _require_mark(mutant: Mutant, marks: list[promises.Mark]) -> None:
    test = mutant.test.partition("[")[0]
    if not any(mark.node_id == test and mark.promise == mutant.promise for mark in marks):
        raise BadMutant(f"{test} is not marked as proving {mutant.promise}")


def _require_green(tree: Path, tests: list[str]) -> None:
    """A test that is red, skipped or gone before the edit proves nothing after it."""
    once = dict.fromkeys(tests)
    arguments = ["-rs", "-n", "2", "--dist", "loadfile", *once]
    run = _pytest(tree, arguments, seconds=_TEST_SECONDS + 20 * len(once))
    if run.returncode != _TESTS_PASSED or "SKIPPED" in run.stdout:
        print(run.stdout + run.stderr)
        raise SystemExit("fail  the tests named by mutants do not all pass before any edit")


def _copy_tree(tree: Path) -> None:
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=promises.ROOT, check=True, capture_output=True, text=True)
    for name in filter(None, names.stdout.split("\0")):
        source = promises.ROOT / name
        if source.is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, tree / name)


def _pytest(
    tree: Path, arguments: list[str], *, seconds: float
) -> subprocess.CompletedProcess[str]:
    """Run pytest on the copy, whose ``src`` comes before the installed package."""
    # A replaced file may keep size and second of its original; bytecode would hide the edit.
    env = dict(os.environ, PYTHONPATH=str(tree / "src"), PYTHONDONTWRITEBYTECODE="1")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-x", *arguments]
    return subprocess.run(
        command, cwd=tree, env=env, capture_output=True, text=True, timeout=seconds
    )


def main() -> int:
    """Count the proofs and try the mutants; 1 if a mark or a mutant is wrong or unnoticed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", metavar="TEXT", default="", help="mutants whose name has TEXT")
    parser.add_argument("--count", action="store_true", help="count only, try no mutant")
    options = parser.parse_args()
    try:
        marks = promises.checked_marks()
    except promises.UnknownPromise as unknown:
        print(f"fail  {unknown}")
        return 1
    count(marks)
    sdk_methods.count()
    paths = sorted(path for path in MUTANTS.glob("*.toml") if options.only in path.stem)
    if options.count or not paths:
        return 0
    unnoticed = try_mutants([Mutant.load(path) for path in paths], marks)
    print(f"mutants: {len(paths) - unnoticed} of {len(paths)} noticed")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    raise SystemExit(main())
