"""Two nights of thirty streams into PostgreSQL, of which a few fail: the rest arrives all the same.

After each night every table equals the API; where a read failed, nothing of it was deleted.
"""

from __future__ import annotations

import pytest

from tests.pipelines.meltano_project import Project
from tests.pipelines.warehouses import PostgreSQL
from tests.support.paging import PAGINATION, PagedApi
from tests.support.server import Reply

STYLES = [style for style in PAGINATION if style != "none"]
FULL_TABLES = [f"full_{number:02}" for number in range(13)]
INCREMENTAL = [f"incremental_{number:02}" for number in range(12)]
PARTITIONED = ["sales", "stock"]
REGIONS = [f"region {number}" for number in range(40)]
FIRST, SECOND = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"
KEYS = {"lines": ("order", "line")}


def row(number, at=FIRST):
    return {"id": number, "at": at, "name": f"name {number} of {at[:10]}"}


class Api:
    """What the API holds, by stream, and the regions and orders that it fails for."""

    def __init__(self, api) -> None:
        self.api, self.held = api, {}
        self.failing = {"sales": {"region 7", "region 31"}, "stock": {"region 7", "region 31"}}
        self.streams = [*map(self._paged, FULL_TABLES), *map(self._incremental, INCREMENTAL)]
        self.streams += map(self._partitioned, PARTITIONED)
        self._add("forbidden", [])
        api.serve("/forbidden", Reply({"error": "forbidden"}, 403))
        self._add("orders", [{"id": number} for number in range(1, 7)])
        api.routes["/orders"] = lambda _: self.held["orders"]
        # The lines of order 6 cannot be read.
        self._add("lines", [{"order": o, "line": n} for o in range(1, 6) for n in (1, 2)])
        for order in range(1, 6):
            api.routes[f"/orders/{order}/lines"] = self._lines(order)
        for name in ("forbidden", "orders"):
            self.streams.append({"name": name, "path": name, "primary_keys": ["id"]})
        parent = {"stream": "orders", "keys": {"order": "id"}}
        lines = {"name": "lines", "path": "orders/{parent.order}/lines", "parent": parent}
        self.streams.append({**lines, "primary_keys": [*KEYS["lines"]]})

    def _add(self, name, rows):
        self.held[name] = rows

    def _paged(self, name, **settings):
        self._add(name, [row(number) for number in range(1, 26)])
        style = STYLES[len(self.held) % len(STYLES)]
        paged = PagedApi(self.api, self.held[name], style, 10, name)
        return paged.stream(primary_keys=["id"], **settings)

    def _incremental(self, name):
        bounds = {"start_param": "since", "format": "%Y-%m-%dT%H:%M:%SZ"}
        return self._paged(name, replication_key="at", incremental=bounds)

    def _partitioned(self, name):
        rows = [{"id": f"{r} {n}", "region": r, "n": n} for r in REGIONS for n in range(3)]
        self._add(name, rows)
        self.api.routes[f"/{name}"] = lambda seen: self._region(name, seen.query["region"])
        partitions = {"region": REGIONS}
        fixed = {"name": name, "path": name, "primary_keys": ["id"], "partitions": partitions}
        return {**fixed, "params": {"region": "{partition.region}"}}

    def _region(self, name, region):
        if region in self.failing[name]:
            return Reply({"error": "try later"}, 500)
        return [one for one in self.held[name] if one["region"] == region]

    def _lines(self, order):
        return lambda _: [
            {"line": one["line"]} for one in self.held["lines"] if one["order"] == order
        ]

    def reachable(self, name):
        """Return the rows that can be read tonight."""
        failing = self.failing.get(name, set())
        return [one for one in self.held[name] if one.get("region") not in failing]

    def remove(self, name, count):
        """Delete the first rows of a stream."""
        del self.held[name][:count]


@pytest.fixture
def warehouse(postgres_url):
    made = PostgreSQL(postgres_url)
    yield made
    made.close()


def by_key(name, rows):
    return {tuple(one[key] for key in KEYS.get(name, ("id",))): one for one in rows}


def test_nights_with_failures_load_the_rest_and_delete_only_what_is_gone(api, warehouse, tmp_path):
    """A failed stream, partition or child costs its own rows of a night, and no other's."""
    night = Api(api)
    assert len(night.streams) == 30
    folder = tmp_path / "project"
    folder.mkdir()
    project = Project(folder, warehouse.loader)
    project.environment |= warehouse.environment | {"TARGET_POSTGRES_HARD_DELETE": "true"}
    project.configure(api.config(*night.streams, emit_activate_version_messages=True))
    expected = {name: by_key(name, night.reachable(name)) for name in night.held}

    check(project, warehouse, expected, failures=6)

    kept = {"stock": by_key("stock", night.reachable("stock")), "lines": expected["lines"]}
    for name in FULL_TABLES + PARTITIONED + ["orders", "lines"]:
        night.remove(name, 3)
    for name in FULL_TABLES + INCREMENTAL:
        night.held[name] += [row(number, SECOND) for number in range(26, 31)]
    for name in INCREMENTAL:
        night.held[name][0] = row(1, SECOND)
    night.failing["sales"] = set()
    api.seen.clear()
    tonight = {name: by_key(name, night.reachable(name)) for name in night.held}
    # What failed again was not read to its end, so nothing of it is known to be gone.
    expected = {name: kept.get(name, {}) | rows for name, rows in tonight.items()}

    check(project, warehouse, expected, failures=4)

    # Discovery asks without a bookmark, the sync with that of the failed night.
    asked = {one.query.get("since") for one in api.requests(f"/{INCREMENTAL[0]}")}
    assert FIRST in asked, "the bookmark of the first night was lost"


def check(project, warehouse, expected, failures):
    """Run a night, and compare each table with what it has to hold."""
    done = project.meltano("run", "--no-install", "tap-oauth2-generic", warehouse.loader)
    assert done.status == 1, done.log_tail
    assert done.log.count("continuing with the rest") >= failures, done.log_tail
    for name, rows in expected.items():
        loaded = by_key(name, warehouse.rows(name))
        assert loaded.keys() == rows.keys(), name
        for key, one in rows.items():
            assert {field: str(loaded[key][field]) for field in one if field != "at"} == {
                field: str(value) for field, value in one.items() if field != "at"
            }, (name, key)
