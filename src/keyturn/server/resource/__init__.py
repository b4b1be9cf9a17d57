"""For APIs: check access tokens of a Keyturn server, and say where to get one (RFC 6750, 9728).

    from keyturn.server.resource import ProtectedResource, RequireAccessToken, Verifier

Needs ``pip install 'keyturn[resource]'`` and nothing else of the server.
"""

from importlib.util import find_spec

from keyturn.protocol.errors import MissingExtra

if find_spec("joserfc") is None:
    raise MissingExtra("resource", needed_for="Checking access tokens")

from keyturn.server.resource.access import VerifiedAccess, verify_access_token
from keyturn.server.resource.errors import InvalidToken, KeysUnavailable
from keyturn.server.resource.keys import read_keys
from keyturn.server.resource.metadata import ProtectedResource
from keyturn.server.resource.middleware import RequireAccessToken, ResourceMetadata, access_of
from keyturn.server.resource.remote import RemoteKeys
from keyturn.server.resource.verifier import Verifier

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
