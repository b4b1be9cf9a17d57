"""A Linux keyring of one's own: gnome-keyring, unlocked, on a D-Bus session of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NEEDED = ("dbus-run-session", "gnome-keyring-daemon", "gdbus")
PATIENCE_SECONDS = 20
# `cat` keeps everything alive until stdin is closed.
_SESSION = """
echo "$DBUS_SESSION_BUS_ADDRESS"
printf password | gnome-keyring-daemon --foreground --components=secrets --unlock >/dev/null 2>&1 &
daemon=$!
gdbus wait --session --timeout 15 org.freedesktop.secrets
for each in 1 2 3 4 5 6 7 8 9; do
  gdbus call --session --dest org.freedesktop.secrets --object-path /org/freedesktop/secrets \
    --method org.freedesktop.Secret.Service.ReadAlias default | grep -q /collection/ && break
  sleep 0.5
done
echo ready
cat
kill $daemon
"""


@contextmanager
def keyring() -> Iterator[str | None]:
    """Yield the address of the bus, or ``None`` where the programs for it are missing."""
    if not all(shutil.which(name) for name in NEEDED):
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="keyturn-bench-") as folder:
        Path(folder, "run").mkdir(mode=0o700)
        env = {
            "PATH": os.environ["PATH"],
            "HOME": folder,
            "XDG_RUNTIME_DIR": f"{folder}/run",
            "XDG_DATA_HOME": f"{folder}/data",
        }
        command = ["dbus-run-session", "--", "sh", "-c", _SESSION]
        session = subprocess.Popen(
            command,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert session.stdin is not None
        assert session.stdout is not None
        try:
            address = session.stdout.readline().strip()
            yield address if session.stdout.readline() == "ready\n" else None
        finally:
            session.stdin.close()
            session.wait(PATIENCE_SECONDS)
