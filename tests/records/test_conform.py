"""The conformer keeps selected fields, fits each to its column and loses nothing silently."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.records.conform import RecordConformer
from tap_oauth2_generic.records.fit import SchemaMismatchError

quick = settings(max_examples=100)


def conformer(properties, *, deselected=(), inferred=True, refuses=True, **schema):
    selected = defaultdict(lambda: True, dict.fromkeys(deselected, False))
    whole = {"type": "object", "properties": properties, **schema}
    return RecordConformer(whole, selected, refuses_new_fields=refuses, checks_formats=inferred)


def fit(column, value, *, inferred=True):
    return conformer({"x": column}, inferred=inferred).conform({"x": value})["x"]


def nullable(kind, **more):
    return {"type": [kind, "null"], **more}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("string", "text"),
        ("string", ""),
        ("integer", 2**63 - 1),
        ("number", Decimal("0.1000")),
        ("number", 2**70),
        ("boolean", False),
        ("object", {"any": [1]}),
        ("array", []),
        ("string", None),
    ],
)
def test_fitting_value_is_unchanged(kind, value):
    """A value of its column's type is emitted unchanged, digits and type."""
    emitted = fit(nullable(kind), value)
    assert emitted == value
    assert str(emitted) == str(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5, "5"),
        (Decimal("1.10"), "1.10"),
        (True, "true"),
        ({"a": Decimal("0.1"), "b": None}, '{"a":0.1,"b":null}'),
        (["ä", 12345678901234567890123], '["ä",12345678901234567890123]'),
    ],
)
def test_non_string_in_string_column_becomes_json(value, text):
    """In a string column other values are written as JSON, exact and readable back."""
    assert fit(nullable("string"), value) == text


@quick
@given(st.integers(-(2**63), 2**63 - 1))
def test_number_in_a_string_fits_a_number_column(number):
    """A string that is spelled like a number becomes that number."""
    assert fit(nullable("integer"), str(number)) == number
    assert fit(nullable("number"), str(number)) == number


@pytest.mark.parametrize(
    "value", ["007", "1e5", " 1", "+1", "1_0", "", "x", "-", "1.50x", "NaN", "٣"]
)
@pytest.mark.parametrize("kind", ["integer", "number"])
def test_string_that_would_change_is_no_number(value, kind):
    """A string counts as a number only if writing the number gives the same string."""
    with pytest.raises(SchemaMismatchError):
        fit(nullable(kind), value)


@pytest.mark.parametrize("value", ["1.50", "-0.1", "12345678901234567890.5"])
def test_fraction_in_a_string_is_exact(value):
    """A decimal in a string keeps each digit in a number column."""
    assert str(fit(nullable("number"), value)) == value


def test_fraction_fits_integer_and_number():
    """In a column of types integer and number a decimal in a string is a number."""
    assert fit({"type": ["integer", "number"]}, "1.5", inferred=False) == Decimal("1.5")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("integer", Decimal("1.5")),
        ("integer", True),
        ("number", False),
        ("boolean", 1),
        ("boolean", "true"),
        ("object", []),
        ("array", {}),
        ("integer", {}),
    ],
)
def test_value_of_another_type_is_a_mismatch(kind, value):
    """A value that its column cannot hold is an error with its path, never dropped or changed."""
    with pytest.raises(SchemaMismatchError) as caught:
        fit(nullable(kind), value)
    assert (caught.value.path, caught.value.is_new) == (["x"], False)


@pytest.mark.parametrize(
    "value",
    [
        2**63,
        -(2**63) - 1,
        pytest.param(Decimal("1E+30")),
        pytest.param("9223372036854775808"),
    ],
)
def test_inferred_integer_column_holds_64_bits(value):
    """A number beyond 64 bits does not fit an inferred integer column, however it is written."""
    with pytest.raises(SchemaMismatchError):
        fit(nullable("integer"), value)


def test_declared_column_checks_no_size_or_format():
    """A declared column takes long integers, and strings that do not follow its format."""
    assert fit(nullable("integer"), 2**70, inferred=False) == 2**70
    when = nullable("string", format="date-time")
    assert fit(when, "soon", inferred=False) == "soon"
    assert fit(when, 5, inferred=False) == "5"


@pytest.mark.parametrize("value", ["soon", "2024-01-01", "", 5, {}])
def test_inferred_timestamp_column_holds_only_timestamps(value):
    """Any other value does not fit a column that was inferred from timestamps."""
    when = nullable("string", format="date-time")
    assert fit(when, "2024-01-01T00:00:00Z") == "2024-01-01T00:00:00Z"
    with pytest.raises(SchemaMismatchError):
        fit(when, value)


@pytest.mark.parametrize("column", [{}, {"description": "any"}, {"anyOf": [{"type": "string"}]}])
@pytest.mark.parametrize("value", ["a", 1, None, [1], {"a": Decimal("0.1")}])
def test_column_without_a_type_takes_anything(column, value):
    """Without a declared type a value is emitted unchanged."""
    assert fit(column, value, inferred=False) == value


def test_null_in_a_non_nullable_column_is_left_out():
    """A null in a non-nullable column is left out; in a required one it is a mismatch."""
    column = {"x": {"type": "integer"}}
    assert conformer(column).conform({"x": None}) == {}
    assert fit({"type": "array", "items": {"type": "integer"}}, [1, None]) == [1, None]
    with pytest.raises(SchemaMismatchError):
        conformer(column, required=["x"]).conform({"x": None})


def test_mismatch_has_its_path():
    """The path of a mismatch leads through objects and lists to the field."""
    inner = nullable("object", properties={"n": nullable("integer")})
    with pytest.raises(SchemaMismatchError) as caught:
        fit(nullable("array", items=inner), [{"n": 1}, {"n": "many"}])
    assert caught.value.path == ["x", "[]", "n"]
    assert caught.value.value == "many"


def test_new_field_may_be_refused():
    """A field without a column is a mismatch marked as new, at any depth."""
    nested = conformer({"x": nullable("object", properties={"n": nullable("integer")})})
    with pytest.raises(SchemaMismatchError) as caught:
        nested.conform({"x": {"n": 1, "new": 2}})
    assert (caught.value.path, caught.value.is_new) == (["x", "new"], True)


def test_dropped_new_fields_are_counted():
    """A dropped field without a column is counted by its path."""
    inner = nullable("object", properties={"n": nullable("integer")})
    made = conformer({"x": inner, "l": nullable("array", items=inner)}, refuses=False)
    record = {"x": {"n": 1, "new": 2}, "l": [{"new": 1}, {"new": 1}], "other": 3}
    assert made.conform(record) == {"x": {"n": 1}, "l": [{}, {}]}
    assert made.conform({"other": 4}) == {}
    assert made.dropped == {"x.new": 1, "l.[].new": 2, "other": 2}


def test_deselected_field_is_left_out():
    """A deselected field is not emitted, not counted and never a mismatch."""
    properties = {"a": nullable("integer"), "b": nullable("object", properties={"c": {}, "d": {}})}
    deselected = [("properties", "a"), ("properties", "b", "properties", "c")]
    made = conformer(properties, deselected=deselected)
    assert made.conform({"a": "no number", "b": {"c": 1, "d": 2}}) == {"b": {"d": 2}}
    assert made.dropped == {}


def test_record_is_not_modified():
    """Conforming returns a new record; paging compares the original with the next page."""
    record = {"x": {"n": "5"}, "l": ["5"]}
    inner = nullable("object", properties={"n": nullable("integer")})
    made = conformer({"x": inner, "l": nullable("array", items=nullable("integer"))})
    assert made.conform(record) == {"x": {"n": 5}, "l": [5]}
    assert record == {"x": {"n": "5"}, "l": ["5"]}
