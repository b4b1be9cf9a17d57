"""Each kind of thing has one place. What import-linter cannot see is checked here."""

import re

from tests.house.source_ import PACKAGE, modules

SQL = re.compile(
    r"^\s*(--.*\n\s*)*(SELECT\s|INSERT\s+(OR\s+\w+\s+)?INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s"
    r"|(CREATE|DROP|ALTER)\s+(TABLE|INDEX|UNIQUE)\s?|PRAGMA\s|BEGIN\s+IMMEDIATE|WITH\s+\w+\s+AS\s)"
)
HTTP_OF_THE_STANDARD_LIBRARY = ("http.client", "urllib.request")
CONCRETE_STORAGE = ("keyturn.server.storage.sqlite", "keyturn.server.storage.postgres")
# The client's own __init__ is its hot path, which one more file would make 1 % slower.
CLOCK_MODULES = ("client/__init__.py", "client/clock.py", "server/clock.py", "sdk/clock.py")
CLOCK_READS = {
    "time.time",
    "time.time_ns",
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.date.today",
}


def test_sql_text_stands_only_under_server_storage() -> None:
    strays = [
        f"{module.name}:{line}"
        for module in modules()
        if not module.within("server/storage/")
        for line, text in module.strings()
        if SQL.match(text)
    ]
    assert not strays


def test_sql_files_lie_only_under_server_storage() -> None:
    strays = [
        name
        for path in PACKAGE.rglob("*.sql")
        if not (name := path.relative_to(PACKAGE).as_posix()).startswith("server/storage/")
    ]
    assert not strays


def test_a_concrete_storage_is_named_only_where_services_are_put_together() -> None:
    strays = [
        f"{module.name} imports {name}"
        for module in modules()
        if not module.within("server/services.py", "server/storage/")
        for name in module.imports()
        if name in CONCRETE_STORAGE
    ]
    assert not strays


def test_the_standard_librarys_http_clients_are_used_only_in_net_and_adapters() -> None:
    strays = [
        f"{module.name} imports {name}"
        for module in modules()
        if not module.within("net/", "client/adapters/")
        for name in module.imports()
        if name in HTTP_OF_THE_STANDARD_LIBRARY
    ]
    assert not strays


def test_the_clock_is_read_only_in_the_clock_modules() -> None:
    strays = [
        f"{module.name}:{line} {name}"
        for module in modules()
        if not module.within(*CLOCK_MODULES)
        for line, name in module.calls()
        if name in CLOCK_READS
    ]
    strays += [
        f"{module.name} imports {name}"
        for module in modules()
        if not module.within(*CLOCK_MODULES)
        for name in module.imports()
        if name in ("time.time", "time.time_ns")
    ]
    assert not strays


def test_nothing_imports_the_test_kit_but_the_test_kit() -> None:
    strays = [
        f"{module.name} imports {name}"
        for module in modules()
        if not module.within("testing/")
        for name in module.imports()
        if name.startswith("keyturn.testing")
    ]
    assert not strays
