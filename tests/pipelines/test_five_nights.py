"""Five nights of inferred streams into tables: full, empty, other types, fewer fields, back.

No column may change its type and no row may be damaged, whatever the API returns in between. One
stream is read in full each night, another one from its bookmark.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
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


@pytest.fixture
def warehouse(request, tmp_path):
    """Each warehouse that has a table per stream, empty."""
    kind = WAREHOUSES[request.param]
    where = request.getfixturevalue("postgres_url") if kind.loader.endswith("postgres") else None
    made = kind(where or tmp_path)
    yield made
    made.close()


@dataclass
class Changes:
    """An API of rows that changed after a time; the rows of each night changed in a month."""

    newest: dict = field(default_factory=dict)
    months: int = 0

    def change(self, rows):
        self.months += 1
        for one in rows:
            at = f"2024-{self.months:02}-{one['id'] % 28 + 1:02}T00:00:00Z"
            self.newest[one["id"]] = {**one, "at": at}

    @property
    def bookmark(self):
        return max((one["at"] for one in self.newest.values()), default=None)

    def __call__(self, seen):
        since = seen.query.get("since", "")
        return [one for one in self.newest.values() if one["at"] > since]


FIVE = list(NIGHTS)
EMPTY_FIRST = ["empty", *NIGHTS]
TYPES_FIRST = ["fewer fields", "other types", "empty", "full"]
CASES = [
    (loader, cached, nights)
    for loader in TABLES
    for cached in ("true", "false")
    for nights in (FIVE, EMPTY_FIRST, TYPES_FIRST)
]
#: Every night, each kind of catalog and each loader once; the other cases are slow.
NIGHTLY = [("target-duckdb", "false", EMPTY_FIRST), ("target-postgres", "true", FIVE)]


@pytest.mark.parametrize(
    ("warehouse", "cached", "nights"),
    [pytest.param(*one, marks=[] if one in NIGHTLY else [pytest.mark.slow]) for one in CASES],
    indirect=["warehouse"],
)
def test_tables_equal_the_api_after_each_night(api, warehouse, loading_project, cached, nights):
    """After each night, every row of a table has the values that the API last sent for it.

    ``cached`` says whether Meltano keeps the catalog of the first night.
    """
    file = loading_project.folder / "meltano.yml"
    text = file.read_text()
    assert f"{CACHED}false" in text
    file.write_text(text.replace(f"{CACHED}false", CACHED + cached))
    events = {"replication_key": "at", "incremental": {"start_param": "since"}}
    streams = [stream("things"), stream("events", **events)]
    loading_project.configure(api.config(*streams))
    things, changes = {}, Changes()
    api.routes["/events"] = changes
    for night in nights:
        served = NIGHTS[night]
        api.routes["/things"] = lambda _seen, served=served: served
        things |= {record["id"]: record for record in served}
        changes.change(served)

        loading_project.run(warehouse.loader)

        check_table(warehouse.rows("things"), things, night)
        check_table(warehouse.rows("events"), changes.newest, night)
        bookmarks = (loading_project.saved_state() or {}).get("bookmarks", {})
        found = bookmarks.get("events", {}).get("replication_key_value")
        assert found == changes.bookmark, night


def stream(name, **settings):
    return {"name": name, "path": name, "primary_keys": ["id"], **settings}


def check_table(loaded, newest, night):
    """Compare the rows of a table with the records that the API sent last."""
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
