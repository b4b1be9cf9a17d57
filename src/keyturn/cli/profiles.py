"""Which server ``keyturn auth`` signs in to: named profiles, remembered at ``login``.

One small file each, ``profiles/<name>.conf`` in the state directory, with a line ``key = value``
per setting: it is read at every start, so it must cost nothing. A profile holds no secret; sessions
lie in the client's own store, kept apart by issuer and client.
"""

import os

from keyturn.client.private import read_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from keyturn.client.auth import Auth

DEFAULT = "default"
_FOLDER = "profiles"
_SUFFIX = ".conf"
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
_LONGEST_NAME = 64
_OAUTH = ("issuer",)
_STACK = ("stack_url", "project_id", "app_url")
_OPTIONAL = ("publishable_client_key",)
KEYS = (*_OAUTH, "client_id", *_STACK, *_OPTIONAL)


class Profile:
    """Where one name signs in to: an OAuth server, or a Stack-compatible project.

    Attributes:
        name: See ``is_name``.
        settings: ``issuer`` and perhaps ``client_id``; or ``stack_url``, ``project_id``,
            ``app_url`` and perhaps ``publishable_client_key``.

    Raises:
        ValueError: the settings are not exactly those of one kind; the message says which to give.
    """

    __slots__ = ("name", "settings")

    def __init__(self, name: str, settings: "Mapping[str, str]") -> None:
        oauth = any(key in settings for key in (*_OAUTH, "client_id"))
        stack = any(key in settings for key in (*_STACK, *_OPTIONAL))
        if oauth and stack:
            raise ValueError("--issuer and --client-id do not go with a Stack project's options.")
        missing = [key for key in (_STACK if stack else _OAUTH) if not settings.get(key)]
        if missing:
            flags = " and ".join("--" + key.replace("_", "-") for key in missing)
            raise ValueError(f"{flags} must be given as well.")
        self.name: str = name
        self.settings: dict[str, str] = dict(settings)

    @property
    def server(self) -> str:
        """The base URL it signs in to."""
        return self.settings.get("issuer") or self.settings["stack_url"]

    def auth(self) -> "Auth":
        """Return the client for this profile. Does no I/O."""
        from keyturn.client.auth import Auth

        settings = self.settings
        if "issuer" in settings:
            return Auth("keyturn", issuer=settings["issuer"], client_id=settings.get("client_id"))
        from keyturn.client.config import StackProject

        project = StackProject(
            base_url=settings["stack_url"],
            project_id=settings["project_id"],
            publishable_client_key=settings.get("publishable_client_key"),
            app_url=settings["app_url"],
        )
        return Auth("keyturn", stack=project)


def is_name(name: str) -> bool:
    """Say whether a profile may be called so: it becomes part of a file's name."""
    return 0 < len(name) <= _LONGEST_NAME and _LETTERS.issuperset(name) and name[0] not in ".-"


def load(directory: str, name: str) -> Profile | None:
    """Return the profile called ``name`` in the state directory, or ``None``.

    Raises:
        StoreReadFailed: its file is there and is not a profile, or not this user's own: whoever
            can write it decides where this person signs in.
    """
    path = _path(directory, name)
    content = read_private(path)
    if content is None:
        return None
    try:
        return Profile(name, _parse(content.decode()))
    except ValueError as error:
        from keyturn.protocol.errors import StoreReadFailed

        hint = "Remove it, and say at the next sign-in which server it is to mean."
        raise StoreReadFailed(f"{path} makes no sense as a profile.", hint=hint) from error


def save(directory: str, profile: Profile) -> None:
    """Write a profile, or change nothing and raise StoreWriteFailed."""
    from keyturn.client.effects import Effects
    from keyturn.client.stores.atomic import replace_private
    from keyturn.protocol.errors import StoreWriteFailed

    path = _path(directory, profile.name)
    text = "".join(f"{key} = {value}\n" for key, value in profile.settings.items())
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        replace_private(path, text.encode(), effects=Effects())
    except OSError as error:
        raise StoreWriteFailed(f"The profile could not be written to {path}.") from error


def _path(directory: str, name: str) -> str:
    return os.path.join(directory, _FOLDER, name + _SUFFIX)


def _parse(text: str) -> dict[str, str]:
    settings = {}
    for line in text.splitlines():
        key, equals, value = (part.strip() for part in line.partition("="))
        if equals and key in KEYS:
            settings[key] = value
    return settings
