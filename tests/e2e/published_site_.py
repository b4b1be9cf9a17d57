"""A web site of one page that uses the published JavaScript package, and what people do on it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copy
from typing import TYPE_CHECKING, Any

from tests.e2e.chromium_ import PASSWORD, sees
from tests.e2e.front_end_ import front_end
from tests.e2e.published_ import PROJECT, WORK, bundle, work_issuer
from tests.issuers_.openid_ import OpenIssuer
from tests.served_ import Served, serving
from tests.server.mail.test_sending import outbox

if TYPE_CHECKING:
    from playwright.sync_api import Page

PROGRAM = Path(__file__).parent / "published_in_a_browser"
CONFIG = f"""
[[projects]]
display_name = "A site"
passkey_enabled = true
allow_localhost = false
trusted_domains = ["{{origin}}"]
{chr(10).join(f'{name} = "{value}"' for name, value in PROJECT.items())}
"""


@dataclass(kw_only=True)
class Site:
    """A web site of one page, the provider and the server that it signs people in with."""

    version: str
    origin: str
    folder: Path
    server: Served
    issuer: OpenIssuer

    def build(self, version: str) -> None:
        """Make the site's program with one version of the package."""
        bundle(version, PROGRAM / "page.mjs", self.folder / "page.js")
        self.version = version


@contextmanager
def running(folder: Path) -> Iterator[Site]:
    """Run the site, its server and its provider in an empty folder; it has no program yet."""
    pages, data = folder / "site", folder / "server"
    pages.mkdir()
    data.mkdir()
    copy(PROGRAM / "index.html", pages)
    with front_end(pages) as (origin, settings), work_issuer() as issuer:
        config = CONFIG.format(origin=origin) + WORK.format(issuer=issuer.url)
        with serving(data, config=config, rate_limits="off") as server:
            key = PROJECT["publishable_client_key"]
            settings |= {"projectId": PROJECT["id"], "publishableClientKey": key}
            settings["server"] = server.base
            yield Site(version="", origin=origin, folder=pages, server=server, issuer=issuer)


def press(page: "Page", name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def enter(page: "Page", name: str, email: str, password: str = PASSWORD) -> None:
    """Fill in the form and send it."""
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    press(page, name)


def told(page: "Page", outcome: str) -> None:
    """Wait until the site has been told this by the package."""
    page.get_by_role("status").filter(has_text=outcome).wait_for(timeout=10_000)


def sign_up(page: "Page", email: str) -> None:
    enter(page, "Sign up", email)
    sees(page, f"Signed in as {email}")


def sign_out(page: "Page") -> None:
    press(page, "Sign out")
    sees(page, "Signed out")


def fact(page: "Page", name: str) -> str:
    """Return what the site shows of whoever is signed in."""
    line: str = page.get_by_role("listitem").filter(has_text=f"{name}: ").inner_text()
    return line.removeprefix(f"{name}: ")


def ask(page: "Page", what: str) -> Any:
    """Return something of the ``user`` that the package has, as the site's program would ask."""
    return page.evaluate(f"app.getUser().then(async (user) => {what})")


def open_mail(page: "Page", site: Site, email: str, count: int) -> None:
    """Wait for somebody's mail of that number, and open its link."""
    for _ in range(500):
        mails = [mail for mail in outbox(site.server.data) if mail["To"] == email]
        if len(mails) >= count:
            break
        page.wait_for_timeout(20)
    [link] = re.findall(r"https?://\S+", mails[count - 1].get_content())
    assert link.startswith(f"{site.origin}/handler/")
    page.goto(link)


def refreshes(site: Site, token: str) -> bool:
    """Say whether the server still takes a refresh token."""
    headers = {
        "x-stack-access-type": "client",
        "x-stack-project-id": PROJECT["id"],
        "x-stack-publishable-client-key": PROJECT["publishable_client_key"],
        "x-stack-refresh-token": token,
    }
    path = "/api/v1/auth/sessions/current/refresh"
    return site.server.request("POST", path, headers=headers).status_code == 200
