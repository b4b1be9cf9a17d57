"""What every flow shares: the facts of the test, the loopback port, the person at the other end.

Runs where only the foreign library is installed: nothing here is Keyturn's.
"""

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

FACTS: dict[str, Any] = json.loads(os.environ["FOREIGN_FLOW"])


class Loopback:
    """A port of this computer; ``visit`` sends the person and returns where they came back to."""

    def __init__(self) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.came_to = outer.origin + self.path
                body = b"<h1>You can close this tab</h1>"
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        self.redirect_uri = f"{self.origin}/callback"
        self.came_to = ""

    def visit(self, url: str) -> str:
        waiting = threading.Thread(target=self._server.handle_request)
        waiting.start()
        tell(open=url)
        waiting.join(30)
        self._server.server_close()
        return self.came_to


def typed(verification_uri: str, user_code: str) -> None:
    """Have the person type a user code; returns once they have approved."""
    tell(open=verification_uri, user_code=user_code)
    sys.stdin.readline()


def tell(**message: Any) -> None:
    print(json.dumps(message), flush=True)
