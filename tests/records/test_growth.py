"""Grown schemas: for any pages, no column changes its type and no value is lost."""

from __future__ import annotations

import json
from decimal import Decimal

import jsonschema
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.records.conform import RecordConformer
from tap_oauth2_generic.records.fit import SchemaMismatchError
from tap_oauth2_generic.records.growth import Columns, Growth, GrowthRules, new_columns
from tap_oauth2_generic.records.infer import without_nulls
from tap_oauth2_generic.records.schema_memory import recall, remember
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tests.records.test_infer import EVERYTHING, is_kept, values

quick = settings(max_examples=150)
names = st.sampled_from(["x", "y", "x__string", "x__number", "x__string_"])
pages = st.lists(
    st.lists(st.dictionaries(names, values, max_size=4), min_size=1, max_size=4),
    min_size=1,
    max_size=5,
)
RULES = GrowthRules("add", "variant", is_inferred=True)
NOTHING = Columns({"type": "object", "properties": {}})


def write(columns, page, rules=RULES):
    """Return the columns after a page, and its records, as a sync writes them."""
    for attempt in range(2):
        conformer = RecordConformer(
            columns.schema,
            EVERYTHING,
            refuses_new_fields=rules.new_fields != "ignore",
            checks_formats=True,
            variants=columns.variants,
        )
        try:
            return columns, [conformer.conform(record) for record in page]
        except SchemaMismatchError:
            assert not attempt, "a page grows the schema once"
            columns = Growth(rules, EVERYTHING, lambda *_: None, columns).over(page)
    raise AssertionError


def types(columns):
    """Return type and format of each column; what is inside of one may grow."""
    found = without_nulls(columns.schema)["properties"].items()
    return {name: (column["type"], column.get("format")) for name, column in found}


@quick
@given(pages)
def test_no_column_changes_its_type(found):
    """Each SCHEMA has the columns of the one before; each record fits the one before it."""
    columns = NOTHING
    for page in found:
        before = types(columns)
        columns, records = write(columns, page)
        assert before.items() <= types(columns).items()
        schema = without_nulls(columns.schema)
        jsonschema.Draft202012Validator.check_schema(schema)
        for record in records:
            jsonschema.validate(record, schema)
            assert record.keys() <= schema["properties"].keys()


@quick
@given(pages)
@example([[{"x": {"a": 0}}], [{"x": {"a": "12"}}]])
@example([[{"x": [0]}], [{"x": ["12"]}]])
def test_no_value_is_lost(found):
    """Each value is in the column of its field or in one of its variants, and only there."""
    columns = NOTHING
    for page in found:
        columns, records = write(columns, page)
        for given_record, record in zip(page, records, strict=True):
            owned = {}
            for column, value in record.items():
                if value is not None:
                    field = columns.variants.get(column, column)
                    assert field not in owned
                    owned[field] = value
            assert is_kept(given_record, owned) or spelled(given_record) == spelled(owned)


def spelled(value):
    """Return a record with its values as text: a number may come in a string."""
    if isinstance(value, dict):
        return {n: spelled(v) for n, v in value.items() if v is not None}
    return [spelled(v) for v in value] if isinstance(value, list) else str(value)


@quick
@given(pages)
def test_two_runs_are_like_one(found):
    """The memory holds what the columns are: a new run goes on as if it was the same."""
    one = other = NOTHING
    for page in found:
        one, records = write(one, page)
        other = recall(json.loads(encode_json(remember(other)), parse_float=Decimal))
        other, same = write(other, page)
        assert same == records
        assert without_nulls(other.schema) == without_nulls(one.schema)
        assert other.variants == one.variants


@quick
@given(pages)
def test_writing_pages_again_grows_nothing(found):
    """Records that were written fit as they were: the schema and the records are the same."""
    columns = NOTHING
    for page in found:
        columns, records = write(columns, page)
        again, same = write(columns, page)
        assert (again, same) == (columns, records)


@quick
@given(pages)
@example(
    [
        [{"x": [], "y": None, "x__string": None}],
        [{"x": "2024-01-01T00:00:00Z"}],
        [{"x__string_": None}],
    ]
)
def test_ignored_fields_never_become_columns(found):
    """With new_fields ignore only the first page makes columns; variants are no new fields."""
    columns, _ = write(NOTHING, found[0])
    ignoring = GrowthRules("ignore", "variant", is_inferred=True)
    known = {*types(columns)}
    for page in found[1:]:
        columns, _ = write(columns, page, ignoring)
        assert {*types(columns)} - known <= columns.variants.keys()


@pytest.mark.parametrize("flattened", [0, 1, 2])
def test_fields_are_columns_as_deep_as_they_are_flattened(flattened):
    """Deeper ones may change their type."""
    rules = GrowthRules("add", "variant", is_inferred=True, levels=flattened, separator="__")
    columns, _ = write(NOTHING, [{"o": {"p": {"n": 1}}}], rules)
    columns, (record,) = write(columns, [{"o": {"p": {"n": "a"}}}], rules)
    value = {"n": None, "n__string": "a"} if flattened == 2 else {"n": "a"}
    assert record == {"o": {"p": value}}
    columns, (record,) = write(columns, [{"o": {"p": 5}}], rules)
    expected = {"p": None, "p__number": 5} if flattened else {"p": "5"}
    assert record == {"o": expected}


def test_new_columns_are_named_by_their_paths():
    """A field inside an object or a list is new, too."""
    old, _ = write(NOTHING, [{"a": {"b": 1}, "l": [{"m": 1}]}])
    new, _ = write(old, [{"a": {"b": 1, "c": 2}, "l": [{"n": 1}], "x": 1}])
    assert [*new_columns(old.schema, new.schema)] == ["a.c", "l.n", "x"]
