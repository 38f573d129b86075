"""The forms in which an API writes the times of its records and takes bounds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_INDIA = timezone(timedelta(hours=5, minutes=30))


def _units(scale: int) -> Callable[[datetime], int]:
    return lambda at: (at - EPOCH) // timedelta(microseconds=10**6 // scale)


def read_iso(value: str) -> datetime:
    at = datetime.fromisoformat(value.replace("Z", "+00:00"))
    return at if at.tzinfo else at.replace(tzinfo=timezone.utc)


@dataclass(frozen=True)
class KeyType:
    """The ``format`` of the bounds, how records write a time, and how the API reads a bound."""

    format: str
    write: Callable[[datetime], Any]
    read: Callable[[str], datetime]
    column: str = "string"

    @property
    def schema(self) -> dict[str, Any]:
        """Return a schema with ``id`` and a key ``at``."""
        return {"properties": {"id": {"type": "integer"}, "at": {"type": self.column}}}


def _epoch(form: str, scale: int) -> KeyType:
    def read(value: str) -> datetime:
        return EPOCH + timedelta(microseconds=int(value) * 10**6 // scale)

    return KeyType(form, _units(scale), read, "integer")


def _strftime(pattern: str) -> KeyType:
    return KeyType(
        pattern,
        lambda at: at.strftime(pattern),
        lambda value: datetime.strptime(value, pattern).replace(tzinfo=timezone.utc),
    )


KEY_TYPES = {
    "iso": KeyType("iso", lambda at: at.isoformat().replace("+00:00", "Z"), read_iso),
    "iso with an offset": KeyType("iso", lambda at: at.astimezone(_INDIA).isoformat(), read_iso),
    "iso without an offset": KeyType(
        "iso", lambda at: at.replace(tzinfo=None).isoformat(), read_iso
    ),
    "iso with a fraction": KeyType(
        "iso", lambda at: at.isoformat(timespec="milliseconds").replace("+00:00", "Z"), read_iso
    ),
    "date": KeyType(
        "date",
        lambda at: at.date().isoformat(),
        lambda value: datetime.fromisoformat(value).replace(tzinfo=timezone.utc),
    ),
    "epoch": _epoch("epoch", 1),
    "epoch_ms": _epoch("epoch_ms", 10**3),
    "epoch_us": _epoch("epoch_us", 10**6),
    "strftime": _strftime("%d/%m/%Y %H:%M:%S"),
    "number in strftime": KeyType(
        "%Y%m%d", lambda at: int(at.strftime("%Y%m%d")), _strftime("%Y%m%d").read, "integer"
    ),
    "%s%f": KeyType("%s%f", _units(10**6), _epoch("", 10**6).read, "integer"),
}
