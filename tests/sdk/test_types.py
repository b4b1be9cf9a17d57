"""What type checkers and editors make of the two forms."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.source_ import ROOT
from tests.requirements_ import require
from tests.sdk.language_server_ import language_server

# Each line that ends in "# wrong" must be refused, and no other.
PROGRAM = """
from typing import assert_type

from keyturn.sdk import Async, CurrentUser, Page, ServerUser, StackClientApp, StackServerApp, Team


def blocking() -> None:
    app = StackClientApp(project_id="p")
    user = app.get_user()
    assert_type(user, CurrentUser | None)
    if user is not None:
        assert_type(user.selected_team, Team | None)
        assert_type(user.update(display_name="Ada"), None)
        user.update(display_name=1)  # wrong
    assert_type(app.get_user(or_="raise"), CurrentUser)
    assert_type(app.get_user(or_="return_none", include_restricted=True), CurrentUser | None)
    server = StackServerApp(project_id="p", secret_server_key="k")
    for each in server.list_users(limit=1):
        assert_type(each, ServerUser)
    assert_type(server.list_users(), Page[ServerUser])
    assert_type(server.list_users().next_page(), Page[ServerUser] | None)
    app.get_user(or_="nobody")  # wrong
    app.get_user(strange=1)  # wrong
    StackServerApp(project_id="p")  # wrong
    with app as same:
        assert_type(same, StackClientApp)


async def awaitable() -> None:
    app = StackClientApp[Async](project_id="p")
    user = await app.get_user()
    assert_type(user, CurrentUser[Async] | None)
    if user is not None:
        await user.update(display_name="Ada")
        user.update(display_name="Ada")  # wrong
        if user.selected_team is not None:
            await user.selected_team.delete()
            user.selected_team.delete()  # wrong
    assert_type(await app.get_user(or_="anonymous"), CurrentUser[Async])
    app.get_user(or_="raise")  # wrong
    app.sign_out()  # wrong
    app.get_project().display_name  # wrong
    server = StackServerApp[Async](project_id="p", secret_server_key="k")
    async for each in server.list_users(limit=1):
        assert_type(each, ServerUser[Async])
    page = await server.list_users()
    assert_type(page, Page[ServerUser[Async], Async])
    server.list_users().items  # wrong
    async with app as same:
        assert_type(same, StackClientApp[Async])
"""

HOVERED = """
from keyturn.sdk import Async, StackClientApp

blocking_app = StackClientApp(project_id="p")
blocking_app.sign_in_with_credential
blocking_app.get_user
awaitable_app = StackClientApp[Async](project_id="p")
awaitable_app.sign_in_with_credential
awaitable_app.get_user
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return path


def wrong_lines() -> set[int]:
    lines = enumerate(PROGRAM.splitlines(), 1)
    return {number for number, line in lines if line.endswith("# wrong")}


def refused_lines(output: str) -> set[int]:
    return {int(number) for number in re.findall(r"program\.py:(\d+)[^\n]* error", output)}


@pytest.mark.proves("D-3")
def test_mypy_strict_follows_both_forms_and_refuses_a_forgotten_await(program: Path) -> None:
    # A cache of its own, kept between runs: these options are not those of `make check`.
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--cache-dir",
            ROOT / ".mypy_cache/sdk-forms",
            program,
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert refused_lines(run.stdout) == wrong_lines(), run.stdout


@pytest.mark.proves("D-3")
def test_pyright_follows_both_forms_and_refuses_a_forgotten_await(program: Path) -> None:
    require("node")
    programs = Path(sys.executable).parent
    env = dict(os.environ, PATH=f"{programs}{os.pathsep}{os.environ['PATH']}")
    env["PYRIGHT_PYTHON_IGNORE_WARNINGS"] = "1"
    run = subprocess.run(
        [programs / "pyright", program], capture_output=True, text=True, env=env, timeout=120
    )
    assert refused_lines(run.stdout) == wrong_lines(), run.stdout


@pytest.mark.proves("D-3")
def test_an_editor_shows_signature_and_docstring_in_both_forms(tmp_path: Path) -> None:
    require("node")
    path = tmp_path / "hovered.py"
    path.write_text(HOVERED)
    with language_server(tmp_path) as server:
        server.open(path)
        shown = {
            form: server.hover(path, f"{form}_app.sign_in_with_credential")
            for form in ("blocking", "awaitable")
        }
        users = [server.hover(path, f"{form}_app.get_user") for form in ("blocking", "awaitable")]
    assert all("include_restricted:" in text for text in users)
    assert all("What to do when nobody is signed in" in text for text in users)
    for text in shown.values():
        assert "email: str" in text
        assert "token_store:" in text
        assert "keep the session" in text
    assert "Coroutine" in shown["awaitable"]
    assert "Coroutine" not in shown["blocking"]
