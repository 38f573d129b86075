"""The schema of a stream from run to run: remembered, grown, and never of another type."""

from __future__ import annotations

import json
from decimal import Decimal

import jsonschema
import pytest

from tests.support.paging import PAGINATION

INT, NUM = {"type": ["integer", "null"]}, {"type": ["number", "null"]}
TEXT, FLAG = {"type": ["string", "null"]}, {"type": ["boolean", "null"]}
TIME = {**TEXT, "format": "date-time"}
AT = "2026-03-01T10:00:00Z"


def stream(**settings):
    return {"name": "items", "path": "items", **settings}


class Nights:
    """Runs of one configuration, each continuing from the state of the one before."""

    def __init__(self, api, tap, *streams):
        self._api, self._tap = api, tap
        self.config = api.config(*(streams or [stream()]))
        self.state: dict = {}

    def run(self, rows, *, status=0, **files):
        if rows is not None:
            self._api.serve("/items", rows)
        files |= {"state": self.state} if self.state else {}
        run = self._tap(self.config, **files)
        assert run.status == status, run.errors
        self.state = run.state if run.states else self.state
        return run


@pytest.fixture
def nights(api, tap):
    return lambda *streams: Nights(api, tap, *streams)


def columns(run, name="items"):
    return run.schemas(name)[-1]["properties"]


@pytest.mark.parametrize("known", [{}, {"primary_keys": ["id"]}, {"replication_key": "at"}])
@pytest.mark.parametrize("style", PAGINATION)
def test_stream_without_records_sends_no_schema(paged_api, tap, style, known):
    """No type is invented in a first run that brings nothing, for keys neither."""
    run = tap.ok(paged_api([], style=style).config(**known))
    assert run.schemas() == []
    assert all("schema" not in state["bookmarks"].get("items", {}) for state in run.states)


@pytest.mark.parametrize(
    "settings",
    [
        {"keep": [{"path": "id", "equals": 99}]},
        {"replication_key": "at", "incremental": {"drop_older": True}},
        {"records_path": "typo", "on_missing_records": "warn"},
    ],
)
def test_run_without_records_leaves_the_table_alone(api, nights, settings):
    """A night whose records are all gone sends the remembered schema, or none at all."""
    api.serve("/items", {"rows": [{"id": 5, "at": AT}]})
    first = nights(stream(records_path="rows")).run(None)
    assert columns(first) == {"id": INT, "at": TIME}
    unknown = nights(stream(**{"records_path": "rows", **settings}))
    unknown.config["start_date"] = "2026-04-01T00:00:00Z"
    assert unknown.run(None).schemas() == []
    unknown.state = first.state
    assert columns(unknown.run(None)) == {"id": INT, "at": TIME}


def test_empty_night_keeps_the_remembered_schema(nights):
    """After rows, nothing and rows again, all SCHEMA messages are the same."""
    night = nights(stream(primary_keys=["id"]))
    found = [night.run(rows).schemas() for rows in ([{"id": 1}], [], [{"id": 2}], [])]
    assert found == [found[0]] * 4
    assert found[0][0]["properties"] == {"id": INT}


def test_remembered_schema_takes_no_sample(api, nights):
    """A later run sends only the requests of its sync."""
    night = nights()
    night.run([{"id": 1}])
    assert len(api.requests("/items")) == 2
    night.run([{"id": 1}])
    assert len(api.requests("/items")) == 3


def test_first_page_with_records_is_looked_at_whole(paged_api, tap):
    """If the sample had nothing, the schema fits all records of the first page that has some."""
    parents, rows = [{"id": n} for n in range(60)], [{"n": 1}, {"n": 2.5}, {"m": "x"}]
    pages = paged_api(parents, style="none", path="lists")
    pages.api.routes["/rows"] = lambda seen: rows if seen.query["list"] == "55" else []
    child = {
        "name": "rows",
        "path": "rows",
        "params": {"list": "{parent.list_id}"},
        "parent": {"stream": "lists", "keys": {"list_id": "id"}},
    }
    run = tap.ok(pages.api.config(pages.stream(), child))
    assert run.schemas("rows") == [
        {"type": "object", "properties": {"n": NUM, "m": TEXT, "list_id": INT}}
    ]
    assert [r["list_id"] for r in run.records("rows")] == [55] * 3


SAME = object()
CHANGES = [
    # before, after: the column, its type and its value, SAME if the record stays as it is
    (1, 10.5, "x__number", NUM, Decimal("10.5")),
    (1, 2**64, "x__number", NUM, 2**64),
    (1, 10.0, SAME, INT, 10),
    (1, "7", SAME, INT, 7),
    (1, "007", "x__string", TEXT, "007"),
    (1, "10.5", "x__string", TEXT, "10.5"),
    (1, "abc", "x__string", TEXT, "abc"),
    (1, AT, "x__string", TEXT, AT),
    (1, True, "x__boolean", FLAG, True),
    (1, {"a": 1}, "x__object", {"type": ["object", "null"], "properties": {"a": INT}}, {"a": 1}),
    (1, [1], "x__array", {"type": ["array", "null"], "items": {}}, [1]),
    (1.5, 3, SAME, NUM, 3),
    (1.5, "10.5", SAME, NUM, Decimal("10.5")),
    (1.5, "x", "x__string", TEXT, "x"),
    (True, 1, "x__number", NUM, 1),
    (True, "true", "x__string", TEXT, "true"),
    ("a", 5, SAME, TEXT, "5"),
    ("a", {"b": 1}, SAME, TEXT, '{"b":1}'),
    ("a", AT, SAME, TEXT, AT),
    (AT, "soon", "x__string", TEXT, "soon"),
    (AT, 5, "x__number", NUM, 5),
    ({"a": 1}, "x", "x__string", TEXT, "x"),
    ({"a": 1}, [1], "x__array", {"type": ["array", "null"], "items": {}}, [1]),
    ([1], {"a": 1}, "x__object", {"type": ["object", "null"], "properties": {"a": INT}}, {"a": 1}),
    ([1], 2, "x__number", NUM, 2),
    ([1], ["a", 2.5], SAME, {"type": ["array", "null"], "items": {}}, ["a", Decimal("2.5")]),
    ([], [1], SAME, {"type": ["array", "null"], "items": {}}, [1]),
    (["a"], [1], SAME, {"type": ["array", "null"], "items": TEXT}, ["1"]),
]  # fmt: skip


@pytest.mark.parametrize("within", ["one run", "two runs", "cached catalog", "fresh catalog"])
@pytest.mark.parametrize(("before", "after", "name", "column", "value"), CHANGES)
def test_value_of_another_type_gets_a_column(nights, within, before, after, name, column, value):
    """No column changes its type; a value that does not fit is in `<name>__<type>`."""
    night = nights(stream(schema_sample_size=1))
    rows, later = [{"id": 1, "x": before}], [{"id": 1, "x": before}, {"id": 2, "x": after}]
    catalog = discover(night, rows)
    files = {} if "run" in within else {"catalog": catalog}
    if within != "one run":
        first = columns(night.run(rows, **files))
    if within == "fresh catalog":
        files["catalog"] = discover(night, [{"x": after, "id": 2}])
    run = night.run(later, **files)
    if within == "one run":
        first = {n: c for n, c in columns(run).items() if n != name}
    if name is SAME:
        assert columns(run)["x"] == first["x"] == column
        assert run.records()[-1] == {"id": 2, "x": value}
        assert not run.warnings
        return
    assert columns(run) == {**first, name: column}
    assert run.records()[-1] == {"id": 2, "x": None, name: value}
    assert name not in run.records()[0]
    (warning,) = run.warnings
    assert repr(name) in warning
    again = night.run(later, **files)
    assert (again.warnings, again.schemas()) == ([], run.schemas()[-1:])
    assert again.records() == run.records()


def discover(night, rows):
    night._api.serve("/items", rows)
    return night._tap.ok(night.config, "--discover").output


def test_types_of_one_page_are_joined_in_new_columns(nights):
    """A field that is new on a page gets the type that fits all its values there."""
    night = nights()
    night.run([{"id": 1}])
    run = night.run([{"id": 1, "n": 1}, {"id": 2, "n": 2.5}, {"id": 3, "t": 1}, {"t": "x"}])
    assert len(run.schemas()) == 2
    assert columns(run) == {"id": INT, "n": NUM, "t": TEXT}
    assert [r.get("t") for r in run.records()] == [None, None, "1", "x"]


@pytest.mark.parametrize("where", ["o", "l"])
def test_values_inside_objects_and_lists_are_joined(nights, where):
    """An object or a list is one column: what is inside may change its type."""
    night = nights()
    one, other = ({"a": 1}, {"a": "x", "b": 2}) if where == "o" else ([1], ["x", {"b": 2}])
    night.run([{where: one}])
    run = night.run([{where: one}, {where: other}])
    assert [*columns(run)] == [where]
    for record in run.records():
        jsonschema.validate(record, run.schemas()[-1])


def test_flattened_fields_are_columns(nights):
    """With flattening a field inside an object keeps its type, too."""
    night = nights()
    night.config |= {"flattening_enabled": True, "flattening_max_depth": 1}
    night.run([{"o": {"a": 1, "string": "s"}}])
    run = night.run([{"o": {"a": "x"}}, {"o": "text"}])
    assert columns(run) == {
        "o__a": INT,
        "o__string": TEXT,
        "o__a__string": TEXT,
        "o__string_": TEXT,
    }
    assert run.records() == [{"o__a": None, "o__a__string": "x"}, {"o__string_": "text"}]
    assert night.run([{"o": {"a": "x"}}]).warnings == []


def test_variant_of_a_name_that_is_taken_gets_an_underscore(nights):
    """Fields of the API keep their names; one that comes later gets a column of its own."""
    night = nights()
    night.run([{"x": 1, "x__string": True}])
    run = night.run([{"x": "a", "x__number": 1}, {"x__string": "b"}])
    assert run.records() == [
        {"x": None, "x__string_": "a", "x__number": 1},
        {"x__string": None, "x__string__string": "b"},
    ]
    other = nights()
    other.run([{"x": 1}])
    other.run([{"x": "a"}])
    late = other.run([{"x": "a", "x__string": 5}])
    assert late.records() == [{"x": None, "x__string": "a", "x__string__number": 5}]


@pytest.mark.parametrize(
    ("policy", "status", "types"),
    [(None, 0, INT), ("variant", 0, INT), ("widen", 0, NUM), ("fail", 1, INT)],
)
def test_on_type_change_decides(nights, policy, status, types):
    """Variant keeps the type, widen changes it before the page, fail ends the run."""
    night = nights(stream(**({} if policy is None else {"on_type_change": policy})))
    night.run([{"x": 1}])
    run = night.run([{"x": 1}, {"x": 2.5}], status=status)
    assert columns(run)["x"] == types
    if policy == "fail":
        assert "on_type_change" in run.error_lines[-1]
    if policy == "widen":
        kinds = [m["type"] for m in run.messages if m["type"] != "STATE"]
        assert kinds == ["SCHEMA", "SCHEMA", "RECORD", "RECORD"]
        assert night.run([{"x": 1}]).schemas() == run.schemas()[-1:]


@pytest.mark.parametrize(
    ("settings", "before", "after", "types"),
    [
        ({"primary_keys": ["x"]}, 1, "a", ("integer", "string")),
        ({"primary_keys": ["x"]}, 1, 1.5, ("integer", "number")),
        ({"replication_key": "x"}, AT, "soon", ("date-time", "string")),
        ({"primary_keys": ["x"], "on_type_change": "widen"}, 1, "a", ("integer", "string")),
    ],
)
def test_key_that_changes_its_type_is_an_error(nights, settings, before, after, types):
    """The error names the key, both types and the stream."""
    night = nights(stream(**settings))
    night.run([{"x": before}])
    run = night.run([{"x": before}, {"x": after}], status=1)
    (line,) = run.error_lines
    assert all(part in line for part in ("'items'", "'x'", *types))


@pytest.mark.parametrize(("before", "after"), [(5, "5"), ("5", 5)])
def test_key_written_another_way_is_no_change(nights, before, after):
    """5 and "5" are the same key, in the type that it has."""
    night = nights(stream(primary_keys=["x"]))
    night.run([{"x": before}])
    assert night.run([{"x": after}]).records() == [{"x": before}]


def test_parent_key_that_changes_its_type_is_an_error(api, nights):
    """A child's rows would no longer find their parents."""
    child = {
        "name": "rows", "path": "rows",
        "parent": {"stream": "items", "keys": {"item_id": "id"}},
    }  # fmt: skip
    api.serve("/rows", [{"n": 1}])
    night = nights(stream(), child)
    night.run([{"id": 1}])
    run = night.run([{"id": 1}, {"id": "a"}], status=1)
    assert any("'rows'" in line and "'item_id'" in line for line in run.error_lines)


@pytest.mark.parametrize("action", ["add", "ignore", "fail"])
def test_field_that_was_null_is_new_with_its_first_value(nights, action):
    """A null is no column; under ignore and fail the first value of a field decides."""
    night = nights(stream(new_fields=action))
    first = night.run([{"id": 1, "late": None}])
    assert (columns(first), first.records()) == ({"id": INT}, [{"id": 1}])
    assert night.run([{"id": 1, "late": None}]).records() == [{"id": 1}]
    run = night.run([{"id": 2, "late": 5}], status=int(action == "fail"))
    if action == "fail":
        assert "'late' is new" in run.error_lines[-1]
    else:
        assert run.records() == [{"id": 2, "late": 5} if action == "add" else {"id": 2}]


@pytest.mark.parametrize("catalog", [False, True])
def test_declared_schema_does_not_grow(nights, catalog):
    """A type change ends the run, for a catalog made by hand, too, unless the stream says so."""
    entry = {"tap_stream_id": "items", "schema": {"type": "object", "properties": {"x": INT}}}
    files = {"catalog": {"streams": [entry]}} if catalog else {}
    own = {} if catalog else {"schema": {"properties": {"x": INT}}}
    run = nights(stream(**own)).run([{"x": 1, "y": 2}, {"x": 2.5}], status=1, **files)
    assert "declared type" in run.error_lines[-1]
    assert columns(run) == {"x": INT}
    night = nights(stream(**own, on_type_change="variant"))
    run = night.run([{"x": 1, "y": 2}, {"x": 2.5}], **files)
    assert run.records() == [{"x": 1}, {"x": None, "x__number": Decimal("2.5")}]
    assert night.run([], **files).schemas() == run.schemas()[-1:]
    own |= {"on_type_change": "widen", "new_fields": "add"}
    run = nights(stream(**own)).run([{"x": 1, "y": 2}, {"x": 2.5}], **files)
    assert columns(run) == {"x": NUM, "y": INT}


def test_forgotten_schema_is_not_in_the_state(nights):
    """With remember_schema false each run infers the schema anew."""
    night = nights()
    assert night.run([{"x": 1}]).state["bookmarks"]["items"]["schema"] == {
        "columns": {"x": "integer"}
    }
    night.config["streams"][0]["remember_schema"] = False
    run = night.run([{"x": "a"}])
    assert columns(run) == {"x": TEXT}
    assert "schema" not in run.state["bookmarks"]["items"]


@pytest.mark.parametrize(
    "kept",
    [5, [], {}, {"columns": 5}, {"columns": {"x": "int"}}, {"columns": {"x": [1, 2, 3]}},
     {"columns": {"x": ["schema"]}}, {"columns": {"x": ["schema", {"type": 5}]}},
     {"columns": {"x": "integer"}, "variants": []},
     {"columns": {"x": "integer"}, "variants": {"y": "x"}},
     {"columns": {"x": "integer"}, "variants": {"x": 5}},
     {"columns": {"x": {"y": [["z"]]}}}],
)  # fmt: skip
def test_malformed_memory_is_ignored_with_a_warning(nights, kept):
    """The schema is then inferred as in a first run."""
    night = nights()
    night.state = {"bookmarks": {"items": {"schema": kept}}}
    run = night.run([{"x": "a"}])
    assert columns(run) == {"x": TEXT}
    (warning,) = run.warnings
    assert "remembered schema" in warning


@pytest.mark.parametrize("place", ["partitions", "failure"])
def test_memory_is_written_however_the_run_ends(api, nights, place):
    """A partitioned stream has one schema, and a failed run leaves the one that it sent."""
    more = {"partitions": [{"p": 1}, {"p": "two"}], "replication_key": "id"}
    night = nights(stream(**(more if place == "partitions" else {})))
    if place == "failure":
        api.routes["/items"] = lambda _: [{"id": 1}]
        night.config["streams"].append(stream(name="bad", path="none"))
        night.run(None, status=1)
    else:
        run = night.run([{"id": 1}])
        assert columns(run)["p"] == TEXT
        assert len(run.partitions("items")) == 2
    assert night.state["bookmarks"]["items"]["schema"]["columns"]["id"] == "integer"
    assert len(api.requests("/items")) in (2, 4)
    night.run([{"id": 1}], status=int(place == "failure"))
    assert len(api.requests("/items")) in (3, 6)


def test_empty_catalog_of_discovery_is_filled_by_the_first_records(nights):
    """A cached catalog without columns neither hides records nor invents types."""
    night = nights(stream(primary_keys=["id"]))
    catalog = discover(night, [])
    assert night.run([], catalog=catalog).schemas() == []
    run = night.run([{"id": 1}], catalog=catalog)
    assert (columns(run), run.records()) == ({"id": INT}, [{"id": 1}])


def test_variant_of_a_deselected_column_stays_away(nights):
    """It comes back with its column."""
    night = nights()
    catalog = discover(night, [{"id": 1, "x": 1}])
    night.run([{"id": 1, "x": 1}])
    night.run([{"id": 2, "x": "a"}])
    found = json.loads(catalog)
    for one in found["streams"][0]["metadata"]:
        if one["breadcrumb"] == ["properties", "x"]:
            one["metadata"]["selected"] = False
    run = night.run([{"id": 2, "x": "a"}], catalog=found)
    assert (columns(run), run.records()) == ({"id": INT}, [{"id": 2}])
    assert [*columns(night.run([], catalog=catalog))] == ["id", "x", "x__string"]


def test_new_fields_cost_one_schema_a_page(paged_api, nights):
    """A map with a new key in each record grows once a page, and is free-form beyond 500 keys."""
    rows = [{"id": n, "map": {f"k{n}": n}, "o": {"m": [{f"k{n}": n}]}} for n in range(1500)]
    pages = paged_api(rows, style="page_number", cap=100)
    night = nights(pages.stream(schema_sample_size=1))
    run = night.run(None)
    assert len(run.schemas()) <= 7
    assert columns(run)["map"] == {"type": ["object", "null"]}
    assert run.records() == rows
    assert len(run.warnings) <= 7
    assert len(str(run.state)) * 10 < len(run.output)


def test_many_new_fields_of_one_record_are_one_schema(nights):
    """A thousand new columns are one SCHEMA and one warning."""
    night = nights()
    night.run([{"id": 1}])
    run = night.run([{"id": 1}, {f"c{n}": n for n in range(1000)}])
    assert len(run.schemas()) == 2
    (warning,) = run.warnings
    assert warning.endswith("and 980 more")
    # Each name is in the second SCHEMA, its record and the state.
    assert len(run.output) < 1000 * 120
    assert len(run.errors) < 5000


@pytest.mark.parametrize("nested", [False, True])
def test_ignored_fields_are_one_warning(nights, nested):
    """However many unknown names there are, one warning names twenty of them."""
    unknown = [{f"c{n}": n} for n in range(20_000)]
    rows = [{"id": 1, "o": {}}, *({"o": one} if nested else one for one in unknown)]
    run = nights(stream(schema_sample_size=1, new_fields="ignore")).run(rows)
    (warning,) = run.warnings
    assert "c19' (1 time), others (19,980 times)" in warning
    assert len(run.errors) < 5000
    assert len(run.messages) == len(rows) + len(run.schemas()) + len(run.states)
    assert len(run.schemas()) == 1
    assert len(run.output) < len(rows) * 150


@pytest.mark.parametrize("schema", [None, {"properties": {"x": INT}}])
def test_primary_key_is_never_ignored(nights, schema):
    """A key that the schema lacks is a new column even if new fields are ignored."""
    night = nights(stream(new_fields="ignore", schema=schema))
    assert night.run([{"x": 1}]).records() == [{"x": 1}]
    night.config["streams"][0]["primary_keys"] = ["id"]
    run = night.run([{"x": 2, "id": 7, "y": 3}, {"x": 2, "id": 8}])
    assert run.records() == [{"x": 2, "id": 7}, {"x": 2, "id": 8}]
    assert [one["properties"] for one in run.schemas()][-1] == {"x": INT, "id": INT}


@pytest.mark.parametrize("rows", [[], [{"x": None}]])
@pytest.mark.parametrize("option", [[], ["--test"], ["--test=schema"]])
def test_no_schema_is_without_columns(api, tap, rows, option):
    """A target is told of no table that has no column, in a trial neither."""
    api.serve("/items", rows)
    run = tap.ok(api.config(stream()), *option)
    assert not any('"SCHEMA"' in line or '"RECORD"' in line for line in run.output.splitlines())


def test_state_knows_a_schema_after_its_first_page(paged_api, tap):
    """A run that is killed on a later page has told what the target's table has."""
    pages = paged_api([{"id": 1}, {"id": 2}, {"id": 3, "x": 1}], style="offset", cap=1)
    run = tap.ok(pages.config(schema_sample_size=1))
    kinds = [(m["type"], m.get("value", {}).get("bookmarks")) for m in run.messages]
    assert [kind for kind, found in kinds if found != {}] == [
        *("SCHEMA", "RECORD", "STATE", "RECORD"),
        *("SCHEMA", "RECORD", "STATE"),
    ]


@pytest.mark.parametrize("given", [{"schema": {"properties": {"id": INT}}}, {}])
def test_schema_that_the_state_need_not_learn_sends_no_state(paged_api, tap, given):
    """It is declared, or remembered by the run before; the last STATE follows the records."""
    rows = [{"id": 1}]
    config = paged_api(rows, style="offset", cap=1).config(replication_key="id", **given)
    state = tap.ok(config).state
    rows[:] = [{"id": 2}, {"id": 3}]
    kinds = [message["type"] for message in tap.ok(config, state=state).messages]
    assert kinds == ["STATE", "SCHEMA", "RECORD", "RECORD", "STATE"]


@pytest.mark.parametrize("declared", [INT, {"type": "integer"}])
def test_widened_declared_column_stays_wide_in_later_runs(nights, declared):
    """Else each run would take the target's column back to the declared type, and widen it."""
    own = {"type": "object", "properties": {"x": declared, "o": {"type": "object"}}}
    runs = nights(stream(schema=own, on_type_change="widen"))
    runs.run([{"x": 1, "o": {"a": 1}}])
    assert "schema" not in runs.state["bookmarks"]["items"]
    assert columns(runs.run([{"x": "a"}]))["x"] == TEXT
    later = runs.run([{"x": 2}])
    assert [schema["properties"]["x"] for schema in later.schemas()] == [TEXT]
    assert later.records() == [{"x": "2"}]


DECLARED = {"properties": {"id": {"type": "integer"}}}
TASKS = {
    "name": "tasks",
    "path": "items/{parent.item}/tasks",
    "parent": {"stream": "items", "keys": {"item": "id"}},
}


@pytest.mark.parametrize("rows", [[], [{"id": 1}]])
def test_discovery_marks_the_streams_whose_schema_is_inferred(api, nights, rows):
    """On the stream, never on a column; also without records, and for a child stream."""
    api.serve("/others", rows)
    api.serve("/items/1/tasks", [{"n": 1}])
    given = {"name": "others", "path": "others", "schema": DECLARED}
    night = nights(stream(), TASKS, given, {**TASKS, "name": "given", "schema": DECLARED})
    found = {
        (entry["tap_stream_id"], *one["breadcrumb"]): one["metadata"]
        for entry in json.loads(discover(night, rows))["streams"]
        for one in entry["metadata"]
    }
    name = "tap-oauth2-generic.inferred"
    assert {place for place in found if len(place) == 1} == {
        ("items",), ("tasks",), ("others",), ("given",)
    }  # fmt: skip
    marked = {place: metadata[name] for place, metadata in found.items() if name in metadata}
    assert marked == {("items",): True, ("tasks",): True}
