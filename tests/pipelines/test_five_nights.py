"""Five nights of one inferred stream into a table: full, empty, other types, fewer fields, back.

No column may change its type and no row may be damaged, whatever the API returns in between.
"""

from __future__ import annotations

import json
import math
from decimal import Decimal

import pytest

from tests.pipelines.conftest import WAREHOUSES
from tests.pipelines.warehouses import decode

CACHED = "use_cached_catalog: "
VARIANTS = ("", "__number", "__string", "__boolean", "__object", "__array")
COLUMNS = ("id", "name", "amount", "at", "flag", "tags", "place")
#: Loaders that keep one row per key, in columns of a type.
TABLES = [name for name, kind in WAREHOUSES.items() if not kind.keeps_versions]


def row(number, **changes):
    return {
        "id": number,
        "name": f"name {number}",
        "amount": number,
        "at": f"2026-01-{number % 28 + 1:02}T00:00:00Z",
        "flag": number % 2 == 0,
        "tags": [number, number + 1],
        "place": {"city": "Ulm", "zip": number},
    } | changes


def other_types(number):
    """Return a row whose values do not fit the columns of the first night."""
    amount = number + 0.5 if number % 2 else "n/a"
    tags = ["text"] if number % 2 else {"first": number}
    return row(number, amount=amount, at="soon", flag="maybe", tags=tags, place=[number])


def fewer_fields(number):
    return {"id": number, "flag": None, "place": {"city": "Ulm"}}


NIGHTS = {
    "full": [row(number) for number in range(1, 31)],
    "empty": [],
    "other types": [other_types(number) for number in range(1, 16)],
    "fewer fields": [fewer_fields(number) for number in range(11, 36)],
    "back": [row(number) for number in range(1, 41)],
}


@pytest.fixture(params=TABLES)
def warehouse(request, tmp_path):
    """Each warehouse that has a table per stream, empty."""
    kind = WAREHOUSES[request.param]
    where = request.getfixturevalue("postgres_url") if kind.loader.endswith("postgres") else None
    made = kind(where or tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("cached", "nights"),
    [
        ("true", list(NIGHTS)),
        ("false", list(NIGHTS)),
        ("true", ["empty", *NIGHTS]),
        ("false", ["fewer fields", "other types", "empty", "full"]),
    ],
    ids=["cached catalog", "fresh catalog", "empty first", "types change first"],
)
def test_table_equals_the_api_after_each_night(api, warehouse, loading_project, cached, nights):
    """After each night, every row of the table has the values that the API last sent for it.

    ``cached`` says whether Meltano keeps the catalog of the first night.
    """
    file = loading_project.folder / "meltano.yml"
    text = file.read_text()
    assert f"{CACHED}false" in text
    file.write_text(text.replace(f"{CACHED}false", CACHED + cached))
    stream = {"name": "things", "path": "things", "primary_keys": ["id"]}
    loading_project.configure(api.config(stream))
    newest = {}
    for night in nights:
        served = NIGHTS[night]
        api.routes["/things"] = lambda _seen, served=served: served
        newest |= {record["id"]: record for record in served}

        loading_project.run(warehouse.loader)

        loaded = warehouse.rows("things")
        assert len(loaded) == len(newest), night
        assert sorted(row["id"] for row in loaded) == sorted(newest), night
        for found in loaded:
            check_row(found, newest[found["id"]], night)


def check_row(found, expected, night):
    """Compare a row with the record, whichever variant of a column holds each value."""
    columns = {name.lower(): value for name, value in found.items()}
    for name in COLUMNS:
        held = [columns.get(f"{name}{variant}") for variant in VARIANTS]
        held = [value for value in held if value is not None]
        where = (night, expected["id"], name, held)
        if expected.get(name) is None:
            assert not held, where
        else:
            assert len(held) == 1, where
            assert is_same(held[0], expected[name]), where


def is_same(held, sent):
    """Return whether a loaded value is the one sent, in whatever type its loader returns it.

    A string column holds other values as JSON.
    """
    if isinstance(sent, dict | list):
        return decode(held) == sent
    if isinstance(sent, str):
        return str(held).replace(" ", "T")[:10] == sent.replace(" ", "T")[:10]
    if isinstance(sent, bool):
        return held is sent or held == json.dumps(sent)
    return not isinstance(held, bool) and math.isclose(Decimal(held), sent)
