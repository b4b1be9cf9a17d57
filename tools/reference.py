"""Write the generated pages of docs/reference, and the files that other pages quote.

    python tools/reference.py            write them
    python tools/reference.py --check    fail if a page is not what it would be

Nothing here knows a setting, code, flag or path by name: each page is read off the module that
implements it, so a page can be out of date only by not having been written anew.

A page quotes a file by ``<!-- file: examples/minimal_cli/acme.py -->`` before a fenced block; the
block's content is then that file's.
"""

import inspect
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs/reference"
_QUOTE = re.compile(r"(<!-- file: (\S+) -->\n```\w+\n).*?(^```$)", re.MULTILINE | re.DOTALL)
_MARK = "<!-- Written by `make docs`; change the code instead. -->\n"


def errors_page() -> str:
    """Every error a program can meet, from keyturn.protocol.errors."""
    import keyturn
    from keyturn.protocol.errors import CATALOGUE

    lines = [
        "# Errors",
        "",
        "Scripts match on the code and the exit status; neither changes between releases. With",
        '`--json` an error is one line on stderr: `{"error": {"code", "message", "hint"}}`.',
        "In Python every one is a subclass of `keyturn.KeyturnError`.",
    ]
    for code, error in sorted(CATALOGUE.items()):
        anchor = code.lower().replace("_", "-")
        lines += ["", f'## <a id="{anchor}"></a>{code}', "", _paragraphs(error), ""]
        home = "keyturn" if error.__name__ in keyturn.__all__ else error.__module__
        lines += [f"- class: `{home}.{error.__name__}`", f"- exit status: {error.exit_status}"]
        if error.hint:
            lines.append(f"- next step: {error.hint.replace('{program}', 'acme')}")
    return _page(lines)


def settings_page() -> str:
    """Every setting of the server, from keyturn.server.settings."""
    from keyturn.server.declarations import (
        ClientDeclaration,
        ProjectDeclaration,
        ResourceDeclaration,
    )
    from keyturn.server.payments.catalog import IncludedItem, Item, Price, Product
    from keyturn.server.projects.provider_declaration import ProviderDeclaration
    from keyturn.server.settings import PREFIX, Settings

    lines = [
        "# Settings of the server",
        "",
        "A setting is an environment variable, a key of the file that `keyturn serve --config`",
        "names, or, for some, a flag. A flag wins over the environment, that over the file.",
        "Unknown variables are ignored; unknown keys of the file are refused.",
        "",
        "| variable | key in the file | default | meaning |",
        "|---|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        if name not in ("projects", "clients", "resources"):
            variable = f"`{PREFIX}{name.upper()}`"
            lines.append(f"| {variable} | `{name}` | {_default(field)} | {_meaning(field)} |")
    for title, table, model in (
        ("Projects", "[[projects]]", ProjectDeclaration),
        ("Where people may come from", "[[projects.oauth_providers]]", ProviderDeclaration),
        ("What is counted", "[projects.payments.items.ID]", Item),
        ("What may be owned", "[projects.payments.products.ID]", Product),
        ("What a product costs", "prices.NAME", Price),
        ("What a product includes", "included_items.ITEM", IncludedItem),
        ("OAuth clients", "[[clients]]", ClientDeclaration),
        ("APIs that take access tokens", "[[resources]]", ResourceDeclaration),
    ):
        lines += ["", f"## {title}: `{table}`", "", "| key | type | default | meaning |"]
        lines += ["|---|---|---|---|"]
        lines += [
            f"| `{name}` | {_type(field.annotation)} | {_default(field)} | {_meaning(field)} |"
            for name, field in model.model_fields.items()
        ]
    return _page(lines)


def commands_page() -> str:
    """Every command, from the table that the attachers read and from `keyturn --help`."""
    from keyturn.client.commands.table import COMMANDS, load

    lines = [
        "# Commands",
        "",
        "Exit status: 0 done, 1 failed, 2 usage, 4 sign-in required, 75 temporary (try again),",
        "130 interrupted.",
        "",
        "## In your own program",
        "",
        "`attach_click`, `attach_typer` and `attach_argparse` add these below `auth`.",
    ]
    for name, summary in COMMANDS.items():
        lines += ["", f"### `auth {name}`", "", summary, "", "| option | meaning |", "|---|---|"]
        lines += [f"| {_flags(option)} | {option.help} |" for option in load(name).OPTIONS]
    lines += ["", "## `keyturn`", "", "```text", _help_text(), "```"]
    for command in _help_pages():
        lines += [
            "",
            f"### `keyturn {' '.join(command)}`",
            "",
            "```text",
            _help_text(*command),
            "```",
        ]
    return _page(lines)


def endpoints_page() -> str:
    """Every HTTP endpoint: programs' from the OpenAPI document, people's from the routes."""
    lines = [
        "# Endpoints of the server",
        "",
        "The machine-readable form is the server's own `/openapi.json`. Paths below `/api/v1` are",
        "also answered below `/api/latest`, pages also below `/p/PROJECT`.",
    ]
    app = _server_app()
    groups: dict[str, list[str]] = {}
    for path, operations in sorted(app.openapi()["paths"].items()):
        for method, operation in operations.items():
            group = (operation.get("tags") or ["Other"])[0]
            row = f"| `{method.upper()} {path}` | {_sentence(operation.get('description'))} |"
            groups.setdefault(group[0].upper() + group[1:], []).append(row)
    groups["Pages"] = sorted(_pages_for_people(app))
    for group, rows in sorted(groups.items()):
        lines += ["", f"## {group}", "", "| endpoint | what it does |", "|---|---|", *rows]
    return _page(lines)


def sdk_page() -> str:
    """Every operation of the SDK, from its docstring and annotations."""
    import sdk_reference

    return _page(sdk_reference.page())


PAGES = {
    "errors.md": errors_page,
    "settings.md": settings_page,
    "commands.md": commands_page,
    "endpoints.md": endpoints_page,
    "sdk.md": sdk_page,
}


def _page(lines: Iterable[str]) -> str:
    return _MARK + "\n".join(lines) + "\n"


def _paragraphs(documented: type) -> str:
    """Return a docstring without its sections (Args, Attributes, Raises)."""
    text = inspect.cleandoc(documented.__doc__ or "")
    kept = [part for part in text.split("\n\n") if not part.partition("\n")[0].endswith(":")]
    return "\n\n".join(kept)


def _default(field: Any) -> str:
    if field.is_required():
        return "required"
    if field.default in (None, ()):
        return "-"
    value = field.default
    if isinstance(value, tuple):
        return ", ".join(f"`{entry}`" for entry in value)
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`" if isinstance(value, str | int | Path) else "-"


def _meaning(field: Any) -> str:
    return (field.description or "").replace("|", "\\|")


def _type(annotation: Any) -> str:
    words = {str: "text", bool: "true or false", int: "number"}
    if annotation in words:
        return words[annotation]
    text = str(annotation)
    if "'day'" in text:
        return "number and unit"
    if text.startswith(("tuple", "dict")):
        return "tables" if "Declaration" in text or "catalog" in text else "list of text"
    if annotation is Any:
        return "anything"
    return "table" if "ProjectUrls" in text or "Payments" in text else "text"


def _flags(option: Any) -> str:
    value = option.metavar or "|".join(option.choices)
    if option.is_argument:
        return f"`{value}`"
    flags = ", ".join(f"`{flag}`" for flag in option.flags)
    return f"{flags} `{value}`".replace("|", "\\|") if value else flags


def _help_pages() -> Iterator[list[str]]:
    """Yield each command of ``keyturn``, and below it what its usage line offers."""
    from keyturn.cli.entry import COMMANDS

    for name in COMMANDS:
        yield from _with_subcommands([name])
        if name == "auth":
            yield [name, "login"]  # the one that knows more than in a program of one's own


def _with_subcommands(command: list[str]) -> Iterator[list[str]]:
    yield command
    offered = re.search(r"\{([\w,]+)\} \.\.\.", _help_text(*command))
    for name in offered[1].split(",") if offered else ():
        yield from _with_subcommands([*command, name])


@cache
def _help_text(*command: str) -> str:
    """Return what ``keyturn COMMAND --help`` prints, on a terminal 80 wide."""
    from keyturn.cli.entry import main

    out, err = StringIO(), StringIO()
    terminal = mock.patch.dict(os.environ, COLUMNS="80", NO_COLOR="1")
    with terminal, redirect_stdout(out), redirect_stderr(err):
        try:
            status = main([*command, "--help"])
        except SystemExit as end:
            status = int(end.code or 0)
    if status:
        raise RuntimeError(f"keyturn {' '.join(command)} --help: {err.getvalue()}")
    return (out.getvalue() or err.getvalue()).strip()


def _server_app() -> Any:
    from keyturn.server.app import create_app
    from keyturn.server.settings import load

    # Nothing is opened before the app's lifespan starts, so the folder is never made.
    return create_app(load(arguments={"data": Path("unused")}, environ={}))


def _pages_for_people(app: Any) -> Iterator[str]:
    """Yield a row for each page and form: what is routed but not part of the API's document."""
    from fastapi.routing import APIRoute
    from starlette.routing import Route

    for route in app.routes:
        if isinstance(route, APIRoute) or not isinstance(route, Route) or not route.methods:
            continue
        if route.path != app.openapi_url and not route.path.startswith(("/p/{project}", "/api/")):
            method = "POST" if "POST" in route.methods else "GET"
            yield f"| `{method} {route.path}` | {_sentence(route.endpoint.__doc__)} |"


def _sentence(docstring: str | None) -> str:
    """Return a docstring's first paragraph as one line, without the path it may begin with."""
    text = inspect.cleandoc(docstring or "").partition("\n\n")[0].replace("\n", " ")
    text = re.sub(r"^``[A-Z]+ /\S*``(: | - |\.)", "", text).replace("``", "`")
    return text[:1].upper() + text[1:].replace("|", "\\|")


def quoting_pages() -> list[Path]:
    """Return every page written by hand; any of them may quote a file."""
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    return sorted(page for page in pages if page.name not in PAGES)


def with_quotes(text: str) -> str:
    """Return ``text`` with each quoted file's present content."""
    return _QUOTE.sub(lambda m: m[1] + (ROOT / m[2]).read_text() + m[3], text)


def main() -> int:
    """Write the pages, or with --check name those that are out of date."""
    wanted = {REFERENCE / name: build() for name, build in PAGES.items()}
    wanted |= {path: with_quotes(path.read_text()) for path in quoting_pages()}
    stale = {p: t for p, t in wanted.items() if not p.is_file() or p.read_text() != t}
    if "--check" not in sys.argv[1:]:
        for path, text in stale.items():
            path.write_text(text)
    elif stale:
        names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
        print(f"fail  out of date: {names}; run `make docs`")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
