"""Where an app's tokens live, and when they are renewed.

Tokens change only by compare-and-set on the refresh token, so whoever signs in or out meanwhile is
not overwritten by a refresh that was on its way. One refresh runs at a time per store, among
threads and tasks alike; whoever comes meanwhile waits for it and uses what it brought.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, cast

from keyturn.protocol.errors import KeyturnError, RefreshTransient, SignInRequired
from keyturn.protocol.jwt import numeric_date, unverified_claims
from keyturn.sdk.binding import Blocking, Steps, Wait
from keyturn.sdk.errors import StackSdkError, TokenStoreReadOnly

if TYPE_CHECKING:
    from keyturn.protocol.session_source import SessionSource
    from keyturn.sdk.api import Api

LEAST_LEFT_SECONDS = 20.0
MOST_AGE_SECONDS = 75.0
MOST_ATTEMPTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPair:
    """A session's tokens; both ``None``: nobody is signed in."""

    access_token: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)


NOBODY = TokenPair()
_MAKING = threading.Lock()


class TokenStore(ABC):
    """Keeps one session's tokens. Used by several threads and tasks at once.

    A store of your own implements the three abstract methods; they must not wait for the network.

    Attributes:
        is_read_only: No session can be started here, only used.
        longest_wait_seconds: How long to wait for somebody else's refresh.
    """

    longest_wait_seconds: ClassVar[float] = 60.0
    is_read_only: ClassVar[bool] = False

    @cached_property
    def _renewal(self) -> _Renewal:
        # Not made in a constructor, which a store of one's own need not call.
        with _MAKING:
            return cast("_Renewal", vars(self).setdefault("_renewal", _Renewal()))

    @abstractmethod
    def get_stored_access_token(self) -> str | None:
        """Return the access token as it lies there, good or not."""

    @abstractmethod
    def get_stored_refresh_token(self) -> str | None:
        """Return the refresh token."""

    @abstractmethod
    def compare_and_set(
        self,
        compare_refresh_token: str | None,
        new_refresh_token: str | None,
        new_access_token: str | None,
    ) -> bool:
        """Replace both tokens if the refresh token is still ``compare_refresh_token``.

        Atomic. Returns whether they were replaced.
        """

    def get_or_fetch_likely_valid_tokens(self, api: Api) -> Steps[TokenPair]:
        """Return tokens that can be used now, renewing them first where that is due.

        Due means: less than 20 s left, or older than 75 s. Without a refresh token an access token
        is used until it has expired.

        Raises:
            RefreshTransient, ServerUnreachable: it has expired, and could not be renewed just now.
        """
        access = self.get_stored_access_token()
        if access is not None and self._renewal.is_fresh(access, api):
            return self._stored()
        if self.get_stored_refresh_token() is None:
            return TokenPair(access_token=_unless_expired(access, api.clock.now()))
        try:
            return (yield from self.fetch_new_access_token(api, instead_of=access))
        except KeyturnError:
            # Early is early: what has time left serves until the server answers again.
            if _unless_expired(access, api.clock.now()) is None:
                raise
            return self._stored()

    def fetch_new_access_token(self, api: Api, *, instead_of: str | None) -> Steps[TokenPair]:
        """Renew the tokens, unless somebody else has replaced ``instead_of`` meanwhile.

        Where the session has ended, the tokens are forgotten and ``NOBODY`` is returned.

        Raises:
            RefreshTransient, ServerUnreachable: it could not be done just now.
            StackApiError: the server declined for another reason.
        """
        while True:
            with self._renewal.lock:
                access, refresh = self.get_stored_access_token(), self.get_stored_refresh_token()
                if refresh is None:
                    return NOBODY
                if access is not None and access != instead_of:
                    return TokenPair(access_token=access, refresh_token=refresh)
                running = self._renewal.running
                if running is None:
                    self._renewal.running = mine = Future[KeyturnError | None]()
                    # Who gives up waiting must not cancel it for the others.
                    mine.set_running_or_notify_cancel()
            if running is None:
                return (yield from self._renew(api, refresh, mine))
            if (failed := (yield Wait(running, seconds=self.longest_wait_seconds))) is not None:
                raise failed

    def _renew(self, api: Api, refresh: str, mine: Future[KeyturnError | None]) -> Steps[TokenPair]:
        failed: KeyturnError | None = None
        try:
            renewed = yield from api.renew(refresh)
            self._renewal.arrived = (renewed.access_token, api.clock.monotonic())
            kept = renewed.refresh_token if renewed is NOBODY else renewed.refresh_token or refresh
            self.compare_and_set(refresh, kept, renewed.access_token)
        except KeyturnError as error:
            failed = error
            raise
        finally:
            # Also when this task was cancelled: then the next in line tries.
            with self._renewal.lock:
                self._renewal.running = None
            mine.set_result(failed)
        # Not simply what came: somebody may have signed in or out meanwhile.
        return self._stored()

    def _stored(self) -> TokenPair:
        return TokenPair(
            access_token=self.get_stored_access_token(),
            refresh_token=self.get_stored_refresh_token(),
        )

    def sign_in(self, tokens: TokenPair, api: Api) -> None:
        """Keep the tokens of a session that has just begun, whatever was there before.

        Raises:
            StackSdkError: the store does not take them.
        """
        access = tokens.access_token
        if access is not None:
            self._renewal.arrived = (access, api.clock.monotonic())
        for _ in range(MOST_ATTEMPTS):
            before = self.get_stored_refresh_token()
            if self.compare_and_set(before, tokens.refresh_token, access):
                return
        raise StackSdkError("The token store does not take the session's tokens.")

    def forget(self, refresh_token: str | None) -> None:
        """Forget the session with that refresh token, unless another has begun meanwhile."""
        self.compare_and_set(refresh_token, None, None)

    def require_writable(self) -> None:
        """Raise TokenStoreReadOnly where no session can be started: before asking for one."""
        if self.is_read_only:
            raise TokenStoreReadOnly


class _Renewal:
    """The one refresh of a store that is running, and when its last one came back."""

    __slots__ = ("_read", "arrived", "lock", "running")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.running: Future[KeyturnError | None] | None = None
        self.arrived: tuple[str | None, float] = (None, 0.0)
        self._read: tuple[str | None, float | None, float | None] = (None, None, None)

    def is_fresh(self, access: str, api: Api) -> bool:
        """Say whether ``access`` needs no renewal: by the 20 s and 75 s rule.

        For tokens that arrived here, this computer's clock may be wrong: what counts is how long
        ago that was. For others it is the wall clock.
        """
        known, at = self.arrived
        read, issued_at, expires_at = self._read
        if read != access:
            claims = unverified_claims(access)
            issued_at, expires_at = numeric_date(claims, "iat"), numeric_date(claims, "exp")
            self._read = (access, issued_at, expires_at)
        if expires_at is None or issued_at is None:
            return True  # Not ours to read; the server will say.
        age = api.clock.monotonic() - at if access == known else api.clock.now() - issued_at
        left = expires_at - issued_at - age
        return left >= LEAST_LEFT_SECONDS and age <= MOST_AGE_SECONDS


class MemoryTokenStore(TokenStore):
    """Keeps tokens in this process, and nowhere else."""

    def __init__(self, tokens: TokenPair = NOBODY) -> None:
        self._tokens = tokens
        self._swap = threading.Lock()

    def get_stored_access_token(self) -> str | None:
        """Return the access token as it lies there."""
        return self._tokens.access_token

    def get_stored_refresh_token(self) -> str | None:
        """Return the refresh token."""
        return self._tokens.refresh_token

    def compare_and_set(
        self,
        compare_refresh_token: str | None,
        new_refresh_token: str | None,
        new_access_token: str | None,
    ) -> bool:
        """Replace both tokens if the refresh token is still the one given."""
        with self._swap:
            if self._tokens.refresh_token != compare_refresh_token:
                return False
            self._tokens = TokenPair(access_token=new_access_token, refresh_token=new_refresh_token)
            return True


class SourcedTokenStore(TokenStore):
    """The session of a SessionSource, such as ``keyturn.Auth``, whose rules then decide."""

    is_read_only = True

    def __init__(self, source: SessionSource) -> None:
        self._source = source

    def get_stored_access_token(self) -> str | None:
        """Return the source's access token; may block."""
        try:
            return self._source.token()
        except SignInRequired:
            return None

    def get_stored_refresh_token(self) -> str | None:
        """Return ``None``: the source keeps it to itself."""
        return None

    def compare_and_set(
        self,
        compare_refresh_token: str | None,
        new_refresh_token: str | None,
        new_access_token: str | None,
    ) -> bool:
        """Refuse: the source alone replaces its tokens.

        Raises:
            TokenStoreReadOnly: always.
        """
        raise TokenStoreReadOnly

    def get_or_fetch_likely_valid_tokens(self, api: Api) -> Steps[TokenPair]:
        """Return the source's token, which it renews as it sees fit."""
        return TokenPair(access_token=(yield Blocking(self.get_stored_access_token)))

    def fetch_new_access_token(self, api: Api, *, instead_of: str | None) -> Steps[TokenPair]:
        """Return another token than the one the server did not accept."""
        if instead_of is None:
            return (yield from self.get_or_fetch_likely_valid_tokens(api))
        try:
            found = yield Blocking(lambda: self._source.token_instead_of(instead_of))
        except SignInRequired:
            return NOBODY
        return TokenPair(access_token=found)

    @property
    def source(self) -> SessionSource:
        """Whose session it is."""
        return self._source


def _unless_expired(access: str | None, now: float) -> str | None:
    if access is None:
        return None
    expires_at = numeric_date(unverified_claims(access), "exp")
    return None if expires_at is not None and expires_at <= now else access


def refresh_failed(why: str) -> RefreshTransient:
    """Describe a refresh that may work later."""
    return RefreshTransient(f"The session could not be renewed just now ({why}).")
