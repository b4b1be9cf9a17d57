"""What the sample program has stored, read from its own file where it says that it lies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keyturn.cli.demo.stage import DemoFailed
from keyturn.client.stores.records import from_record

if TYPE_CHECKING:
    from keyturn.cli.demo.stage import Stage
    from keyturn.protocol.tokens import Session

CLIENT = "keyturn-cli"


def stored_session(stage: Stage) -> Session:
    """Return the one session that ``acme`` has.

    Raises:
        DemoFailed: it has none, or several.
        StoreCorrupt, OSError: its file cannot be read.
    """
    status = json.loads("\n".join(stage.ask_program("auth", "status", "--json")))
    raw = json.loads(Path(status["storage_path"]).read_text("utf-8"))
    records: list[Any] = [
        record for client in raw["clients"].values() for record in client["accounts"].values()
    ]
    if len(records) != 1:
        raise DemoFailed(f"acme has stored {len(records)} sessions; 1 was expected.")
    return from_record(records[0], issuer=stage.issuer, client_id=CLIENT)
