"""What a race needs: two servers on one new database, and those that send at the same moment."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.faults.racers_ import Racers, racers
from tests.faults.servers_ import COMMAND, Server, assert_no_surprise, serving
from tests.postgres_ import shared


@contextlib.contextmanager
def laid(
    kind: str, folder: Path, configuration: str | None = None
) -> Iterator[tuple[list[Server], Racers]]:
    """Yield two servers and the racers; afterwards no server may have logged a surprise.

    Args:
        kind: Of the database: ``sqlite`` or ``postgresql``.
        folder: Where the servers' files go.
        configuration: What their configuration file holds; none otherwise.
    """
    chosen = {"database": shared().create()} if kind == "postgresql" else {}
    command = COMMAND if configuration is None else _configured(folder, configuration)
    with serving(folder / "data", count=2, command=command, **chosen) as servers:
        with racers() as runners:
            yield servers, runners
        assert_no_surprise(servers[0].log + servers[1].log)


def _configured(folder: Path, configuration: str) -> tuple[str, ...]:
    file = folder / "keyturn.toml"
    file.write_text(configuration)
    code = (
        "import sys; from keyturn.cli import main; "
        f"sys.argv += ['--config', {str(file)!r}]; sys.exit(main())"
    )
    return sys.executable, "-c", code
