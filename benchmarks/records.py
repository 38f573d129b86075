"""The records that every contender reads, the same in each run, and their schema."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, Final

STREAM: Final = "orders"
PRIMARY_KEY: Final = "id"
REPLICATION_KEY: Final = "updated_at"
#: How many records each owner has.
OWNED: Final = 10

_BEGIN = datetime(2023, 1, 1, 6, 30, tzinfo=timezone.utc)
_NAMES = ("Zoë Müller", "Søren Ågård", "Łucja Dąbrowska", "José Núñez", "王小明", "Ann Smith")
_CITIES = ("Zürich", "København", "Łódź", "São Paulo", "北京", "Leeds")
_NOTES = ("Bitte klingeln, grüß Gott!", "Leave with a neighbour", "Première étage, à gauche", None)
_STATES = ("open", "paid", "packed", "shipped", "returned")


def record(number: int) -> dict[str, Any]:
    """Make a record of about 0.9 KB: nested objects, lists, fractions, nulls, any script."""
    created = _BEGIN + timedelta(minutes=7 * number, milliseconds=number % 1000)
    return {
        "id": number,
        "reference": f"ORD-{number:08d}",
        "state": _STATES[number % 5],
        "created_at": _instant(created),
        "updated_at": _instant(created + timedelta(hours=number % 97)),
        "cancelled_at": _instant(created + timedelta(hours=1)) if number % 11 == 0 else None,
        "total": (number * 7919 % 1_000_000) / 100,
        "tax_rate": (None, 0.19, 0.077, 0.25)[number % 4],
        "currency": ("EUR", "CHF", "DKK")[number % 3],
        "paid": number % 3 != 0,
        "note": _NOTES[number % 4],
        "customer": _customer(number),
        "lines": [_line(number, position) for position in (1, 2)],
        "labels": ["priorité", f"batch-{number % 50}", "export"],
        "warehouse": f"Lagerhaus Süd {number % 7}, Tor {number % 3 + 1}",
        "source": {"channel": "web", "campaign": None, "session": f"{number * 2654435761:016x}"},
    }


def _customer(number: int) -> dict[str, Any]:
    return {
        "id": number % 5000,
        "name": _NAMES[number % 6],
        "email": f"customer{number % 5000}@shop.example",
        "phone": None,
        "address": {
            "street": f"Königsstraße {number % 200}",
            "city": _CITIES[number % 6],
            "postal_code": f"{number % 90000 + 10000}",
            "position": {
                "latitude": 47 + (number * 31 % 100_000) / 1_000_000,
                "longitude": 8 + (number * 17 % 100_000) / 1_000_000,
            },
        },
    }


def _line(number: int, position: int) -> dict[str, Any]:
    return {
        "position": position,
        "sku": f"SKU-{number * position % 9973:05d}",
        "quantity": number % 4 + 1,
        "price": (number * position * 104_729 % 100_000) / 100,
        "discount": 2.5 if number % 5 == 0 else None,
        "attributes": {"colour": "grün", "weight_kg": (number % 300) / 8},
    }


def _instant(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _nullable(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": [kind, "null"], **more}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return _nullable("object", properties=properties)


def _list_of(items: dict[str, Any]) -> dict[str, Any]:
    return _nullable("array", items=items)


_TEXT = _nullable("string")
_NUMBER = _nullable("number")
_INTEGER = _nullable("integer")
_DATE_TIME = _nullable("string", format="date-time")

#: The schema of `record`.
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "id": _INTEGER,
        "reference": _TEXT,
        "state": _TEXT,
        "created_at": _DATE_TIME,
        "updated_at": _DATE_TIME,
        "cancelled_at": _DATE_TIME,
        "total": _NUMBER,
        "tax_rate": _NUMBER,
        "currency": _TEXT,
        "paid": _nullable("boolean"),
        "note": _TEXT,
        "customer": _object(
            id=_INTEGER,
            name=_TEXT,
            email=_TEXT,
            phone=_TEXT,
            address=_object(
                street=_TEXT,
                city=_TEXT,
                postal_code=_TEXT,
                position=_object(latitude=_NUMBER, longitude=_NUMBER),
            ),
        ),
        "lines": _list_of(
            _object(
                position=_INTEGER,
                sku=_TEXT,
                quantity=_INTEGER,
                price=_NUMBER,
                discount=_NUMBER,
                attributes=_object(colour=_TEXT, weight_kg=_NUMBER),
            )
        ),
        "labels": _list_of(_TEXT),
        "warehouse": _TEXT,
        "source": _object(channel=_TEXT, campaign=_TEXT, session=_TEXT),
    },
}
