"""A project's own front end, on another origin, signs a program in: in Chromium, over CORS."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from tests.e2e.chromium_ import PASSWORD
from tests.e2e.front_end_ import front_end
from tests.served_ import Served, serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.xdist_group("custom front end")

KEY = "pck_of_acme"
HEADERS = {
    "x-stack-access-type": "client",
    "x-stack-project-id": "acme",
    "x-stack-publishable-client-key": KEY,
}
CONFIG = """
[[projects]]
id = "acme"
display_name = "Acme"
publishable_client_key = "{key}"
publishable_client_key_required = true
secret_server_key = "ssk_of_acme"
[projects.urls]
cli_auth_confirm = "{page}"

[[projects]]
id = "other"
display_name = "Other"
"""


class Site:
    """The front end, its Keyturn server, and the program in the terminal."""

    def __init__(self, server: Served, origin: str) -> None:
        self.server, self.origin = server, origin
        self.page = f"{origin}/cli.html"

    def call(self, method: str, path: str, **headers: str) -> httpx2.Response:
        """Call the API without a body."""
        return self.server.request(method, f"/api/v1{path}", headers={**HEADERS, **headers})

    def ask(self, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        """Post to the API as the program does."""
        named = {**HEADERS, **headers}
        return self.server.request("POST", f"/api/v1{path}", json=body or {}, headers=named)

    def start(self, **body: str) -> dict[str, str]:
        """Begin a sign-in of the program."""
        started: dict[str, str] = self.ask("/auth/cli", body).json()
        return started

    def poll(self, started: dict[str, str]) -> httpx2.Response:
        return self.ask("/auth/cli/poll", {"polling_code": started["polling_code"]})

    def link(self, started: dict[str, str]) -> str:
        """Return what the program shows in the terminal."""
        return f"{self.server.base}/handler/cli-auth-confirm?login_code={started['login_code']}"

    def refreshes(self, token: str) -> bool:
        """Say whether a refresh token is still good."""
        header = {"x-stack-refresh-token": token}
        return self.ask("/auth/sessions/current/refresh", **header).status_code == 200


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with front_end() as (origin, settings):
        config = CONFIG.format(key=KEY, page=f"{origin}/cli.html")
        with serving(tmp_path_factory.mktemp("server"), config=config) as server:
            settings |= {"server": server.base, "projectId": "acme", "publishableKey": KEY}
            yield Site(server, origin)


# Notes each state that the page shows, across the pages of one window.
WATCH = """
addEventListener("DOMContentLoaded", () => {
  const shown = document.getElementById("state");
  const note = () => sessionStorage.walked = `${sessionStorage.walked ?? ""} ${shown.textContent}`;
  if (shown) new MutationObserver(note).observe(shown, { childList: true });
});
"""


@pytest.fixture(autouse=True)
def watched(window: "Page") -> None:
    window.add_init_script(WATCH)


def becomes(window: "Page", state: str) -> None:
    window.locator("#state", has_text=state).wait_for(timeout=10_000)


def fill_in(window: "Page", email: str, way: str) -> None:
    window.get_by_label("Email").fill(email)
    window.get_by_label("Password").fill(PASSWORD)
    window.get_by_role("button", name=way).click()


def own_token(window: "Page") -> str:
    found: str = window.evaluate("JSON.parse(localStorage.getItem('session')).refreshToken")
    return found


def walked(window: "Page") -> list[str]:
    """Return the states that were shown in this window, those before another page included."""
    states: str = window.evaluate("sessionStorage.getItem('walked')")
    return states.split()


@pytest.mark.proves("S-53", "S-6", "S-54")
def test_a_stranger_is_sent_to_sign_in_comes_back_approves_and_the_program_gets_that_very_token(
    window: "Page", site: Site
) -> None:
    complaints: list[str] = []
    window.on("console", lambda said: complaints.append(said.text))
    started = site.start()
    window.goto(site.link(started))
    becomes(window, "idle")
    assert window.url == site.page  # another origin, and the code is gone from the address
    code = started["login_code"]
    assert window.locator("#code").inner_text() == f"{code[:4]}-{code[4:8]}"
    window.get_by_role("button", name="Approve").click()
    window.wait_for_url(f"{site.origin}/sign-in.html")
    fill_in(window, "ada@example.com", "Create an account")
    becomes(window, "idle")
    # Nothing was approved on the way: that takes a click by whoever is signed in now.
    assert site.poll(started).json() == {"status": "waiting"}
    assert window.locator("#account").inner_text() == "ada@example.com"
    window.get_by_role("button", name="Approve").click()
    becomes(window, "success")
    assert walked(window) == [
        "idle", "authorizing", "redirecting", "idle", "authorizing", "success",
    ]  # fmt: skip
    answer = site.poll(started)
    assert answer.status_code == 201
    assert answer.json() == {"status": "success", "refresh_token": own_token(window)}
    assert site.poll(started).json() == {"status": "used"}
    assert complaints == []


def signed_in(window: "Page", site: Site, email: str) -> None:
    window.goto(f"{site.origin}/sign-in.html")
    fill_in(window, email, "Create an account")
    becomes(window, "invalid")  # it came back without a code


@pytest.mark.proves("S-53", "S-6")
def test_somebody_who_is_signed_in_approves_at_once_and_a_used_code_is_invalid(
    window: "Page", site: Site
) -> None:
    signed_in(window, site, "grace@example.com")
    started = site.start()
    window.goto(site.link(started))
    window.get_by_role("button", name="Approve").click()
    becomes(window, "success")
    assert site.poll(started).json()["refresh_token"] == own_token(window)
    window.reload()
    becomes(window, "invalid")
    assert not window.get_by_role("button", name="Approve").is_visible()


@pytest.mark.proves("S-53")
def test_no_code_an_unknown_one_and_another_projects_are_invalid(
    window: "Page", site: Site
) -> None:
    foreign = site.ask("/auth/cli", **{"x-stack-project-id": "other"})
    assert foreign.status_code == 401  # this key is not the other project's
    other = {"x-stack-access-type": "client", "x-stack-project-id": "other"}
    foreign = site.server.request("POST", "/api/v1/auth/cli", json={}, headers=other)
    for query in ("", "?login_code=", "?login_code=nobody", "?login_code=%00%ff",
                  f"?login_code={foreign.json()['login_code']}"):  # fmt: skip
        window.goto(site.page + query)
        becomes(window, "invalid")
    assert set(walked(window)) == {"invalid"}


@pytest.mark.proves("S-53")
def test_a_failure_is_shown_and_trying_again_goes_on_where_it_failed(
    window: "Page", site: Site
) -> None:
    signed_in(window, site, "edsger@example.com")
    started = site.start()
    window.goto(site.link(started))
    becomes(window, "idle")
    window.context.set_offline(True)
    window.get_by_role("button", name="Approve").click()
    becomes(window, "error")
    assert window.locator("#error").inner_text()
    window.get_by_role("button", name="Try again").click()
    becomes(window, "error")
    assert site.poll(started).json() == {"status": "waiting"}
    window.context.set_offline(False)
    window.get_by_role("button", name="Try again").click()
    becomes(window, "success")
    assert walked(window) == [
        "invalid", "idle", "authorizing", "error", "authorizing", "error", "authorizing", "success",
    ]  # fmt: skip
    assert site.poll(started).json()["refresh_token"] == own_token(window)


@pytest.mark.proves("S-53")
def test_a_server_that_refuses_the_users_token_is_a_failure_in_its_own_words(
    window: "Page", site: Site
) -> None:
    signed_in(window, site, "barbara@example.com")
    window.evaluate(
        "() => { const s = JSON.parse(localStorage.session); s.refreshToken = 'gone';"
        " localStorage.session = JSON.stringify(s); }"
    )
    window.goto(site.link(site.start()))
    window.get_by_role("button", name="Approve").click()
    becomes(window, "error")
    assert window.locator("#error").inner_text() == "Invalid refresh token"


@pytest.mark.proves("S-53", "S-9", "T-7")
def test_the_work_of_a_guest_is_claimed_kept_by_signing_up_and_goes_to_the_program(
    window: "Page", site: Site
) -> None:
    guest = site.ask("/auth/anonymous/sign-up").json()
    started = site.start(anon_refresh_token=guest["refresh_token"])
    window.goto(site.link(started))
    window.get_by_role("button", name="Keep the guest's work").click()
    window.wait_for_url(f"{site.origin}/sign-in.html")
    assert own_token(window) == guest["refresh_token"]
    fill_in(window, "katherine@example.com", "Create an account")
    becomes(window, "idle")
    assert not window.get_by_role("button", name="Keep the guest's work").is_visible()
    window.get_by_role("button", name="Approve").click()
    becomes(window, "success")
    token = site.poll(started).json()["refresh_token"]
    assert token == own_token(window)
    assert site.refreshes(token)
    # Whoever had the guest's session before has no way into the account it became.
    assert not site.refreshes(guest["refresh_token"])


@pytest.mark.proves("S-53", "S-9")
def test_a_guest_that_somebody_else_approves_for_is_left_alone(window: "Page", site: Site) -> None:
    guest = site.ask("/auth/anonymous/sign-up").json()
    started = site.start(anon_refresh_token=guest["refresh_token"])
    signed_in(window, site, "dorothy@example.com")
    window.goto(site.link(started))
    becomes(window, "idle")
    assert window.get_by_role("button", name="Keep the guest's work").is_visible()
    window.get_by_role("button", name="Approve").click()
    becomes(window, "success")
    assert site.poll(started).json()["refresh_token"] == own_token(window)
    header = {
        "x-stack-refresh-token": guest["refresh_token"],
        "x-stack-allow-anonymous-user": "true",
    }
    assert site.ask("/auth/sessions/current/refresh", **header).status_code == 200


@pytest.mark.proves("S-53", "S-51")
def test_opening_the_link_approves_nothing_even_for_somebody_who_is_signed_in(
    window: "Page", site: Site
) -> None:
    signed_in(window, site, "radia@example.com")
    started = site.start()
    for extra in ("", "&confirmed=true", "&mode=complete&approve=1"):
        window.goto(site.link(started) + extra)
        becomes(window, "idle")
        assert site.poll(started).json() == {"status": "waiting"}


@pytest.mark.proves("S-52", "S-53")
def test_the_program_shares_the_users_session_unless_a_backend_makes_one_for_it(
    window: "Page", site: Site
) -> None:
    signed_in(window, site, "hedy@example.com")
    shared = own_token(window)
    access = site.ask("/auth/sessions/current/refresh", **{"x-stack-refresh-token": shared})
    token = {"x-stack-access-token": access.json()["access_token"]}
    user_id = site.call("GET", "/users/me", **token).json()["id"]
    backend = {"x-stack-access-type": "server", "x-stack-secret-server-key": "ssk_of_acme"}
    own = site.ask("/auth/sessions", {"user_id": user_id}, **backend).json()["refresh_token"]
    got = []
    for given in (shared, own):
        started = site.start()
        body = {"login_code": started["login_code"], "refresh_token": given}
        assert site.ask("/auth/cli/complete", body).json() == {"success": True}
        got.append(site.poll(started).json()["refresh_token"])
    assert got == [shared, own]
    assert site.call("DELETE", "/auth/sessions/current", **token).status_code == 200
    assert [site.refreshes(each) for each in got] == [False, True]
