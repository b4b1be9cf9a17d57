"""For APIs: check access tokens of a Keyturn server, and say where to get one (RFC 6750, 9728).

    from keyturn.server.resource import ProtectedResource, RequireAccessToken, Verifier

Needs ``pip install 'keyturn[resource]'`` and nothing else of the server. Each name is loaded when
it is first used: the server describes its own API with one of them, for which it needs no JOSE.
"""

from importlib.util import find_spec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from keyturn.server.resource.access import VerifiedAccess, verify_access_token
    from keyturn.server.resource.errors import InvalidToken, KeysUnavailable
    from keyturn.server.resource.keys import read_keys
    from keyturn.server.resource.metadata import ProtectedResource
    from keyturn.server.resource.middleware import RequireAccessToken, ResourceMetadata, access_of
    from keyturn.server.resource.remote import RemoteKeys
    from keyturn.server.resource.verifier import Verifier

if find_spec("joserfc") is None:
    from keyturn.protocol.errors import MissingExtra

    raise MissingExtra("resource", needed_for="Checking access tokens")

_HOMES = {
    "VerifiedAccess": "access",
    "verify_access_token": "access",
    "InvalidToken": "errors",
    "KeysUnavailable": "errors",
    "read_keys": "keys",
    "ProtectedResource": "metadata",
    "RequireAccessToken": "middleware",
    "ResourceMetadata": "middleware",
    "access_of": "middleware",
    "RemoteKeys": "remote",
    "Verifier": "verifier",
}

__all__ = [
    "InvalidToken",
    "KeysUnavailable",
    "ProtectedResource",
    "RemoteKeys",
    "RequireAccessToken",
    "ResourceMetadata",
    "VerifiedAccess",
    "Verifier",
    "access_of",
    "read_keys",
    "verify_access_token",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        value: object = getattr(__import__(f"{__name__}.{_HOMES[name]}", fromlist=[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
