"""A session as it is written down, and back. The names of its members are frozen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.protocol.errors import StoreCorrupt
from keyturn.protocol.tokens import Account, Endpoints, Session, Slot, clean_token

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENDPOINTS = ("token", "revocation", "userinfo", "ack", "sessions_page")


def to_record(session: Session, earlier: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return ``session`` as a record, keeping members of ``earlier`` that we do not know."""
    account = session.account
    return {
        **(earlier or {}),
        "account": {"id": account.id, "email": account.email, "label": account.label},
        "access_token": session.access_token or None,
        "refresh_token": session.refresh_token,
        "token_type": session.token_type,
        "scope": session.scope,
        "issued_at": session.issued_at,
        "expires_at": session.expires_at,
        # Worked out once, here, so that the hot path compares two numbers and no rule lives twice.
        "refresh_at": session.refresh_at,
        "session_ends_at": session.session_ends_at,
        "session_id": session.session_id,
        "generation": session.generation,
        "endpoints": _endpoints_record(session.endpoints),
        "anonymous": session.anonymous,
        "storage": session.storage,
        "slot": session.slot.user if session.slot else None,
        "fingerprint": session.slot.fingerprint if session.slot else None,
        "revision": session.revision,
    }


def from_record(record: object, *, issuer: str, client_id: str) -> Session:
    """Return the session that ``record`` describes.

    Raises:
        StoreCorrupt: a member is missing or of the wrong kind.
    """
    if not isinstance(record, dict):
        raise StoreCorrupt("A stored session is no record.")
    reader = _Reader(record)
    account = _Reader(reader.mapping("account"))
    slot = _slot(reader)
    access_token = reader.token("access_token")
    if access_token is None and slot is None:
        raise _misread("access_token")
    return Session(
        account=Account(
            id=account.required_text("id"),
            email=account.text("email"),
            label=account.text("label"),
        ),
        issuer=issuer,
        client_id=reader.text("client_id") or client_id,
        access_token=access_token or "",
        refresh_token=reader.token("refresh_token"),
        token_type=reader.text("token_type") or "Bearer",
        scope=reader.text("scope"),
        issued_at=reader.number("issued_at") or 0.0,
        expires_at=reader.number("expires_at"),
        session_ends_at=reader.number("session_ends_at"),
        session_id=reader.text("session_id"),
        generation=reader.integer("generation"),
        endpoints=_endpoints(record.get("endpoints")),
        anonymous=record.get("anonymous") is True,
        storage=reader.text("storage") or "auto",
        revision=reader.integer("revision") or 0,
        slot=slot,
    )


class _Reader:
    """Takes members out of a record, each of the kind it has to be."""

    def __init__(self, record: dict[str, Any]) -> None:
        self._record = record

    def mapping(self, name: str) -> dict[str, Any]:
        value = self._record.get(name)
        if not isinstance(value, dict):
            raise _misread(name)
        return value

    def text(self, name: str) -> str | None:
        value = self._record.get(name)
        if value is not None and not isinstance(value, str):
            raise _misread(name)
        return value

    def required_text(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise _misread(name)
        return value

    def token(self, name: str) -> str | None:
        value = self.text(name)
        if value is not None and clean_token(value) != value:
            raise _misread(name)
        return value

    def number(self, name: str) -> float | None:
        value = self._record.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _misread(name)
        try:
            return float(value)
        except OverflowError:
            raise _misread(name) from None

    def integer(self, name: str) -> int | None:
        value = self._record.get(name)
        if value is not None and type(value) is not int:
            raise _misread(name)
        return value


def _slot(reader: _Reader) -> Slot | None:
    if reader.text("slot") is None:
        return None
    return Slot(user=reader.required_text("slot"), fingerprint=reader.required_text("fingerprint"))


def _endpoints(record: object) -> Endpoints | None:
    if not isinstance(record, dict) or "token" not in record:
        return None
    reader = _Reader(record)
    return Endpoints(
        token=reader.required_text("token"),
        revocation=reader.text("revocation"),
        userinfo=reader.text("userinfo"),
        ack=reader.text("ack"),
        sessions_page=reader.text("sessions_page"),
    )


def _endpoints_record(endpoints: Endpoints | None) -> dict[str, str | None] | None:
    if endpoints is None:
        return None
    return {name: getattr(endpoints, name) for name in _ENDPOINTS}


def _misread(name: str) -> StoreCorrupt:
    # The value is not repeated: it may be a token in the wrong place.
    return StoreCorrupt(f"The stored session has no usable {name!r}.")
