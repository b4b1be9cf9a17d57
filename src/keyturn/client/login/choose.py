"""Which way a person signs in to an OAuth server (K-40)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.client.login.base import MethodChosen
from keyturn.protocol.errors import ExchangeFailed

if TYPE_CHECKING:
    from keyturn.client.login.base import Options
    from keyturn.net.browser import Place
    from keyturn.protocol.discovery import Metadata


def choose(options: Options, metadata: Metadata, place: Place) -> MethodChosen:
    """Return the method to use and why, as one sentence.

    Raises:
        ExchangeFailed: the server offers no such method, or none at all.
    """
    loopback = metadata.authorization is not None
    device = metadata.device_authorization is not None
    match options.method:
        case "loopback":
            return _require(loopback, "loopback", "asked for")
        case "device":
            return _require(device, "device", "asked for")
        case "auto":
            return _choose_freely(options, place, loopback=loopback, device=device)
        case other:
            raise ExchangeFailed(f"There is no sign-in method {other!r} at this server.")


def _choose_freely(options: Options, place: Place, *, loopback: bool, device: bool) -> MethodChosen:
    if not (loopback or device):
        raise ExchangeFailed("The sign-in server offers no way to sign in from a terminal.")
    if not options.open_browser:
        reason = "no browser is to be opened"
    elif not place.has_browser:
        reason = place.reason
    elif loopback:
        return MethodChosen(method="loopback", reason=place.reason)
    else:
        return MethodChosen(method="device", reason="the server offers nothing else")
    if device:
        return MethodChosen(method="device", reason=reason)
    return MethodChosen(method="loopback", reason=f"{reason}, and the server has no device codes")


def _require(offered: bool, method: str, reason: str) -> MethodChosen:
    if not offered:
        words = {"loopback": "in a browser on this computer", "device": "with a device code"}
        raise ExchangeFailed(
            f"The sign-in server does not offer to sign in {words[method]}.",
            hint="Run `{program} auth login` to sign in another way.",
        )
    return MethodChosen(method="device" if method == "device" else "loopback", reason=reason)
