"""Inferred schemas: every record of the sample fits, and no value is lost."""

from __future__ import annotations

import json
from collections import defaultdict
from decimal import Decimal

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.records.conform import RecordConformer
from tap_oauth2_generic.records.infer import (
    ANY_VALUE,
    FREE_FORM,
    ONLY_NULLS,
    grow,
    infer,
    settle_items,
    without_nulls,
)
from tap_oauth2_generic.settings.limits import MAX_PROPERTIES

quick = settings(max_examples=150)
EVERYTHING = defaultdict(lambda: True)
AT = "2024-01-01T00:00:00Z"
BOOLEAN = {"type": ["boolean", "null"]}
numbers = st.integers() | st.integers(2**62, 2**66)
numbers |= st.decimals(allow_nan=False, allow_infinity=False)
dates = st.sampled_from(
    ["2024-01-01T00:00:00Z", "2024-01-01 10:00", "2024-01-01", "soon", "12", ""]
)
scalars = st.none() | st.booleans() | numbers | dates
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "c.d"]), inner, max_size=3)
    ),
    max_leaves=6,
)
samples = st.lists(st.dictionaries(st.sampled_from(["x", "y"]), values), min_size=1, max_size=5)
samples |= st.lists(st.fixed_dictionaries({"x": numbers | scalars}), min_size=2, max_size=4)


def conform_to(schema, record):
    conformer = RecordConformer(schema, EVERYTHING, refuses_new_fields=True, checks_formats=True)
    return conformer.conform(record)


def is_kept(value, emitted):
    """Return whether a value is unchanged, or can be read back from a string.

    A field that is null may be left out.
    """
    if isinstance(emitted, str) and not isinstance(value, str):
        return json.loads(emitted, parse_float=Decimal) == value
    if isinstance(value, dict):
        there = {k: v for k, v in value.items() if k in emitted or v is not None}
        return there.keys() == emitted.keys() and all(
            is_kept(v, emitted[k]) for k, v in there.items()
        )
    if isinstance(value, list):
        return len(value) == len(emitted) and all(map(is_kept, value, emitted))
    return type(value) is type(emitted) and value == emitted


@quick
@given(samples)
def test_every_sampled_record_fits(sample):
    """Each conformed record validates against the inferred schema."""
    schema = infer(sample)
    jsonschema.Draft202012Validator.check_schema(schema)
    for record in sample:
        jsonschema.validate(conform_to(schema, record), schema)


@quick
@given(samples)
def test_no_sampled_value_is_lost(sample):
    """Numbers stay exact, strings unchanged; a value that became a string can be read back."""
    schema = infer(sample)
    for record in sample:
        assert is_kept(record, conform_to(schema, record))


@quick
@given(samples, st.randoms(use_true_random=False))
def test_order_of_the_sample_does_not_matter(sample, random):
    """The same records in another order give the same schema."""
    shuffled = list(sample)
    random.shuffle(shuffled)
    assert infer(shuffled) == infer(sample)


@pytest.mark.parametrize(
    "sample",
    [
        [[{}], [False]],
        [[{"b": 1}], ["a"], [2]],
        [{"l": [{}]}, {"l": [1]}],
        [[{"l": [{}]}, {"l": ["a"]}], [{"l": [None]}]],
    ],
)
def test_order_of_lists_of_objects_and_others_does_not_matter(sample):
    records = [{"x": value} for value in sample]
    assert infer(records) == infer(records[::-1])
    assert '"items": {}' not in json.dumps(infer(records))


@quick
@given(st.lists(values, min_size=1))
def test_growing_twice_changes_nothing(found):
    """A schema that has seen a value is not changed by seeing it again."""
    schema = None
    for value in found:
        schema = grow(schema, value)
    again = schema
    for value in found:
        again = grow(again, value)
    assert again == schema


@quick
@given(samples)
def test_columns_are_nullable_and_not_required(sample):
    """Any column may be null or absent, at any depth."""

    def check(schema):
        assert "required" not in schema
        for member in [
            *schema.get("properties", {}).values(),
            *([schema["items"]] if "items" in schema else []),
        ]:
            assert not member or "null" in member["type"]
            check(member)

    check(infer(sample))


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        ([1, None], "integer"),
        ([1, Decimal("1.5")], "number"),
        ([Decimal("1.5"), 1], "number"),
        ([2**63 - 1, -(2**63)], "integer"),
        ([1, 2**63], "number"),
        ([True, False], "boolean"),
        ([True, 1], "string"),
        (["a", 1], "string"),
        ([[1], {"a": 1}], "string"),
        ([{"a": 1}, {"b": 2}], "object"),
        ([[], [1]], "array"),
    ],
)
def test_column_has_the_narrowest_type(found, kind):
    """Numbers widen to number, all other mixtures to string."""
    assert infer([{"x": value} for value in found])["properties"]["x"]["type"] == [kind, "null"]


@pytest.mark.parametrize(
    ("found", "is_timestamp"),
    [
        (["2024-01-01T00:00:00Z", "2024-01-01T00:00:00+02:00", None], True),
        (["2024-01-01T00:00:00Z", "2024-01-01"], False),
        (["2024-01-01T00:00:00Z", ""], False),
        (["2024-01-01T00:00:00Z", 5], False),
        (["2024-01-01"], False),
    ],
)
def test_timestamp_column_holds_only_timestamps(found, is_timestamp):
    """A string column has the format date-time only if every string in it is one."""
    column = infer([{"x": value} for value in found])["properties"]["x"]
    assert column == ({**ANY_VALUE, "format": "date-time"} if is_timestamp else ANY_VALUE)


@pytest.mark.parametrize(
    ("first", "later", "items"),
    [
        (["a"], [1, {"b": 2}, AT], ANY_VALUE),
        ([AT], ["a"], ANY_VALUE),
        ([1], ["a", 1.5, None], {}),
        ([True], [1], {}),
        ([[1]], ["a"], {}),
        ([], ["a"], {}),
        ([None], [1], {}),
        ([{"b": 1}], [{"b": "x", "c": True}], {"b": ANY_VALUE, "c": BOOLEAN}),
        ([{"b": 1}, 5], [{"c": 1}], ANY_VALUE),
    ],
)
def test_items_of_lists_have_a_type_that_can_stay(first, later, items):
    """A loader that makes a typed array column of the items never has to change it."""
    column = infer([{"x": first}])["properties"]["x"]
    grown = settle_items(grow(column, later), column)
    is_object = "b" in items
    assert grown["items"] == ({**FREE_FORM, "properties": items} if is_object else items)
    kept = column["items"].get("type")
    assert kept == grown["items"].get("type")


@pytest.mark.parametrize("later", [5, "a", [1]])
def test_items_lose_their_type_when_others_join_objects(later):
    """Both are JSON in an array column of any loader."""
    column = infer([{"x": [{"b": 1}]}])["properties"]["x"]
    assert settle_items(grow(column, [later]), column)["items"] == {}


def test_field_that_was_only_null_is_no_column():
    """No type is invented for a field without a value, at any depth."""
    schema = infer([{"id": 5, "x": None, "o": {"y": None}, "l": [None], "m": [{"z": None}]}])
    assert schema["properties"]["x"] == ONLY_NULLS
    columns = without_nulls(schema)["properties"]
    assert columns == {
        "id": {"type": ["integer", "null"]},
        "o": {"type": ["object", "null"], "properties": {}},
        "l": {"type": ["array", "null"], "items": {}},
        "m": {
            "type": ["array", "null"],
            "items": {"type": ["object", "null"], "properties": {}},
        },
    }


@pytest.mark.parametrize(
    ("count", "has_columns"), [(MAX_PROPERTIES, True), (MAX_PROPERTIES + 1, False)]
)
def test_object_with_very_many_keys_is_a_map(count, has_columns):
    """An object whose keys are data has no column for each of them."""
    records = [{"x": {str(number): number}} for number in range(count)]
    column = infer(records)["properties"]["x"]
    assert ("properties" in column) is has_columns
    assert column["type"] == ["object", "null"]


def test_nested_values_are_read_once():
    """A record costs as much as it holds, however deep it is nested."""
    looks = []

    class Watched(dict):
        def items(self):
            looks.append(self)
            return super().items()

    def nested(depth):
        return Watched(a=nested(depth - 1)) if depth else 1

    records = [nested(50), nested(50), nested(20)]
    infer(records)
    assert len(looks) == 50 + 50 + 20
