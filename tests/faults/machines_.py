"""One person's machine for sweeps: a home, the commands of acme, a browser to sign in with."""

import contextlib
import http.client
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2

from tests.bare_ import ROOT
from tests.faults.acme_ import GO
from tests.faults.tracing_ import tracing
from tests.served_ import Served
from tests.server.in_process_ import BASE_URL
from tests.server.person_ import PASSWORD, Person

LIMIT_SECONDS = 20.0
PATIENCE_SECONDS = 3.0
_LOOKS_EVERY_SECONDS = 0.004
_RELOADS = 3
_LINK = re.compile(r"(http://127\.0\.0\.1:\d+)(/oauth/authorize\?\S+)")
_CODE = re.compile(r"\b([A-Z]{4}-[A-Z]{4})\b")


@dataclass(frozen=True, kw_only=True)
class Done:
    """How a command ended. ``status`` is negative for a signal and ``None`` for one that hung."""

    status: int | None
    out: str
    err: str


class Site:
    """The server as pages know it: they are sent from where it is."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._client = httpx2.Client(verify=False, trust_env=False, timeout=30)

    def request(self, method: str, path: str, **options: Any) -> httpx2.Response:
        headers = dict(options.pop("headers", {}))
        if headers.get("origin") == BASE_URL:
            headers["origin"] = self._served.base
        return self._client.request(method, self._served.base + path, headers=headers, **options)

    def close(self) -> None:
        self._client.close()


class Machine:
    """A home directory and whoever sits before it.

    Args:
        folder: An empty folder; the home is in it.
        served: Where acme signs in.
        variables: More of acme's environment.

    Attributes:
        ada: The email of one who signs in here.
        grace: The email of another.
        ahead: How far the clock has been put ahead for a command, at most so far.
        older_token: What an older version of acme left behind.
        age: How often the session has been tried.
        variables: What the scenario adds to acme's environment.
        log: Where strace wrote last.
    """

    def __init__(self, folder: Path, served: Served, **variables: str) -> None:
        self.home, self.log, self._folder = folder / "home", folder / "calls", folder
        self.ahead, self.age, self.older_token = 0.0, 0, ""
        self.home.mkdir(parents=True)
        self.site = Site(served)
        self.ada, self.grace = (f"{name}@{folder.name}.example" for name in ("ada", "grace"))
        self._people = {email: self._signed_up(email) for email in (self.ada, self.grace)}
        self._browser_log = folder / "browser.log"
        browser = folder / "browser"
        browser.write_text(f'#!/bin/sh\necho "$1" >> "{self._browser_log}"\n')
        browser.chmod(0o755)
        self.environ = {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "BROWSER": str(browser),
            "ACME_ISSUER": served.base,
            **variables,
        }
        self.variables: dict[str, str] = {}
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.acme_"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": os.pathsep.join(sys.path),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
        )

    @property
    def state(self) -> Path:
        """Where acme keeps its sessions."""
        return self.home / ".local" / "state" / "acme"

    def close(self) -> None:
        """End what runs here."""
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        self._zygote.stdin.close()
        self._zygote.wait(LIMIT_SECONDS)
        self._zygote.stdout.close()
        self.site.close()

    def wipe(self) -> None:
        """Make it a machine on which nobody has ever signed in."""
        shutil.rmtree(self.home)
        self.home.mkdir()

    def run(self, *arguments: str, who: str | None = None, ahead: float = 0) -> Done:
        """Run ``acme auth ...`` to its end; ``who`` approves where it asks for somebody."""
        self._begin(arguments, ahead=ahead, gate=False)
        return self._end(self._visitor(who))

    def traced(self, *arguments: str, options: Sequence[str], who: str | None = None) -> Done:
        """Run ``acme auth ...`` under strace, from its first own system call on; see ``log``."""
        pid = self._begin(arguments, ahead=0, gate=True)
        with tracing(pid, self.log, options, follow=False):
            os.kill(pid, GO)
            return self._end(self._visitor(who))

    def sign_in(self, who: str) -> None:
        """Sign somebody in, whoever was before."""
        done = self.run("login", "--force", who=who)
        assert done.status == 0, done

    def document(self) -> dict[str, Any] | None:
        """Return what is in the session file; ``None`` where there is none."""
        try:
            content = (self.state / "session.json").read_bytes()
        except FileNotFoundError:
            return None
        found: dict[str, Any] = json.loads(content)
        return found

    def accepted(self, access_token: str) -> bool:
        """Say whether the server accepts an access token."""
        headers = {"authorization": f"Bearer {access_token}"}
        return self.site.request("GET", "/oauth/userinfo", headers=headers).status_code == 200

    def _signed_up(self, email: str) -> Person:
        person = Person(self.site)
        person.open("/sign-up")
        person.press("/sign-up", email=email, password=PASSWORD)
        assert person.page.status_code == 200, person.page.text
        return person

    def _begin(self, arguments: Sequence[str], *, ahead: float, gate: bool) -> int:
        self._browser_log.unlink(missing_ok=True)
        self._out, self._err = self._folder / "out", self._folder / "err"
        for written in (self._out, self._err):
            written.write_bytes(b"")
        order = {
            "arguments": ["auth", *arguments],
            "environ": {**self.environ, **self.variables, "ACME_AHEAD": str(ahead)},
            "out": str(self._out),
            "err": str(self._err),
            "gate": gate,
        }
        assert self._zygote.stdin is not None
        self._zygote.stdin.write(json.dumps(order).encode() + b"\n")
        self._zygote.stdin.flush()
        pid = self._told(LIMIT_SECONDS)
        assert pid is not None, "acme did not start"
        self._pid = pid
        return pid

    def _end(self, visit: Callable[[], bool] | None) -> Done:
        began, stopped = time.monotonic(), False
        while (status := self._told(_LOOKS_EVERY_SECONDS if visit else LIMIT_SECONDS)) is None:
            waited = time.monotonic() - began
            if waited > LIMIT_SECONDS:
                os.kill(self._pid, signal.SIGKILL)
                self._told(LIMIT_SECONDS)
                break
            if visit and not visit() and waited > PATIENCE_SECONDS and not stopped:
                os.kill(self._pid, signal.SIGINT)  # Nothing to go by: they press Ctrl-C.
                stopped = True
        out, err = (path.read_text(errors="replace") for path in (self._out, self._err))
        return Done(status=status, out=out, err=err)

    def _told(self, seconds: float) -> int | None:
        told = self._zygote.stdout
        assert told is not None
        ready, _, _ = select.select([told], [], [], seconds)
        return int(told.readline()) if ready else None

    def _visitor(self, who: str | None) -> Callable[[], bool] | None:
        """Return what looks for a link or a code, once has ``who`` approve it, and says if so."""
        if who is None:
            return None
        person, visited = self._people[who], False

        def visit() -> bool:
            nonlocal visited
            shown = self._err.read_text(errors="replace")
            with contextlib.suppress(FileNotFoundError):
                shown += self._browser_log.read_text()
            if visited or not shown.endswith(("\n", "left)")):
                return visited
            if link := _LINK.search(shown):
                visited = True
                _approve(person, link[2])
            elif code := _CODE.search(shown):
                visited = True
                _approve_device(person, code[1])
            return visited

        return visit


def _approve(person: Person, path: str) -> None:
    person.open(path)
    answer = person.press("/cli/decide", decision="approve", follow=False)
    target = urlsplit(answer.headers["location"])
    assert target.hostname is not None
    for _ in range(_RELOADS):
        connection = http.client.HTTPConnection(target.hostname, target.port, timeout=5)
        try:
            connection.request("GET", f"{target.path}?{target.query}")
            connection.getresponse().read()
            break
        except (OSError, http.client.HTTPException):
            continue  # acme has been killed, or this connection broke
        finally:
            connection.close()


def _approve_device(person: Person, user_code: str) -> None:
    person.open("/device")
    person.press("/device", user_code=user_code)
    person.press("/cli/decide", decision="approve")
