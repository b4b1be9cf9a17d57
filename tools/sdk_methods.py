"""How much of the SDK's specification is there, and tried in both forms against the real server.

The specification's methods are listed in tests/sdk/specified_methods.csv; where each one is, in
src/keyturn/sdk/spec_map.toml; which test calls it, by ``@pytest.mark.specified("Team.update")``.
"""

import csv
import tomllib
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import promises

MAP = promises.ROOT / "src/keyturn/sdk/spec_map.toml"
METHODS = promises.TESTS / "sdk/specified_methods.csv"
_CORE = frozenset({"PY", "PY-SERVER"})
_IN_SCOPE = _CORE | {"PY-PAYMENTS", "BROWSER-LIKE"}
ABSENT = "absent: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One method of the specification."""

    name: str
    scope: str

    @property
    def is_core(self) -> bool:
        """Whether it is one of the 139."""
        return self.scope in _CORE

    @property
    def is_in_scope(self) -> bool:
        """Whether it is one of the 162."""
        return self.scope in _IN_SCOPE


def specified(table: Path = METHODS) -> list[Method]:
    """Return every method of the specification, in its order."""
    with table.open(newline="") as lines:
        return [
            Method(name=f"{row['class']}.{row['method']}", scope=row["scope"])
            for row in csv.DictReader(lines)
        ]


def mapped() -> dict[str, str]:
    """Return where each method is, or ``absent: `` and why it is not there."""
    classes = tomllib.loads(MAP.read_text())
    return {
        f"{owner}.{method}": place
        for owner, methods in classes.items()
        for method, place in methods.items()
    }


def exists(place: str) -> bool:
    """Say whether ``keyturn.sdk`` has what ``place`` names."""
    import keyturn.sdk

    try:
        reduce(getattr, place.split("."), keyturn.sdk)
    except AttributeError:
        return False
    return True


def tried() -> set[str]:
    """Return the methods that a test calls."""
    return {mark.promise for mark in promises.marks(promises.TESTS / "sdk", name="specified")}


def count() -> None:
    """Print how many methods there are, and which of the core ones are missing."""
    places, called = mapped(), tried()
    methods = [method for method in specified() if method.is_in_scope]
    there = {m.name for m in methods if exists(places[m.name]) and m.name in called}
    core = [method for method in methods if method.is_core]
    done = sum(method.name in there for method in core)
    print(f"SDK      {done:3} of {len(core)} core methods tried in both forms")
    print(f"         {len(there):3} of {len(methods)} methods in scope")
    if missing := [method.name for method in methods if method.name not in there]:
        print(f"         without a test: {', '.join(missing)}")


if __name__ == "__main__":
    count()
