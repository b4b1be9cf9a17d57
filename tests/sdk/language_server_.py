"""A real language server (pyright's), asked what an editor would ask it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class LanguageServer:
    """Speaks the Language Server Protocol 3.17 over pipes, as much as a hover takes."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._last = 0

    def open(self, path: Path) -> None:
        """Say that a file is open in the editor."""
        document = {
            "uri": path.as_uri(),
            "languageId": "python",
            "version": 1,
            "text": path.read_text(),
        }
        self.tell("textDocument/didOpen", {"textDocument": document})

    def hover(self, path: Path, word: str) -> str:
        """Return what is shown when the mouse rests on the last letter of the first ``word``."""
        before = path.read_text().partition(word)[0]
        line = before.count("\n")
        character = len(before) - before.rfind("\n") - 2 + len(word)
        found = self.ask(
            "textDocument/hover",
            {
                "textDocument": {"uri": path.as_uri()},
                "position": {"line": line, "character": character},
            },
        )
        text: str = found["contents"]["value"]
        return text

    def ask(self, method: str, parameters: dict[str, Any]) -> Any:
        """Send a request and return its result; answer what the server asks meanwhile."""
        self._last += 1
        self._send({"id": self._last, "method": method, "params": parameters})
        while True:
            message = self._receive()
            if "method" in message and "id" in message:
                asked = message["params"].get("items", []) if message.get("params") else []
                self._send({"id": message["id"], "result": [None for _ in asked]})
            elif message.get("id") == self._last:
                assert "error" not in message, message["error"]
                return message["result"]

    def tell(self, method: str, parameters: dict[str, Any]) -> None:
        """Send a notification."""
        self._send({"method": method, "params": parameters})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        self._process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        output = self._process.stdout
        assert output is not None
        length = 0
        while (line := output.readline().strip()) or not length:
            assert line, "the language server has ended"
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        found: dict[str, Any] = json.loads(output.read(length))
        return found


@contextmanager
def language_server(folder: Path) -> Iterator[LanguageServer]:
    """Start one that looks at ``folder``; it is gone when the block ends."""
    programs = Path(sys.executable).parent
    env = dict(os.environ, PATH=f"{programs}{os.pathsep}{os.environ['PATH']}")
    env["PYRIGHT_PYTHON_IGNORE_WARNINGS"] = "1"
    process = subprocess.Popen(
        [programs / "pyright-langserver", "--stdio"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env=env,
    )
    server = LanguageServer(process)
    try:
        folders = [{"uri": folder.as_uri(), "name": folder.name}]
        server.ask(
            "initialize",
            {
                "processId": os.getpid(),
                "rootUri": folder.as_uri(),
                "workspaceFolders": folders,
                "capabilities": {
                    "textDocument": {"hover": {"contentFormat": ["markdown", "plaintext"]}}
                },
            },
        )
        server.tell("initialized", {})
        yield server
    finally:
        process.kill()
        process.communicate()
