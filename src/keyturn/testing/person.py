"""The person of a test: opens what the program shows, signs up, and approves or denies.

Everything goes over real HTTP, through the pages and forms that people see. The work is done on a
thread, since a program that signs somebody in waits for them meanwhile.
"""

from __future__ import annotations

import os
import shlex
import socket
import sys
import threading
from typing import TYPE_CHECKING, Literal

from keyturn.client import clock
from keyturn.client.login.base import Verification
from keyturn.net.page import NotOnThePage
from keyturn.net.scripted_browser import ScriptedBrowser
from keyturn.testing import hand_over

if TYPE_CHECKING:
    from types import TracebackType

    from keyturn.client.login.base import LoginEvent
    from keyturn.net.page import Page

PASSWORD = "correct horse battery staple"  # noqa: S105 - of accounts that end with the test
USER_AGENT = "keyturn-testing (a scripted browser)"
_MOST_PAGES = 8
_PATIENCE_SECONDS = 30.0
_LONGEST_LINK = 64 * 1024


class Person:
    """Somebody with an account, or about to make one, and one browser window.

    Close them when the test ends: that raises what went wrong in their browser.

    Args:
        email: Of the account, which is made at the first sign-in.
        password: Of that account.
        answer: What they say to a program that asks: ``"approve"``, ``"deny"``, or ``"nothing"``
            to leave it waiting. May be changed at any time.

    Attributes:
        opened: The links that a browser was started for, in order.
        pages: The headings of the pages they saw, in order.
    """

    def __init__(
        self,
        *,
        email: str,
        password: str = PASSWORD,
        answer: Literal["approve", "deny", "nothing"] = "approve",
    ) -> None:
        self.email: str = email
        self.answer: Literal["approve", "deny", "nothing"] = answer
        self.opened: list[str] = []
        self.pages: list[str] = []
        self._password = password
        self._has_account = False
        self._one_window = threading.Lock()
        self._at_work: list[threading.Thread] = []
        self._announced: set[str] = set()
        self._trouble: list[Exception] = []
        self._door: socket.socket | None = None
        self._porter: threading.Thread | None = None
        self._browser = ScriptedBrowser(
            monotonic=clock.monotonic, sleep=clock.sleep, user_agent=USER_AGENT
        )

    def __enter__(self) -> Person:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def open_url(self, url: str) -> bool:
        """Look at ``url`` and decide, on another thread; for ``Effects(open_url=...)``."""
        self.opened.append(url)
        if url not in self._announced:
            self._start(url, None)
        return True

    def on_event(self, event: LoginEvent) -> None:
        """Do what the program asks for, with or without a browser here.

        For ``Auth.login(on_event=...)``; a device sign-in needs it, since its code is shown only.
        """
        if isinstance(event, Verification) and event.browser_opened is None:
            self._announced.add(event.url)
            self._start(event.url, event.user_code)

    def decide(self, url: str, *, user_code: str | None = None) -> Page:
        """Go to ``url``, sign up or in where asked to, answer, and return the last page.

        Args:
            url: Where the program sends them.
            user_code: What they type where a code is asked for.

        Raises:
            NotOnThePage: a page offers no way to go on; the text says what it does offer.
            ServerUnreachable, UnexpectedReply: there was no page.
        """
        with self._one_window:
            page = self._see(self._browser.open(url))
            for _ in range(_MOST_PAGES):
                wanted = "Approve" if self.answer == "approve" else "Deny"
                if wanted in _buttons(page):
                    return self._see(self._browser.press(wanted))
                page = self._see(self._go_on(page, user_code))
        raise NotOnThePage(f"{page.named} comes again and again")

    @property
    def environment(self) -> dict[str, str]:
        """The variables that have programs in other processes start this person's browser.

        Not on Windows, where a program does not look at BROWSER.
        """
        if self._door is None:
            self._door = socket.create_server(("127.0.0.1", 0))
            self._porter = threading.Thread(
                target=self._wait_at_the_door, args=(self._door,), daemon=True
            )
            self._porter.start()
        port = str(self._door.getsockname()[1])
        command = [sys.executable, "-I", "-S", os.path.abspath(hand_over.__file__), port]
        return {"BROWSER": shlex.join(command)}

    def close(self) -> None:
        """Wait until they are done, close the window, and raise what went wrong there.

        Raises:
            NotOnThePage, ServerUnreachable, UnexpectedReply: the first thing that did.
        """
        door, self._door = self._door, None
        if door is not None and self._porter is not None:
            _wake(door)
            self._porter.join(_PATIENCE_SECONDS)
        for thread in self._at_work:
            thread.join(_PATIENCE_SECONDS)
        self._browser.close()
        if self._trouble:
            raise self._trouble[0]

    def _start(self, url: str, user_code: str | None) -> None:
        if self.answer == "nothing":
            return
        thread = threading.Thread(target=self._try_to_decide, args=(url, user_code), daemon=True)
        self._at_work.append(thread)
        thread.start()

    def _try_to_decide(self, url: str, user_code: str | None) -> None:
        try:
            self.decide(url, user_code=user_code)
        except Exception as error:
            self._trouble.append(error)

    def _go_on(self, page: Page, user_code: str | None) -> Page:
        """Do what a page asks for before it comes to the decision."""
        buttons = _buttons(page)
        if user_code is not None and "Continue" in buttons:
            return self._browser.press("Continue", user_code=user_code)
        if "Create account" in buttons:
            self._has_account = True
            return self._browser.press("Create account", **self._credentials)
        if not self._has_account and "Create an account" in page.links:
            return self._browser.follow("Create an account")
        return self._browser.press("Sign in", **self._credentials)

    @property
    def _credentials(self) -> dict[str, str]:
        return {"email": self.email, "password": self._password}

    def _see(self, page: Page) -> Page:
        self.pages.append(page.heading)
        return page

    def _wait_at_the_door(self, door: socket.socket) -> None:
        with door:
            while True:
                connection, _ = door.accept()
                with connection:
                    connection.settimeout(_PATIENCE_SECONDS)
                    link = _all_of(connection)
                if not link:
                    return
                self.open_url(link)


def _buttons(page: Page) -> set[str]:
    return {button.text for form in page.forms for button in form.buttons}


def _all_of(connection: socket.socket) -> str:
    content = b""
    while len(content) < _LONGEST_LINK and (more := connection.recv(_LONGEST_LINK)):
        content += more
    return content.decode("ascii", "replace")


def _wake(door: socket.socket) -> None:
    """Have whoever waits at ``door`` find that nobody comes any more."""
    socket.create_connection(door.getsockname(), timeout=_PATIENCE_SECONDS).close()
