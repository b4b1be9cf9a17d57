"""A web site that is not Keyturn: it serves one folder, from an origin of its own."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

FOLDER = Path(__file__).parent / "front_end"
SETTINGS = "/settings.json"


class _Site(ThreadingHTTPServer):
    daemon_threads = True
    settings: dict[str, str]


class _Handler(SimpleHTTPRequestHandler):
    server: _Site

    def do_GET(self) -> None:
        """Serve a file, or what the page has to know of its Keyturn server."""
        if self.path == "/favicon.ico":
            self.send_response(204)
            self.end_headers()
            return
        if self.path != SETTINGS:
            if not Path(self.translate_path(self.path)).suffix:
                self.path = "/index.html"  # a site of one page shows it at every address
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(self.server.settings).encode())

    def end_headers(self) -> None:
        """Allow the page its own scripts, its Keyturn server, and no frame around it."""
        allowed = f"connect-src 'self' {self.server.settings.get('server', '')}"
        self.send_header(
            "Content-Security-Policy", f"default-src 'self'; {allowed}; frame-ancestors 'none'"
        )
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def front_end(folder: Path = FOLDER) -> Iterator[tuple[str, dict[str, str]]]:
    """Run the site; yield its origin, and the settings that its page asks for, to be filled in.

    It is called ``localhost`` and Keyturn is called ``127.0.0.1``: two sites to a browser.
    """
    site = _Site(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
    site.settings = {}
    thread = Thread(target=site.serve_forever)
    thread.start()
    try:
        yield f"http://localhost:{site.server_port}", site.settings
    finally:
        site.shutdown()
        site.server_close()
        thread.join()
