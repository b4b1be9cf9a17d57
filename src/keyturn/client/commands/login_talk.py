"""What ``auth login`` says while it runs: to a person, or as JSON events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.client.commands.text import clock_face, host_of, iso
from keyturn.client.login.base import LoginEvent, MethodChosen, Verification, Waiting

if TYPE_CHECKING:
    from keyturn.client.commands.run import Call


class EventLines:
    """Prints one JSON document per event that a program can act on: where the person has to go."""

    def __init__(self, call: Call) -> None:
        self.method: str | None = None
        self._console = call.console

    def __call__(self, event: LoginEvent) -> None:
        """Print a ``verification`` event, once."""
        if not isinstance(event, Verification) or self.method is not None:
            return
        self.method = event.method
        document: dict[str, object] = {
            "event": "verification",
            "method": event.method,
            "url": event.url,
            "expires_at": iso(event.expires_at),
        }
        for name in ("user_code", "compare_code"):
            if (code := getattr(event, name)) is not None:
                document[name] = code
        self._console.document(document)


class Narrator:
    """Tells the person where to go, what to type or compare, and how much time is left."""

    def __init__(self, call: Call) -> None:
        self.method: str | None = None
        self._call = call
        self._console = call.console
        self._asked_for_device = bool(call.options.get("device") or call.options.get("no_browser"))

    def __call__(self, event: LoginEvent) -> None:
        """Print one event."""
        if isinstance(event, Waiting):
            where = "" if self.method == "device" else " for you in the browser"
            self._console.waiting(f"Waiting{where} ... ({clock_face(event.seconds_left)} left)")
        elif isinstance(event, MethodChosen):
            if self._call.options.get("verbose"):
                self._console.talk(f"Signing in by {event.method}: {event.reason}")
        elif self.method is None:
            self.method = event.method
            _LINES[event.method](self, event)
        elif event.browser_opened is False:
            self._console.talk("No browser could be started here. Use the link above.")

    def _loopback(self, event: Verification) -> None:
        talk = self._console.talk
        if self._call.options.get("no_browser"):
            talk(f"Visit:  {event.url}")
            return
        talk(f"Opening your browser to sign in to {host_of(self._call.auth.issuer)}.")
        talk(f"If nothing opens, visit:  {event.url}")
        other = self._call.typed("login --device")
        talk(f"Browser on another computer?  Ctrl-C, then:  {other}")

    def _device(self, event: Verification) -> None:
        talk = self._console.talk
        if self._asked_for_device:
            talk("Use a browser on any device.")
        else:
            talk("No browser here, so use one on any other device.")
        talk(f"Visit   {event.url}")
        talk(f"Type    {event.user_code}")

    def _cli_poll(self, event: Verification) -> None:
        self._console.talk(f"Visit:  {event.url}")
        if event.compare_code:
            self._console.talk(f"Check that the page shows:  {event.compare_code}")

    def _provider(self, event: Verification) -> None:
        self._console.talk(f"Visit:  {event.url}")
        if event.user_code:
            self._console.talk(f"Type:   {event.user_code}")


_LINES = {
    "loopback": Narrator._loopback,
    "device": Narrator._device,
    "cli_poll": Narrator._cli_poll,
    "provider": Narrator._provider,
}
