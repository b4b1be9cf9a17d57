"""Reading what a server answered, and building what is sent: typed, and only what was given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Final, Literal, NoReturn, TypeAlias
from urllib.parse import quote

from keyturn.protocol.errors import UnexpectedReply

Json: TypeAlias = Any
"""Whatever JSON can say: None, bool, int, float, str, lists and dicts with text keys."""


class Unset(Enum):
    """Stands for an argument that was not given, where ``None`` means something."""

    UNSET = "unset"

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final[Literal[Unset.UNSET]] = Unset.UNSET


def given(**values: object) -> dict[str, Any]:
    """Return the values that were given, ready for a body; moments become milliseconds."""
    return {
        name: millis(value) if isinstance(value, datetime) else value
        for name, value in values.items()
        if value is not UNSET
    }


def present(**values: object) -> dict[str, Any]:
    """Return the values that are not ``None``, for members where the API has no null."""
    return given(**{name: value for name, value in values.items() if value is not None})


def at(*parts: str) -> str:
    """Return the path of ``parts``, each one segment whatever characters an id has.

    Raises:
        ValueError: a part that could not stand in a path: empty, ``.`` or ``..``.
    """
    if any(part in ("", ".", "..") for part in parts):
        raise ValueError("an id is not empty, '.' or '..'")
    return "".join("/" + quote(part, safe="") for part in parts)


def millis(moment: datetime) -> int:
    """Return ``moment`` in milliseconds since 1970.

    Raises:
        ValueError: it has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("give a datetime with a time zone, such as datetime.now(UTC)")
    return (moment - _EPOCH) // timedelta(milliseconds=1)


class Members:
    """The members of a JSON object, read by type. Each reader raises UnexpectedReply."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    @classmethod
    def of(cls, value: object) -> Members:
        """Wrap a JSON value that has to be an object."""
        if not isinstance(value, dict):
            raise UnexpectedReply("The server's answer is not a JSON object.")
        return cls(value)

    def text(self, key: str) -> str:
        """Return a string."""
        value = self._values.get(key)
        return value if isinstance(value, str) else wrong(key)

    def text_or_none(self, key: str) -> str | None:
        """Return a string; ``None`` where it is null or missing."""
        return None if self._values.get(key) is None else self.text(key)

    def flag(self, key: str, *, default: bool | None = None) -> bool:
        """Return a boolean; ``default`` where it is missing."""
        value = self._values.get(key, default)
        return value if isinstance(value, bool) else wrong(key)

    def number(self, key: str) -> int | float:
        """Return a number."""
        value = self._values.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            wrong(key)
        return value

    def integer(self, key: str) -> int:
        """Return a whole number."""
        return int(self.number(key))

    def moment(self, key: str) -> datetime:
        """Return a point in time, from milliseconds or ISO 8601: aware, in UTC."""
        value = self._values.get(key)
        try:
            if isinstance(value, str):
                return datetime.fromisoformat(value).astimezone(UTC)
            return _EPOCH + timedelta(milliseconds=self.number(key))
        except (ValueError, OverflowError):
            wrong(key)

    def moment_or_none(self, key: str) -> datetime | None:
        """Return a point in time; ``None`` where it is null or missing."""
        return None if self._values.get(key) is None else self.moment(key)

    def json(self, key: str) -> Json:
        """Return whatever is there; ``None`` where nothing is."""
        return self._values.get(key)

    def members(self, key: str) -> Members:
        """Return an object."""
        return Members.of(self._values.get(key))

    def members_or_none(self, key: str) -> Members | None:
        """Return an object; ``None`` where it is null or missing."""
        return None if self._values.get(key) is None else self.members(key)

    def items(self, key: str = "items") -> Iterator[Members]:
        """Yield the objects of a list."""
        value = self._values.get(key)
        if not isinstance(value, list):
            wrong(key)
        return map(Members.of, value)

    def as_json(self) -> dict[str, Json]:
        """Return all of them, as they came."""
        return dict(self._values)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def wrong(key: str) -> NoReturn:
    """Say that a member is missing, or is not what it has to be."""
    raise UnexpectedReply(f"The server's answer has no usable {key!r}.")
