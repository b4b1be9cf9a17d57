"""The pages written by hand: their code runs, their commands exist, their links lead somewhere."""

import re
import shlex
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

import reference
from keyturn.server.settings import load

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted({ROOT / "CONTRIBUTING.md", *reference.quoting_pages()})
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)")
QUOTE = re.compile(r"<!-- file: (\S+) -->")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(*languages: str) -> list[object]:
    """Return each fenced block in one of ``languages``, named by page and position."""
    return [
        pytest.param(content, id=f"{name_of(page)}-{number}")
        for page in PAGES
        for number, (language, content) in enumerate(FENCE.findall(page.read_text()), 1)
        if language in languages
    ]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_between_pages_leads_to_a_file(page: Path) -> None:
    prose = FENCE.sub("", page.read_text())
    broken = [link for link in LINK.findall(prose) if not (page.parent / link).exists()]
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_quoted_file_is_quoted_as_it_is(page: Path) -> None:
    assert reference.with_quotes(page.read_text()) == page.read_text(), "run `make docs`"


def test_the_readme_shows_the_program_that_the_demo_runs() -> None:
    assert QUOTE.findall((ROOT / "README.md").read_text()) == ["examples/minimal_cli/acme.py"]


@pytest.mark.parametrize("code", blocks("python"))
def test_a_python_block_runs(code: str, tmp_path: Path) -> None:
    script = tmp_path / "block.py"
    # A program asked for its help has built all its commands, and calls nobody.
    script.write_text(code)
    run = subprocess.run(
        [sys.executable, "-W", "error", str(script), "--help"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("declaration", blocks("toml"))
def test_a_configuration_block_is_one_that_the_server_takes(
    declaration: str, tmp_path: Path
) -> None:
    file = tmp_path / "keyturn.toml"
    file.write_text(declaration)
    assert load(file=file, environ={}).projects


@pytest.mark.parametrize("block", blocks("sh", "bash", "shell"))
def test_every_command_of_a_shell_block_exists(block: str) -> None:
    for line in block.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            del words[0]
        if words:
            check_command(words)


def check_command(words: list[str]) -> None:
    """Fail unless the first word is a door of this project and the rest fits it."""
    match words:
        case ["make", *targets]:
            makefile = (ROOT / "Makefile").read_text()
            for target in (word for word in targets if "=" not in word):
                assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"make {target}"
        case ["pip", "install", requirement, *_]:  # what else is installed is others' to name
            project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
            named = re.fullmatch(r"keyturn(?:\[([\w,]+)\])?", requirement)
            assert named, requirement
            assert set((named[1] or "click").split(",")) <= set(project["optional-dependencies"])
        case ["opentelemetry-instrument", *command]:  # runs a command of ours
            check_command(command)
        case ["keyturn", *arguments]:
            check_arguments(arguments)
        case ["python", script, *arguments] if (ROOT / script).is_file():
            check_arguments(arguments, program=[sys.executable, str(ROOT / script)])
        case [program, *_]:
            assert (ROOT / program).is_file() or program in ("curl", "export", "cd"), program


@cache
def help_of(*command: str) -> str:
    """Return what a command answers to ``--help``; many blocks show the same command."""
    run = subprocess.run(
        [*command, "--help"], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout + run.stderr


def check_arguments(arguments: list[str], program: list[str] | None = None) -> None:
    """Fail unless ``--help`` of the command knows every flag given to it."""
    program = program or [str(Path(sys.executable).parent / "keyturn")]
    flags = [word.partition("=")[0] for word in arguments if word.startswith("-")]
    first_flag = next((i for i, word in enumerate(arguments) if word.startswith("-")), None)
    command = arguments[:first_flag]
    known = help_of(*program, *command)
    unknown = [flag for flag in flags if not re.search(rf"(?<![\w-]){flag}(?![\w-])", known)]
    assert not unknown, f"{shlex.join(command)} does not know {unknown}"
