"""Cells of CSV are values before their column is checked, as the general way has them."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.parsing.extract_records import RecordSettings
from tap_oauth2_generic.parsing.json_list import LARGE_BYTES
from tap_oauth2_generic.parsing.lines import open_table
from tap_oauth2_generic.parsing.page import read_page
from tap_oauth2_generic.parsing.table import TableFormat
from tap_oauth2_generic.records.conform import RecordConformer
from tap_oauth2_generic.records.filters import Keep
from tap_oauth2_generic.records.fit import SchemaMismatchError
from tap_oauth2_generic.records.passthrough import Conform
from tap_oauth2_generic.records.pipeline import Pipeline, Slice
from tap_oauth2_generic.records.steps import Encode
from tap_oauth2_generic.settings.conditions import parse_condition
from tests.parsing.test_archive import zipped
from tests.records.test_passthrough import Selected
from tests.support.server import Reply

PLAIN = ["0", "5", "-1", "10"]
FRACTIONS = ["1.50", "-0.0", "0.000001", "123456789012345678.12345678901234567"]
ODD = [
    "", " 1", "1 ", "+1", "-", "-0", "007", "00", "1.", ".5", "1e3", "1E+3", "1E-7", "0.0000001",
    "0.000000", "0.0000000", "1_000", "1,5", "NaN", "Infinity", "null", "true", "True", "FALSE",
    "yes", "0x1", "\u0661", "1\n", "9" * 18, "9" * 19, "-" + "9" * 19, "1" * 40, "1" * 41,
    "0." + "1" * 17, "0." + "1" * 18, "0." + "1" * 41,
    "1.0", '"', '1"', ",", ":", '"a":"1"', ',"a":"1"', '{"a":"1"}', "\\", '\\"',
]  # fmt: skip
NAMES = ["a", "b", "a.b", "1", '"a', "é"]
TYPES = ["integer", "number", "string", "boolean", "null", "object"]
CELLS = st.sampled_from(PLAIN) | st.sampled_from([*PLAIN, *FRACTIONS]) | st.sampled_from(ODD)


def of(*kinds):
    return {"type": list(kinds)}


TEXT = of("string")


def as_csv(names, rows):
    text = io.StringIO()
    csv.writer(text).writerows([names, *rows])
    return text.getvalue().encode()


def outcome(content, schema, *, keep_encoded, deselected=(), key=None, is_inferred=False):
    """Return whether a page stayed encoded, and its records with the replication values."""
    columns = {("properties", name): False for name in deselected}
    conformer = RecordConformer(
        schema,
        Selected(columns),
        refuses_new_fields=True,
        checks_formats=is_inferred,
        reads_text=not is_inferred,
        keys=[key] if key else [],
    )
    made = Pipeline([], [Conform(conformer, (), key, is_ordered=False), Encode()])
    form = RecordSettings(response_format="csv")
    page = read_page("", 200, {}, content, form, keep_encoded=keep_encoded, types=made.types)
    batch, origin = made(page, Slice({})), Slice({})
    values = [] if key is None else batch.replication_values(key)
    if batch.encoded is not None:
        return True, ([bytes(one) for one in batch.encoded.records], values)
    try:
        return False, ([made.finish(one, origin) for one in batch.records], values)
    except SchemaMismatchError as mismatch:
        return False, mismatch.value


@pytest.mark.parametrize("spelling", [*PLAIN, *FRACTIONS, *ODD])
@pytest.mark.parametrize("kinds", [["integer"], ["number"], ["integer", "number"], ["boolean"]])
def test_each_spelling_is_a_number_on_both_ways(kinds, spelling):
    """Or on none: what is no number in a column that takes only those is an error."""
    content, schema = as_csv("ab", [(spelling, "x")]), {"properties": {"a": of(*kinds), "b": TEXT}}
    _, expected = outcome(content, schema, keep_encoded=False)
    assert outcome(content, schema, keep_encoded=True)[1] == expected


@settings(max_examples=500)
@given(data=st.data())
def test_both_ways_write_the_same_bytes(data):
    names = data.draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))
    kinds = st.sets(st.sampled_from(TYPES), min_size=1).map(lambda some: of(*sorted(some)))
    times = [{**of("string", "null"), "format": name} for name in ("date-time", "date", "uri")]
    columns = (
        st.sampled_from([of("integer"), of("number", "null"), of("string"), {}, *times]) | kinds
    )
    cells = {name: data.draw(st.sampled_from([st.sampled_from(PLAIN), CELLS])) for name in names}
    rows = data.draw(st.lists(st.tuples(*cells.values()), min_size=1, max_size=4))
    case = {
        "schema": {"properties": {name: data.draw(columns) for name in names}},
        "deselected": data.draw(st.sets(st.sampled_from(names), max_size=1)),
        "key": data.draw(st.none() | st.sampled_from(names)),
        "is_inferred": data.draw(st.sampled_from([False, False, False, True])),
    }
    content = as_csv(names, rows)
    _, expected = outcome(content, **case, keep_encoded=False)
    is_fast, found = outcome(content, **case, keep_encoded=True)
    event(f"fast: {is_fast}")
    assert found == expected


NUMBERS = {"properties": {"a": of("integer"), "b": of("number", "null"), "c": TEXT}}


def test_plain_numbers_stay_encoded():
    """In a string, what looks like a field in quotes stays as it is."""
    rows = [(one, two, ',"a":"1"') for one in PLAIN for two in [*PLAIN, *FRACTIONS]]
    is_fast, (records, _) = outcome(as_csv("abc", rows), NUMBERS, keep_encoded=True)
    assert is_fast
    assert records[5] == b'{"a":0,"b":-0.0,"c":",\\"a\\":\\"1\\""}'


@pytest.mark.parametrize("column", [{}, of("object"), of("array", "null"), of("string", "object")])
def test_column_of_another_type_leaves_numbers_encoded(column):
    schema = {"properties": {**NUMBERS["properties"], "c": column, "d": TEXT}}
    is_fast, (records, _) = outcome(as_csv("abd", [("1", "2", "3")]), schema, keep_encoded=True)
    assert is_fast
    assert records == [b'{"a":1,"b":2,"d":"3"}']


def test_replication_value_in_quotes_is_decoded():
    """Its bookmark is what was sent."""
    assert not outcome(as_csv("abc", ["123"]), NUMBERS, keep_encoded=True, key="a")[0]


@pytest.mark.parametrize("wrong", ["1\n2", "x", ""])
def test_one_other_cell_keeps_a_column_in_quotes(wrong):
    """The other columns are numbers, and the record is what the general way makes of it."""
    rows = [("1", "2", "x"), ("3", wrong, "y"), ("4", "5", "z")]
    page = open_table(
        as_csv("abc", rows),
        TableFormat(),
        {"a": frozenset({"integer"}), "b": frozenset({"number"})},
    )
    assert page.members[0] == b'{"a":1,"b":"2","c":"x"}'
    assert page.length == 3


def test_column_that_a_step_reads_keeps_its_quotes():
    """A pattern of ``keep`` sees what was sent."""
    conformer = RecordConformer(
        NUMBERS, Selected({}), refuses_new_fields=True, checks_formats=False
    )
    keep = Keep([parse_condition({"path": "a", "matches": "1"})])
    made = Pipeline([keep], [Conform(conformer, (), None, is_ordered=False), Encode()])
    assert made.is_fast
    assert made.types == {"b": {"number"}}


CELLS_SCHEMA = {
    "properties": {
        "id": of("integer"),
        "amount": of("number", "null"),
        "paid": of("boolean", "null"),
        "at": {**of("string", "null"), "format": "date-time"},
        "day": {**of("string"), "format": "date"},
        "note": of("string", "null"),
        "tags": of("array", "null"),
    }
}
AT = "2024-05-01T00:00:00Z"
TABLE = [
    ("1", "1.50", "TRUE", AT, "2024-05-01", "a", ""),
    ("2", "", "", "", "", "", ""),
    ("3", "7", "0", AT, "2024-05-01", "b", ""),
]
RECORDS = [
    {"amount": Decimal("1.50"), "paid": True, "at": AT, "day": "2024-05-01", "note": "a"},
    {"amount": None, "paid": None, "at": None, "day": "", "note": ""},
    {"amount": 7, "paid": False, "at": AT, "day": "2024-05-01", "note": "b"},
]


def respond(api, form, rows, **more):
    """Serve rows as CSV, large or in an archive too, or as XML; return the configuration."""
    names = [*CELLS_SCHEMA["properties"]]
    content, stream = as_csv(names, rows), {"response_format": "csv"}
    if form == "large":
        content += b"\n" * LARGE_BYTES
    if form == "archive":
        content, stream = zipped({"a.csv": content}), {**stream, "archive_member": "*.csv"}
    if form == "xml":
        made = ["".join(f"<{n}>{v}</{n}>" for n, v in zip(names, row, strict=True)) for row in rows]
        content = f"<r>{''.join(f'<i>{row}</i>' for row in made)}</r>".encode()
        stream = {"response_format": "xml", "records_path": "i"}
    api.serve("/rows", Reply(content))
    return api.config({"name": "rows", "path": "rows", "schema": CELLS_SCHEMA, **stream, **more})


@pytest.mark.parametrize("form", ["csv", "large", "archive"])
def test_cell_is_a_value_of_its_declared_type(api, tap, form):
    """An empty one is null where its column takes null and is no string."""
    records = tap.ok(respond(api, form, TABLE)).records("rows")
    assert records == [{"id": n, **one, "tags": None} for n, one in enumerate(RECORDS, 1)]


def test_text_of_xml_is_a_value_of_its_declared_type(api, tap):
    """Empty elements are null by themselves."""
    records = tap.ok(respond(api, "xml", TABLE)).records("rows")
    assert [(one["amount"], one["paid"]) for one in records] == [
        (one["amount"], one["paid"]) for one in RECORDS
    ]


@pytest.mark.parametrize("form", ["csv", "large", "archive", "xml"])
@pytest.mark.parametrize(
    ("column", "cell"), [("paid", "yes"), ("paid", " true"), ("amount", "1,5"), ("id", "x")]
)
def test_cell_without_a_clear_value_is_one_error(api, tap, form, column, cell):
    place = [*CELLS_SCHEMA["properties"]].index(column)
    rows = [*TABLE, [cell if n == place else value for n, value in enumerate(TABLE[0])]]
    run = tap(respond(api, form, rows))
    assert run.status == 1
    (line,) = run.error_lines
    assert line == (
        f"stream 'rows': a value of type string does not fit the declared type of {column!r}; "
        "widen it in the stream's schema, or set on_type_change"
    )


@pytest.mark.parametrize("form", ["csv", "large", "archive"])
@pytest.mark.parametrize("more", [{"primary_keys": ["amount"]}, {"replication_key": "amount"}])
def test_empty_cell_of_a_key_is_no_null(api, tap, form, more):
    run = tap(respond(api, form, TABLE, **more))
    assert run.status == 1
    assert "does not fit the declared type of 'amount'" in run.errors


def test_wider_column_keeps_the_nulls_of_others(api, tap):
    """An empty cell is no value of another type."""
    rows = [*TABLE, ("4", "n/a", "", "", "", "", "")]
    run = tap.ok(respond(api, "csv", rows, on_type_change="variant"))
    assert run.records("rows")[1]["amount"] is None
    assert run.records("rows")[3]["amount__string"] == "n/a"
    assert run.schemas("rows")[-1]["properties"].keys() == {
        *CELLS_SCHEMA["properties"],
        "amount__string",
    }
