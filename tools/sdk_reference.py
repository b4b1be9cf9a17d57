"""The SDK's reference, read off its operations: both forms, endpoint, arguments, errors.

Nothing here knows an operation by name. What a page says of one stands in its docstring and its
annotations, and tests/docs/test_sdk_reference.py sees to it that both are there.
"""

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_ENDPOINT = re.compile(r"``((?:GET|POST|PUT|PATCH|DELETE) (?:/\S+|\.\.\.))``")
_ENTRY = re.compile(r"^    (\S.*?): (.*?)(?=^    \S|\Z)", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"``(.+?)``", re.DOTALL)
_HEAD = """\
# Operations of the SDK

Each is there in two forms from one body: blocking, and awaitable on an object of
`StackClientApp[Async]` or `StackServerApp[Async]` and on whatever those return. What asks the
server may also raise `ServerUnreachable`, `UnexpectedReply` and `RefreshTransient` of `keyturn`,
and any `StackApiError`. Error codes are classes of `keyturn.sdk.known_errors`.
"""
_TITLES = ("Args", "Returns", "Raises", "Attributes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation, as its docstring and annotations describe it.

    Attributes:
        owners: The public classes that have it.
    """

    owners: tuple[str, ...]
    name: str
    is_listing: bool
    is_plain: bool
    signature: inspect.Signature
    text: str
    sections: dict[str, str]

    @property
    def endpoints(self) -> list[str]:
        """Return the endpoints it calls."""
        whole = " ".join([self.text, *self.sections.values()]).split()
        return list(dict.fromkeys(_ENDPOINT.findall(" ".join(whole))))

    @property
    def arguments(self) -> dict[str, str]:
        """Return what is said of each argument."""
        return dict(_entries(self.sections.get("Args", "")))

    @property
    def errors(self) -> dict[str, str]:
        """Return what is said of each error, or of several at once."""
        return dict(_entries(self.sections.get("Raises", "")))

    @property
    def result(self) -> str:
        """Return what comes of it in the blocking form."""
        return _result(self.signature.return_annotation, "")

    @property
    def awaited_result(self) -> str:
        """Return what comes of it in the awaitable form."""
        return _result(self.signature.return_annotation, "[Async]")


def operations() -> list[Operation]:
    """Return every operation of the SDK's public classes once, in the order of the classes."""
    import keyturn.sdk

    owners: dict[Any, list[str]] = {}
    members: dict[Any, tuple[str, Any]] = {}
    for owner in keyturn.sdk.__all__:
        kind = getattr(keyturn.sdk, owner)
        for name, member in _operations_of(kind) if inspect.isclass(kind) else ():
            key = getattr(member, "steps", member)
            members[key] = (name, member)
            owners.setdefault(key, []).append(owner)
    return [_described(tuple(owners[key]), *named) for key, named in members.items()]


def page() -> Iterator[str]:
    """Yield the lines of the page."""
    yield from _HEAD.splitlines()
    every = operations()
    index: dict[str, list[Operation]] = {}
    for one in every:
        for owner in one.owners:
            index.setdefault(owner, []).append(one)
    yield from ("", "| class | operations |", "|---|---|")
    for owner, known in sorted(index.items()):
        links = ", ".join(f"[{one.name}](#{_anchor(one)})" for one in known)
        yield f"| `{owner}` | {links} |"
    for one in every:
        yield from _operation(one)


def _operation(one: Operation) -> Iterator[str]:
    call = f"{one.name}({', '.join(_parameters(one))})"
    yield from ("", f'## <a id="{_anchor(one)}"></a>{one.owners[0]}.{one.name}', "", f"`{call}`")
    if one.owners[1:]:
        others = ", ".join(f"`{owner}`" for owner in one.owners[1:])
        yield f"(also of {others})"
    yield from ("", _markdown(one.text))
    yield from ("", "| form | call | result |", "|---|---|---|")
    short = f"{one.name}(...)" if one.signature.parameters else f"{one.name}()"
    if one.is_plain:
        yield f"| both | `{short}` | {_cell(one.result)} |"
    elif one.is_listing:
        item, awaited = _item(one.result), _item(one.awaited_result)
        yield f"| blocking | `for item in {short}` | {_cell(item)} each |"
        yield f"| awaitable | `async for item in {short}` | {_cell(awaited)} each |"
    else:
        yield f"| blocking | `{short}` | {_cell(one.result)} |"
        yield f"| awaitable | `await {short}` | {_cell(one.awaited_result)} |"
    if one.arguments:
        yield from ("", "| argument | type | meaning |", "|---|---|---|")
        for name, meaning in one.arguments.items():
            kind = one.signature.parameters[name].annotation
            yield f"| `{name}` | {_cell(_typed(str(kind), ''))} | {_markdown(meaning)} |"
    if "Returns" in one.sections:
        yield from ("", f"Returns: {_markdown(inspect.cleandoc(one.sections['Returns']))}")
    if one.errors:
        yield from ("", "| raises | when |", "|---|---|")
        for names, when in one.errors.items():
            kinds = ", ".join(f"`{name.strip()}`" for name in names.split(","))
            yield f"| {kinds} | {_markdown(when)} |"


def _operations_of(kind: type) -> Iterator[tuple[str, Any]]:
    """Yield what a class offers: operations, listings, and methods that ask nobody."""
    from keyturn.sdk.apps.base import BaseApp
    from keyturn.sdk.binding import operation
    from keyturn.sdk.paging import listing
    from keyturn.sdk.resource import Resource

    is_ours = issubclass(kind, BaseApp | Resource)
    for name in dict.fromkeys(n for parent in reversed(kind.__mro__) for n in vars(parent)):
        member = inspect.getattr_static(kind, name)
        is_plain = is_ours and inspect.isfunction(member) and name != "close"
        if not name.startswith("_") and (is_plain or isinstance(member, operation | listing)):
            yield name, member


def _described(owners: tuple[str, ...], name: str, member: Any) -> Operation:
    from keyturn.sdk.paging import listing

    steps = getattr(member, "steps", member)
    signature = inspect.signature(steps)
    text, sections = _split(inspect.cleandoc(steps.__doc__ or ""))
    return Operation(
        owners=owners,
        name=name,
        is_listing=isinstance(member, listing),
        is_plain=steps is member,
        signature=signature.replace(parameters=[*signature.parameters.values()][1:]),
        text=text,
        sections=sections,
    )


def _split(docstring: str) -> tuple[str, dict[str, str]]:
    """Return what stands before the sections of a docstring, and each section."""
    parts = re.split(rf"^({'|'.join(_TITLES)}):\n", docstring, flags=re.MULTILINE)
    return parts[0].strip(), dict(zip(parts[1::2], parts[2::2], strict=True))


def _entries(section: str) -> Iterator[tuple[str, str]]:
    for name, meaning in _ENTRY.findall(section):
        yield " ".join(name.split()), " ".join(meaning.split())


def _parameters(one: Operation) -> Iterator[str]:
    starred = False
    for name, parameter in one.signature.parameters.items():
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            starred = True
            yield "*"
        required = parameter.default is parameter.empty
        yield name if required else f"{name}={_default(parameter.default)}"


def _default(value: object) -> str:
    return repr(value)


def _result(annotation: object, form: str) -> str:
    text = str(annotation)
    inner = re.fullmatch(r"Steps\[(.*)\]", text)
    return _typed(inner[1] if inner else text, form)


def _typed(text: str, form: str) -> str:
    """Return a type in one form: ``Team[S_co]`` is ``Team`` or ``Team[Async]``."""
    text = re.sub(r", S_co\]", "]", text)
    return text.replace("[S_co]", form).replace("[Any]", "").replace(" | Unset", "")


def _item(page_of: str) -> str:
    inner = re.fullmatch(r"Page\[(.*)\]", page_of)
    return inner[1] if inner else page_of


def _cell(text: str) -> str:
    escaped = text.replace("|", "\\|")
    return f"`{escaped}`"


def _markdown(text: str) -> str:
    return _CODE.sub(lambda m: f"`{' '.join(m[1].split())}`", text).replace("|", "\\|")


def _anchor(one: Operation) -> str:
    return f"{one.owners[0]}.{one.name}".lower().replace("_", "-")
