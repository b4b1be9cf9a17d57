"""``import keyturn``: what it offers, and that it costs nothing before it is used."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import keyturn
from keyturn.protocol.errors import CATALOGUE

ROOT = Path(__file__).resolve().parents[2]


def test_all_is_exactly_what_the_package_offers_and_every_name_can_be_loaded() -> None:
    assert sorted(keyturn.__all__) == list(keyturn.__all__)
    assert dir(keyturn) == sorted(keyturn.__all__)
    for name in keyturn.__all__:
        assert getattr(keyturn, name).__doc__ or name == "LoginEvent"


def test_every_error_can_be_imported_from_the_package() -> None:
    for error in CATALOGUE.values():
        assert getattr(keyturn, error.__name__) is error


def test_type_checkers_and_the_interpreter_find_the_same_names() -> None:
    tree = ast.parse((ROOT / "src/keyturn/__init__.py").read_text())
    typed = {
        (node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    loaded = {(home, name) for home, names in keyturn._HOMES.items() for name in names}
    assert typed == loaded
    assert {name for _, name in loaded} == set(keyturn.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'nonsense'"):
        keyturn.nonsense  # noqa: B018


def test_the_version_is_the_distributions() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert keyturn.__version__ == project["version"]


@pytest.mark.proves("K-71")
def test_importing_the_package_loads_its_own_file_alone() -> None:
    code = "import sys; before = set(sys.modules); import keyturn; print(set(sys.modules) - before)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "{'keyturn'}"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"issuer": "https://id.example", "client_secret": "s"},
        {"client_id": "x"},
        {"issuer": "", "client_id": "x"},
        {"issuer": "https://id.example", "client_id": "x", "storage": "cloud"},
    ],
)
def test_a_program_without_a_server_or_with_an_unknown_storage_cannot_be_made(
    fields: dict[str, str],
) -> None:
    with pytest.raises(ValueError, match=r"give either|give issuer|storage is"):
        keyturn.Auth("acme", **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["", ".", "..", "-x", "_x", "a/b", "a b", "../x", "é", "a\0"])
def test_a_name_that_would_not_do_as_a_directory_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="program's name"):
        keyturn.Auth(name, issuer="https://id.example", client_id="x")


def test_stack_and_issuer_exclude_each_other() -> None:
    project = keyturn.StackProject(
        base_url="https://api.example/", project_id="p", app_url="https://app.example/"
    )
    assert repr(project) == "StackProject(base_url='https://api.example', project_id='p')"
    with pytest.raises(ValueError, match="either"):
        keyturn.Auth("acme", stack=project, issuer="https://id.example")
    assert keyturn.Auth("acme", stack=project).issuer == "https://api.example"


def test_making_an_auth_touches_nothing(tmp_path: Path) -> None:
    auth = keyturn.Auth(
        "acme", issuer="https://id.example", client_id="x", home=str(tmp_path / "h")
    )
    assert (auth.name, auth.program, auth.issuer) == ("acme", "acme", "https://id.example")
    assert not auth.has_session()
    assert auth.session() is None
    assert auth.sessions() == []
    assert not (tmp_path / "h").exists()
