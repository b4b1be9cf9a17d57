"""What every adapter does, whatever its HTTP library: which origin, whose token, what after a 401.

A token goes to one origin (RFC 6454) and nowhere else: who was handed a link, or is redirected by
somebody, must not be able to collect it (RFC 9700 section 4.9.1). No library is imported here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from keyturn.protocol.errors import AccountNotFound, RefreshUnavailable, SignInRequired
from keyturn.protocol.wire import is_loopback

if TYPE_CHECKING:
    from keyturn.client.auth import Auth

_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Scheme, host and port, as they are compared: in lower case, and the port always named."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Origin:
        """Return the origin of an absolute ``http`` or ``https`` URL.

        Raises:
            ValueError: it has none that could be compared byte for byte.
        """
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme)
        if port is None or not host or not host.isascii():
            raise ValueError(f"{parts.scheme}://{host} is no http or https origin in ASCII")
        return cls(scheme=parts.scheme, host=host, port=port)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = self.port == _PORTS[self.scheme]
        return f"{self.scheme}://{host}" + ("" if usual else f":{self.port}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A token as it is put on a request.

    Attributes:
        token: The access token.
        account: Whose it is, by id; ``None``: the environment's.
    """

    token: str = field(repr=False)
    account: str | None

    @property
    def header(self) -> str:
        """The value of ``Authorization`` (RFC 6750 section 2.1)."""
        return f"Bearer {self.token}"


class Bearer:
    """Hands out tokens for the requests to one origin.

    Args:
        auth: The program's sign-in.
        origin: Any URL of the API; ``None``: the sign-in server's own origin.
        account: Whose token; the usual account where left out.

    Raises:
        ValueError: ``origin`` is no absolute URL, or plain ``http`` to another computer.
    """

    def __init__(self, auth: Auth, *, origin: str | None, account: str | None) -> None:
        self._auth = auth
        self._account = account
        self._origin = Origin.of(auth.issuer if origin is None else origin)
        if self._origin.scheme == "http" and not is_loopback(self._origin.host):
            raise ValueError(f"tokens are not sent to {self._origin}: it is not protected by TLS")

    def __repr__(self) -> str:
        return f"<tokens of {self._auth.name} for {self._origin}>"

    def is_for(self, url: str) -> bool:
        """Say whether a request to ``url`` gets a token."""
        try:
            ours = Origin.of(url) == self._origin
        except ValueError:
            ours = False
        if not ours:
            self._auth._runtime().trace(f"no token on a request elsewhere than {self._origin}")
        return ours

    def issue(self) -> Issued:
        """Return a token that can be used now. Raises as ``Auth.token`` does."""
        if self._auth.env_token_set():
            return Issued(token=self._auth.token(), account=None)
        # Settled before the token is read: a switch while the request is under way must not have
        # it repeated in somebody else's name.
        found = self._auth.session(account=self._account)
        if found is None:
            raise SignInRequired
        return self._read(found.account_id)

    def instead_of(self, rejected: Issued) -> Issued | None:
        """Return another token after a 401, renewed if nobody else has done so; ``None``: none.

        Raises as ``Auth.token_instead_of`` does, but for a session that cannot be renewed: its 401
        then stands.
        """
        try:
            token = self._auth.token_instead_of(rejected.token, account=rejected.account)
        except RefreshUnavailable:
            return None
        except AccountNotFound:
            raise _signed_out() from None
        again = Issued(token=token, account=rejected.account)
        return None if token == rejected.token else again

    def could_not_repeat(self) -> None:
        """Tell the person why a 401 stands although the session is well."""
        self._auth._runtime().effects.warn(
            f"{self._origin} refused a token. The session was renewed, but what was being sent "
            "can be read only once and was not sent again."
        )

    def _read(self, account: str) -> Issued:
        try:
            return Issued(token=self._auth.token(account=account), account=account)
        except AccountNotFound:
            raise _signed_out() from None


def _signed_out() -> SignInRequired:
    return SignInRequired("This account has been signed out.")
