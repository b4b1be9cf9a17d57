"""A real gnome-keyring on a D-Bus session of its own, which tests lock, stop and end."""

import os
import signal
import subprocess
import time
from pathlib import Path

from tests.requirements_ import require

_ENDS_WITHIN_SECONDS = 20
# Without service folders: the bus must not start a second, locked daemon of its own accord.
_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>
"""


class SecretServiceHere:
    """A running Secret Service with an unlocked login keyring, in a home of its own.

    Attributes:
        address: The bus, as in ``DBUS_SESSION_BUS_ADDRESS``.
    """

    def __init__(self, home: Path) -> None:
        require("secret-service")
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(home),
            "XDG_DATA_HOME": str(home / "data"),
        }
        config = home / "bus.conf"
        config.write_text(_BUS)
        # `cat` keeps the bus alive for as long as this process holds the other end of its stdin.
        self._bus = subprocess.Popen(
            [
                *("dbus-run-session", f"--config-file={config}", "--"),
                *("sh", "-c", 'echo "$DBUS_SESSION_BUS_ADDRESS"; exec cat'),
            ],
            env=self._environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._bus.stdout is not None
        self.address = self._bus.stdout.readline().strip()
        self._environ["DBUS_SESSION_BUS_ADDRESS"] = self.address
        self._daemon: subprocess.Popen[str] | None = None
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def start(self) -> None:
        """Start the daemon with its keyring unlocked."""
        self._daemon = subprocess.Popen(
            ["gnome-keyring-daemon", "--foreground", "--components=secrets", "--unlock"],
            env=self._environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._daemon.stdin is not None
        self._daemon.stdin.write("password")
        self._daemon.stdin.close()
        self._wait_until_it_answers()

    def lock(self) -> None:
        """Lock the keyring, as a screen saver does."""
        self._gdbus("Lock", "['/org/freedesktop/secrets/aliases/default']")

    def stop(self) -> None:
        """Make the daemon hang."""
        assert self._daemon is not None
        self._daemon.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """End the hanging."""
        assert self._daemon is not None
        self._daemon.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """End the daemon; the bus stays."""
        if self._daemon is not None:
            self._daemon.kill()
            self._daemon.wait(_ENDS_WITHIN_SECONDS)
            self._daemon = None

    def close(self) -> None:
        """End everything."""
        self.end()
        assert self._bus.stdin is not None
        assert self._bus.stdout is not None
        self._bus.stdin.close()
        self._bus.wait(_ENDS_WITHIN_SECONDS)
        self._bus.stdout.close()

    def secret_tool(self, *arguments: str) -> str:
        """Return what ``secret-tool`` prints."""
        done = subprocess.run(
            ["secret-tool", *arguments],
            env=self._environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=_ENDS_WITHIN_SECONDS,
        )
        return done.stdout + done.stderr

    def _gdbus(self, method: str, *arguments: str) -> str:
        done = subprocess.run(
            [
                *("gdbus", "call", "--session", "--timeout", "5"),
                *("--dest", "org.freedesktop.secrets", "--object-path", "/org/freedesktop/secrets"),
                *("--method", f"org.freedesktop.Secret.Service.{method}", *arguments),
            ],
            env=self._environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=_ENDS_WITHIN_SECONDS,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _wait_until_it_answers(self) -> None:
        until = time.monotonic() + _ENDS_WITHIN_SECONDS
        while True:
            try:
                if "/collection/" in self._gdbus("ReadAlias", "default"):
                    return
            except AssertionError:
                if time.monotonic() > until:
                    raise
            assert time.monotonic() < until, "the Secret Service did not start"
            time.sleep(0.05)
