"""Draw docs/images/confirm-beside-terminal.png: the confirm page beside its terminal.

    .venv/bin/python tools/picture.py

Nothing in it is invented: a server runs, the sample program signs in on a terminal of its own, and
Chromium shows the page that this opens. Only the window frames are drawn.
"""

from __future__ import annotations

import base64
import html
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ROOT / "examples" / "minimal_cli" / "acme.py"
PICTURE = ROOT / "docs" / "images" / "confirm-beside-terminal.png"
COLUMNS, ROWS = 72, 40
PAGE_WIDTH, SCALE = 560, 1
PORT = 8102
CONFIG = """
site_name = "Acme"
[[projects]]
id = "acme"
display_name = "Acme"
[[clients]]
id = "acme-cli"
project = "acme"
display_name = "acme"
"""
FRAMES = """
<!doctype html>
<style>
body { margin: 0; padding: 28px; display: flex; gap: 28px; align-items: stretch;
  background: #dfe5e4; width: max-content; font: 15px/1.5 system-ui, sans-serif; }
.window { border-radius: 10px; overflow: hidden; border: 1px solid #aab5b3; display: flex;
  flex-direction: column; }
.bar { height: 34px; display: flex; align-items: center; padding: 0 14px; gap: 7px;
  font-size: 13px; }
.bar i { width: 11px; height: 11px; border-radius: 50%%; background: #8a9499; }
.bar span { margin: 0 auto; padding-right: 54px; }
.terminal { background: #12171a; color: #e3e8ea; }
.terminal .bar { background: #1f272b; color: #aab4b8; }
pre { margin: 0; padding: 16px 18px; font: 13.5px/1.55 "DejaVu Sans Mono", monospace;
  width: %(columns)dch; }
pre b { color: #86ccd8; font-weight: normal; }
pre em { color: #f0a3a3; font-style: normal; }
.page { background: #fff; }
.page .bar { background: #eef1f0; color: #4a555b; border-bottom: 1px solid #d5dcda; }
img { display: block; width: %(width)dpx; }
</style>
<div class="window terminal"><div class="bar"><i></i><i></i><i></i><span>Terminal</span></div>
<pre>%(terminal)s</pre></div>
<div class="window page"><div class="bar"><i></i><i></i><i></i><span>%(host)s</span></div>
<img src="data:image/png;base64,%(page)s"></div>
"""


def main() -> None:
    """Write the picture."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        args = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=chromium, args=args)
        with _server(folder) as base:
            page = _signed_up(browser, base)
            with closing(Terminal(folder, base)) as terminal:
                terminal.type("hello")
                terminal.type("auth login", until="left)")
                page.goto(_link(terminal.shown))
                confirm = page.screenshot(full_page=True)
                page.get_by_role("button", name="Approve").click()
                terminal.end()
                terminal.type("hello")
                terminal.type("auth status")
                shown = terminal.screen()
            _draw(browser, confirm, shown=shown, host=base.removeprefix("http://"))
        browser.close()


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    (folder / "keyturn.toml").write_text(CONFIG)
    files = ["--data", f"{folder}/data", "--config", f"{folder}/keyturn.toml"]
    process = subprocess.Popen(
        [sys.executable, "-m", "keyturn", "serve", "--port", str(PORT), *files],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        line = process.stdout.readline() if process.stdout else ""
        if "ready at" not in line:
            raise SystemExit(f"the server did not start; is port {PORT} taken?")
        yield line.split()[-1]
    finally:
        process.terminate()
        process.communicate()


def _signed_up(browser: Browser, base: str) -> Page:
    page = browser.new_page(
        viewport={"width": PAGE_WIDTH, "height": 700}, device_scale_factor=SCALE
    )
    page.goto(f"{base}/sign-up")
    page.get_by_label("Email").fill("ada@example.com")
    page.get_by_label("New password").fill("correct horse battery")
    page.get_by_role("button", name="Create account").click()
    page.get_by_role("heading", name="Sessions").wait_for()
    return page


class Terminal:
    """One window in which commands are typed one after another."""

    def __init__(self, folder: Path, base: str) -> None:
        self.shown = ""
        self._ours, self._theirs = pty.openpty()
        termios.tcsetwinsize(self._theirs, (ROWS, COLUMNS))
        self._process: subprocess.Popen[bytes] | None = None
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "TERM": "xterm-256color",
            "ACME_ISSUER": base,
            "ACME_CLIENT_ID": "acme-cli",
            "BROWSER": "true",
        }

    def type(self, command: str, *, until: str | None = None) -> None:
        """Run ``acme`` to its end, or until it shows something."""
        self.shown += f"$ acme {command}\r\n"
        self._process = subprocess.Popen(
            [sys.executable, str(PROGRAM), *command.split()],
            stdin=self._theirs,
            stdout=self._theirs,
            stderr=self._theirs,
            env=self._environment,
            start_new_session=True,
        )
        if until is None:
            self.end()
        else:
            self._read(lambda: until in self.shown)

    def end(self) -> None:
        """Wait for the end of the command."""
        process = self._process
        self._read(lambda: process is None or process.poll() is not None)
        while select.select([self._ours], [], [], 0.2)[0]:
            self.shown += os.read(self._ours, 65536).decode()

    def screen(self) -> str:
        """Return what stands there in the end: of a line written over, the last."""
        lines = self.shown.replace("\r\n", "\n").rstrip().split("\n")
        return "\n".join(line.rpartition("\r")[2].rstrip() for line in lines)

    def close(self) -> None:
        """End what still runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait()

    def _read(self, done: Callable[[], bool]) -> None:
        until = time.monotonic() + 20
        while not done():
            if time.monotonic() > until:
                raise SystemExit(f"this did not go on:\n{self.shown}")
            if select.select([self._ours], [], [], 0.1)[0]:
                self.shown += os.read(self._ours, 65536).decode()


def _link(shown: str) -> str:
    link: str = re.findall(r"http://\S+/oauth/authorize\S+", shown)[-1]
    return link


def _draw(browser: Browser, confirm: bytes, *, shown: str, host: str) -> None:
    text = html.escape(_wrapped(shown))
    text = re.sub(r"^\$ (.*)$", r"$ <b>\1</b>", text, flags=re.MULTILINE)
    text = re.sub(r"\x1b\[3\dm(\w+)\x1b\[0m", r"<em>\1</em>", text)
    canvas = browser.new_page(viewport={"width": 1400, "height": 900}, device_scale_factor=SCALE)
    values = {"columns": COLUMNS, "terminal": text, "host": html.escape(host), "width": PAGE_WIDTH}
    canvas.set_content(FRAMES % {**values, "page": base64.b64encode(confirm).decode()})
    PICTURE.parent.mkdir(exist_ok=True)
    canvas.locator("body").screenshot(path=PICTURE)


def _wrapped(text: str) -> str:
    """Break long lines where the terminal does."""
    lines = []
    for line in text.split("\n"):
        if "\x1b" in line:
            lines.append(line)  # a coloured mark; short
        else:
            lines += [line[i : i + COLUMNS] for i in range(0, len(line), COLUMNS)] or [""]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
