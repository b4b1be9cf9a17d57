"""The steps of the demo. Each one does something real, says what came of it, or raises."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from keyturn.cli.demo import surroundings
from keyturn.cli.demo.stage import ACCESS_TOKEN_SECONDS, DemoFailed, Stage
from keyturn.cli.demo.stored import CLIENT, stored_session
from keyturn.client import clock
from keyturn.net.browser import open_url
from keyturn.net.stdlib import Http
from keyturn.protocol.wire import Request, form_request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keyturn.cli.demo.browser import Browser
    from keyturn.cli.demo.child import Child
    from keyturn.protocol.tokens import Session
    from keyturn.protocol.wire import Reply

_SIGN_IN_SECONDS = 30.0
_EXIT_SIGN_IN = 4
# In a file that goes with the temporary folder: a keyring would keep what an interrupted run left.
_LOGIN = ("auth", "login", "--storage", "file")


def sign_in_by_script(stage: Stage, browser: Browser) -> None:
    """``acme auth login``, its browser played by our own."""
    login = stage.start_program(*_LOGIN)
    browser.open(_link(stage, login))
    email, password = "ada@example.com", os.urandom(12).hex()
    _saw(stage, browser, "follows the link Create an account")
    browser.follow("Create an account")
    _saw(stage, browser, f"types {email} and a new password, presses Create account")
    browser.press("Create account", email=email, password=password)
    _saw(stage, browser, "reads where it comes from, presses Approve")
    _read_aloud(stage, browser.page.facts)
    browser.press("Approve")
    _saw(stage, browser, "closes the window")
    if login.wait(seconds=_SIGN_IN_SECONDS) != 0:
        raise DemoFailed("`acme auth login` did not end as it should after the approval.")


def sign_in_by_person(stage: Stage) -> None:
    """``acme auth login``, with the terminal to itself and the person's own browser."""
    place = surroundings.place(os.environ)
    if not place.has_browser:
        stage.say(f"No browser can be opened here: {place.reason}. Use one that can reach")
        stage.say(f"{stage.issuer}, or stop with Ctrl-C and let the demo run by itself:")
        stage.say(f"  {surroundings.again_by_itself(os.environ)}")
    login = stage.start_program(*_LOGIN, visible=True)
    status = login.wait()
    if status != 0:
        raise DemoFailed(f"`acme auth login` ended with exit status {status}.")


def call(stage: Stage) -> None:
    """A call that the server answers only with a valid token."""
    who = stored_session(stage).account
    lines = stage.run_program("hello")
    name = who.email or who.id
    if not any(name in line for line in lines):
        raise DemoFailed(f"The greeting does not name {name}, who has just signed in.")


def renew(stage: Stage) -> None:
    """The same call once the token is due: it is renewed first, and nobody is asked."""
    before = stored_session(stage)
    due = before.refresh_at
    if due is None:
        raise DemoFailed("The server did not say how long the access token lives.")
    stage.say(f"An access token lives {ACCESS_TOKEN_SECONDS} seconds at this server. The first")
    stage.say("command in the second half of its life renews it, and nobody is asked.")
    while (left := due - clock.now()) > 0:
        stage.waiting(f"Waiting until it is due ... ({left:.0f} s left)")
        clock.sleep(min(left, 1.0))
    stage.run_program("hello", trace=True)
    after = stored_session(stage)
    if after.access_token == before.access_token:
        raise DemoFailed("The access token was due and has not been renewed.")
    if after.session_id != before.session_id:
        raise DemoFailed("The renewed token belongs to another session.")
    stage.say("Stored by acme, of the same session (fingerprints, no tokens):")
    stage.say(f"  before  {_fingerprint(before.access_token)}  generation {before.generation}")
    stage.say(f"  now     {_fingerprint(after.access_token)}  generation {after.generation}")


def list_by_script(stage: Stage, browser: Browser) -> None:
    """The account's page of sessions, read aloud."""
    browser.open(f"{stage.issuer}/sessions")
    _saw(stage, browser, "reads what is listed")
    _read_aloud(stage, browser.page.items)
    if not any("Keyturn CLI" in item for item in browser.page.items):
        raise DemoFailed("The list does not have the session of the program.")


def list_by_person(stage: Stage) -> None:
    """The account's page of sessions, in the person's own browser."""
    address = f"{stage.issuer}/sessions"
    opened = surroundings.place(os.environ).has_browser and open_url(address, os.environ)
    stage.say(f"{'Opened' if opened else 'Visit'} {address} in the browser that signed in.")
    stage.wait_for_enter("Press Enter to sign out.")


def sign_out(stage: Stage) -> None:
    """``acme auth logout``; afterwards copies of both tokens are worth nothing."""
    copy = stored_session(stage)
    with _http() as http:
        if _userinfo(stage, http, copy).status != 200:
            raise DemoFailed("The access token was not accepted before signing out.")
        stage.run_program("auth", "logout")
        stage.say("Copies of both tokens were kept. What the server says to them now:")
        userinfo, refresh = _userinfo(stage, http, copy), _refresh(stage, http, copy)
    error = refresh.json_object().get("error")
    stage.say(f"  access token    GET /oauth/userinfo   {userinfo.status}")
    stage.say(f"  refresh token   POST /oauth/token     {refresh.status} {error}")
    if userinfo.status != 401 or refresh.status != 400 or error != "invalid_grant":
        raise DemoFailed("A token of a session that was signed out is still good for something.")
    stage.run_program("hello", expect=_EXIT_SIGN_IN)


def _link(stage: Stage, login: Child) -> str:
    """Wait for the link that the program opens its browser with."""
    until = clock.monotonic() + _SIGN_IN_SECONDS
    while not stage.link_file.exists():
        if not login.running or clock.monotonic() >= until:
            raise DemoFailed("`acme auth login` did not open a browser.")
        clock.sleep(0.02)
    return stage.link_file.read_text()


def _saw(stage: Stage, browser: Browser, does: str) -> None:
    page = browser.page
    if page.status != 200:
        raise DemoFailed(f"The browser was shown {page.named}.")
    stage.say(f'  (browser)  "{page.heading}": {does}')


def _read_aloud(stage: Stage, lines: Sequence[str]) -> None:
    for line in lines:
        stage.say(f"               {line}")


def _fingerprint(token: str) -> str:
    """Return what tells two tokens apart and is of no use otherwise."""
    return hashlib.sha256(token.encode()).hexdigest()[:16]


def _http() -> Http:
    return Http(monotonic=clock.monotonic, sleep=clock.sleep, environ={}, user_agent="keyturn-demo")


def _userinfo(stage: Stage, http: Http, session: Session) -> Reply:
    headers = {"Authorization": f"Bearer {session.access_token}"}
    return http.send(Request(method="GET", url=f"{stage.issuer}/oauth/userinfo", headers=headers))


def _refresh(stage: Stage, http: Http, session: Session) -> Reply:
    fields = {
        "grant_type": "refresh_token",
        "client_id": CLIENT,
        "refresh_token": session.refresh_token,
    }
    return http.send(form_request(f"{stage.issuer}/oauth/token", fields))
