"""The scripted browser of ``AUTO=1``: it plays the person."""

from __future__ import annotations

from keyturn.client import clock
from keyturn.net.scripted_browser import ScriptedBrowser

USER_AGENT = "keyturn-demo (a scripted browser)"


class Browser(ScriptedBrowser):
    """One browser window of the demo's. Close it afterwards."""

    def __init__(self) -> None:
        super().__init__(monotonic=clock.monotonic, sleep=clock.sleep, user_agent=USER_AGENT)
