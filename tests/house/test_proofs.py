"""The promises page, the marks in the tests and the mutants fit together."""

import subprocess
from pathlib import Path

import pytest

import promises
import proofs
from tests.house.source_ import ROOT

MUTANT = """
promise = "K-1"
test = "tests/test_sample.py::test_two"
why = "Counts wrong."
[[edit]]
file = "sample.py"
old = "1 + 1"
new = "1 + 2"
"""


def test_every_mark_names_a_promise_of_the_page() -> None:
    assert promises.checked_marks()


def test_every_mutant_names_a_marked_test_and_text_that_stands_there_once(tmp_path: Path) -> None:
    marked = {(mark.node_id, mark.promise) for mark in promises.checked_marks()}
    for path in sorted(proofs.MUTANTS.glob("*.toml")):
        mutant = proofs.Mutant.load(path)
        assert (mutant.test.partition("[")[0], mutant.promise) in marked, mutant.name
        for edit in mutant.edits:
            assert (ROOT / edit.file).read_text().count(edit.old) == 1, mutant.name


def test_marks_are_read_from_functions_classes_and_modules(tmp_path: Path) -> None:
    tests = tmp_path / "tests"
    tests.mkdir()
    (tests / "test_sample.py").write_text(
        "import pytest\n"
        'pytestmark = pytest.mark.proves("K-1")\n'
        'class TestThings:\n    @pytest.mark.proves("K-2", "K-3")\n    def test_one(self): ...\n'
    )
    found = [(mark.promise, mark.node_id) for mark in promises.marks(tests, tmp_path)]
    node = "tests/test_sample.py::TestThings::test_one"
    assert found == [("K-1", node), ("K-2", node), ("K-3", node)]


def test_an_edit_whose_text_is_gone_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sample.py").write_text("x = 2\n")
    edit = proofs.Edit(file="sample.py", old="1 + 1", new="1 + 2")
    with pytest.raises(proofs.BadMutant, match=r"found 0 times"):
        edit.apply(tmp_path)


@pytest.mark.parametrize(("assertion", "noticed"), [("sample.two == 2", 1), ("sample.two > 0", 0)])
def test_a_mutant_counts_as_noticed_only_when_its_test_turns_red(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, assertion: str, noticed: int
) -> None:
    for folder in ("src", "tests/mutants", "docs/reference"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "src/sample.py").write_text("two = 1 + 1\n")
    (tmp_path / "tests/test_sample.py").write_text(
        "import pytest, sample\n\n"
        f'@pytest.mark.proves("K-1")\ndef test_two():\n    assert {assertion}\n'
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    proves(*ids): promises\n")
    path = tmp_path / "tests/mutants/sums.toml"
    path.write_text(MUTANT.replace('file = "', 'file = "src/'))
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    monkeypatch.setattr(promises, "ROOT", tmp_path)
    # Of all the plugins installed here a sample needs one; loading the others takes seconds.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "xdist.plugin")
    unnoticed = proofs.try_mutants(
        [proofs.Mutant.load(path)], promises.marks(tmp_path / "tests", tmp_path)
    )
    assert unnoticed == 1 - noticed
    assert (tmp_path / "src/sample.py").read_text() == "two = 1 + 1\n"
