"""Shows every page and state with invented data: for designers, operators and the tests.

Only `keyturn serve --preview` mounts these routes. No state comes from storage, no form token is
valid, and times are counted from an invented now, so that every visit looks the same.
"""

from keyturn.server.pages.preview.routes import preview_routes
from keyturn.server.pages.preview.states import GROUPS, PREVIEW_NOW, Group, State

__all__ = ["GROUPS", "PREVIEW_NOW", "Group", "State", "preview_routes"]
