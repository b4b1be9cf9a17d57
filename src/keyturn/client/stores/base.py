"""The contract every session store keeps; ``keyturn.testing.TokenStoreContract`` checks it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from keyturn.protocol.tokens import Session

Kind = Literal["file", "keyring", "memory", "custom"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Every session of one client at one issuer, as of one moment.

    Attributes:
        sessions: By account id, in the order they were first stored.
        default: The pinned account id, which may have signed out since; ``None``: none is pinned.
        unreadable: Ids of records that are there but make no session.
    """

    sessions: dict[str, Session]
    default: str | None = None
    unreadable: tuple[str, ...] = ()

    @property
    def ids(self) -> list[str]:
        """Every account that is signed in, readable or not."""
        return [*self.sessions, *self.unreadable]


class SessionStore(Protocol):
    """Keeps the sessions of one client at one issuer, one per account.

    Safe to call from several threads and processes. A write happens as a whole or not at all, and
    raises StoreWriteFailed, StoreUnavailable or StoreLocked, never a backend's own exception; what
    was stored before can then still be read. Reading never waits for a writer.

    Attributes:
        kind: What holds the records.
        location: Where, for messages: a path.
        fallback: Why the last write did without the keyring it should have used, where nobody has
            been told that yet; else ``None``.
    """

    kind: Kind
    location: str
    fallback: str | None

    def snapshot(self) -> Snapshot:
        """Return everything that is stored.

        Raises:
            StoreReadFailed: it may not or cannot be read.
            StoreCorrupt: it makes no sense, and has been moved aside.
        """
        ...

    def index(self) -> Snapshot:
        """Return what ``snapshot`` does, but for secrets that take a call to the keyring.

        Raises as ``snapshot`` does for a file.
        """
        ...

    def load(self, account_id: str) -> Session | None:
        """Return one session with its secrets; ``None`` where there is none that can be read.

        Raises:
            StoreLocked, StoreUnavailable: its secret cannot be had just now.
            StoreReadFailed: its secret is missing. And as ``snapshot`` does.
            StoreCorrupt: its secret is not the one that was stored. And as ``snapshot`` does.
        """
        ...

    def check(self, policy: str = "file", *, dialog: bool = False) -> None:
        """Find out whether a session could be stored under a policy.

        For before a person is sent to the browser.

        Args:
            policy: ``"auto"``, ``"file"`` or ``"keyring"``.
            dialog: Let the system ask the person to unlock the keyring.

        Raises:
            StoreUnavailable, StoreLocked: it could not.
        """
        ...

    def put(self, session: Session, *, pin: bool) -> Session:
        """Store ``session`` whatever was there for its account, and return it as stored.

        Args:
            session: Its revision is replaced by the store's next one.
            pin: Make its account the default.
        """
        ...

    def put_first(self, session: Session) -> Session | None:
        """Store ``session`` as the default where nobody at all is signed in, and return it.

        Returns ``None``, having changed nothing, when any session is stored, readable or not.
        """
        ...

    def replace(self, old: Session, new: Session) -> Session | None:
        """Store ``new`` where exactly ``old`` is stored, and return it as stored.

        Returns ``None``, having changed nothing, when anybody wrote or removed it in between.
        Never changes the default.
        """
        ...

    def remove(self, account_id: str, *, only: Session | None = None) -> Session | None:
        """Forget an account, readable or not, and return its session where it was readable.

        Args:
            account_id: Whose.
            only: Forget it only while exactly this is stored.
        """
        ...

    def expire(self, session: Session, *, at: float) -> Session | None:
        """Let nobody use the access token of ``session`` any more without renewing it.

        For the moment before the session is ended at the server: whoever is killed in between
        leaves a session whose next use asks the server what became of it. Secrets stay where they
        are, and no keyring is called.

        Args:
            session: Whose token; it has to be exactly what is stored.
            at: What counts as the token's end from now on, in epoch seconds.

        Returns:
            The session as it is stored now; ``None``, having changed nothing, when anybody wrote
            or removed it in between.
        """
        ...

    def pin(self, account_id: str) -> bool:
        """Make an account the default; False when it is not stored (any more)."""
        ...
