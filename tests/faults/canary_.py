"""Collects every secret that a client sees, then looks for each where no secret may be."""

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import httpx2

from tests.faults.servers_ import Server
from tests.server.in_process_ import BASE_URL

# Members of JSON and of forms, cookies apart.
SECRET_NAMES = re.compile(
    r"token|password|verifier|nonce|polling_code|login_code|device_code|user_code|^code$|secret|_key$"
)
SAFE_NAMES = {"token_type", "token_endpoint", "subject_token_type"}
HIDDEN = re.compile(r'name="form_token" value="([^"]+)"')
SHORTEST = 8


class Canary:
    """The secrets seen so far, by where they were seen first."""

    def __init__(self) -> None:
        self.seen: dict[str, str] = {}

    def note(self, name: str, value: object) -> None:
        """Remember one secret."""
        if isinstance(value, str) and len(value) >= SHORTEST:
            self.seen.setdefault(value, name)

    def note_members(self, value: Any) -> None:
        """Remember the secret members of a JSON value, at any depth."""
        if isinstance(value, list):
            for one in value:
                self.note_members(one)
        elif isinstance(value, dict):
            for name, member in value.items():
                if SECRET_NAMES.search(name) and name not in SAFE_NAMES:
                    self.note(name, member)
                self.note_members(member)

    def note_pairs(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Remember the secret fields of a form or a query."""
        self.note_members(dict(pairs))

    def found_in(self, place: str, content: bytes) -> list[str]:
        """Return what of all this stands in ``content``, without quoting it."""
        return [
            f"{name} ({spelling}) in {place}"
            for value, name in self.seen.items()
            for spelling, written in spellings(value).items()
            if written in content
        ]


def spellings(value: str) -> dict[str, bytes]:
    """Return the ways in which a secret may be written down."""
    raw = value.encode()
    found = {
        "as it is": raw,
        "in a URL": quote(value, safe="").encode(),
        "in base64": b64encode(raw).rstrip(b"="),
        "in base64url": urlsafe_b64encode(raw).rstrip(b"="),
        "in hex": raw.hex().encode(),
        "in JSON": json.dumps(value)[1:-1].encode(),
    }
    if len(value) >= 40:
        found["cut short"] = raw[10:34]
        found["its end"] = raw[-24:]
    if re.fullmatch(r"[A-Z]{4}-[A-Z]{4}", value):
        found["without its dash"] = value.replace("-", "").encode()
    return found


class Watched:
    """A server seen through a client that remembers every secret passing by."""

    def __init__(self, server: Server, canary: Canary) -> None:
        self.server, self.canary = server, canary
        self.statuses: list[int] = []

    def request(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Send one request and remember what it and its answer hold."""
        headers = dict(options.pop("headers", {}))
        if headers.get("origin") == BASE_URL:
            headers["origin"] = self.server.base_url
        self._remember_request(path, headers, options)
        answer = self.server.request(method, path, headers=headers, **options)
        self.statuses.append(answer.status_code)
        self._remember_answer(answer)
        return answer

    def _remember_request(
        self, path: str, headers: dict[str, str], options: dict[str, Any]
    ) -> None:
        self.canary.note_pairs(parse_qsl(urlsplit(path).query))
        for name in ("data", "json"):
            self.canary.note_members(options.get(name))
        if isinstance(content := options.get("content"), str):
            self.canary.note_pairs(parse_qsl(content))
        for name, value in headers.items():
            if name == "authorization":
                self.canary.note(name, value.partition(" ")[2])
            elif name.startswith("x-stack-"):
                self.canary.note_members({name: value})

    def _remember_answer(self, answer: httpx2.Response) -> None:
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            self.canary.note(f"cookie {name}", value.strip('"'))
        self.canary.note_pairs(parse_qsl(urlsplit(answer.headers.get("location", "")).query))
        kind = answer.headers.get("content-type", "")
        if kind.startswith("application/json"):
            self.canary.note_members(answer.json())
        elif kind.startswith("text/html"):
            for value in HIDDEN.findall(answer.text):
                self.canary.note("form_token", value)


def process_facts(pid: int) -> dict[str, bytes]:
    """Return what every user of the machine may see of a process, and what its owner may."""
    return {
        f"/proc/{name} of {pid}": Path(f"/proc/{pid}/{name}").read_bytes()
        for name in ("cmdline", "environ", "comm")
    }


def files_below(folder: Path, *, but: tuple[str, ...]) -> dict[str, bytes]:
    """Return every file's content, leaving out names and folders."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not set(path.relative_to(folder).parts) & set(but)
    }
