"""Every page and state, by name. A new state belongs here first; the tests then look at it."""

from __future__ import annotations

from keyturn.server.pages.preview.afterwards import AFTERWARDS, ERRORS, SESSIONS
from keyturn.server.pages.preview.behind_links import BEHIND_LINKS
from keyturn.server.pages.preview.confirming import CONFIRM, DEVICE, INSTEAD
from keyturn.server.pages.preview.invented import PREVIEW_NOW, Group, State
from keyturn.server.pages.preview.signing_in import SIGN_IN, SIGN_UP

GROUPS = (CONFIRM, INSTEAD, DEVICE, SIGN_IN, SIGN_UP, BEHIND_LINKS, AFTERWARDS, SESSIONS, ERRORS)

__all__ = ["GROUPS", "PREVIEW_NOW", "Group", "State"]
