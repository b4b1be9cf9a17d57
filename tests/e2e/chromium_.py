"""What a person does in Chromium on Keyturn's pages."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

PASSWORD = "correct horse battery"


def sign_up(page: "Page", base: str, email: str = "ada@example.com") -> None:
    """Create an account on the page that is open, or at ``base``."""
    if not page.url.startswith(base):
        page.goto(f"{base}/sign-up")
    if page.get_by_role("link", name="Create an account").count():
        page.get_by_role("link", name="Create an account").click()
    page.get_by_label("Email").fill(email)
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()


def approve(page: "Page") -> None:
    page.get_by_role("button", name="Approve").click()


def sees(page: "Page", heading: str) -> None:
    """Wait for the page with this main heading."""
    page.get_by_role("heading", level=1, name=heading, exact=True).wait_for(timeout=10_000)


def programs(page: "Page", base: str) -> list[str]:
    """Return the programs that the account's page lists as signed in."""
    page.goto(f"{base}/sessions")
    section = page.get_by_role("region", name="Command-line programs")
    return section.get_by_role("heading", level=3).all_inner_texts()


def add_authenticator(page: "Page") -> None:
    """Give the browser of a page an authenticator that holds passkeys and says yes at once."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
