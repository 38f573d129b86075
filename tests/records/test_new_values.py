"""What the conformer does with fields that have no column so far, or only nulls in it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tap_oauth2_generic.records.conform import OTHERS, RecordConformer
from tap_oauth2_generic.records.fit import SchemaMismatchError
from tap_oauth2_generic.records.infer import ONLY_NULLS
from tests.records.test_passthrough import Selected

INTEGER = {"type": ["integer", "null"]}
OBJECT = {"type": ["object", "null"], "properties": {"n": INTEGER}}


def conformer(properties, *, refuses=True, inferred=True, drops=(), **settings):
    schema, selected = {"properties": properties}, Selected(dict.fromkeys(drops, False))
    rules = {"refuses_new_fields": refuses, "checks_formats": inferred}
    return RecordConformer(schema, selected, **rules, **settings)


def is_new(made, record):
    """Return whether a record is refused for a new field; otherwise it has to fit."""
    try:
        made.conform(record)
    except SchemaMismatchError as mismatch:
        return mismatch.is_new
    return False


NULLS = {"x": ONLY_NULLS}


@pytest.mark.parametrize("refuses", [True, False])
def test_column_of_nulls_is_none_yet(refuses):
    """A value in it is new; a null is left out."""
    made = conformer(NULLS, refuses=refuses)
    assert made.conform({"x": None}) == {}
    assert is_new(made, {"x": 5}) == refuses
    if not refuses:
        assert made.conform({"x": 5}) == {}
        assert made.dropped == {"x": 2}


def test_declared_column_of_nulls_is_one():
    made = conformer(NULLS, inferred=False)
    assert made.conform({"x": None}) == {"x": None}


def test_deselected_field_is_never_new():
    """Inside of an object, too."""
    drops = [("properties", "new"), ("properties", "o", "properties", "new"), ("properties", "x")]
    made = conformer({**NULLS, "o": OBJECT}, drops=drops)
    assert made.conform({"new": 1, "x": 2, "o": {"new": None, "n": 3}}) == {"o": {"n": 3}}
    made = conformer({"o": OBJECT}, drops=drops, refuses=False)
    assert made.conform({"new": 1, "o": {"new": None, "n": 3}}) == {"o": {"n": 3}}
    assert not made.dropped


@pytest.mark.parametrize(
    ("refuses", "inferred", "noted"),
    [(True, True, True), (False, True, True), (True, False, False), (False, False, False)],
)
def test_null_of_a_new_field_is_noted_in_an_inferred_schema(refuses, inferred, noted):
    """Otherwise it is nothing to speak of."""
    made = conformer({}, refuses=refuses, inferred=inferred)
    assert is_new(made, {"x": None}) == noted
    assert not made.dropped


def test_new_key_is_never_dropped():
    """A field inside of an object is no key."""
    made = conformer({"o": OBJECT}, refuses=False, keys=["id"])
    assert is_new(made, {"id": 1})
    assert made.conform({"o": {"id": 1}, "other": 2}) == {"o": {}}
    assert made.dropped == {"o.id": 1, "other": 1}


def test_of_many_dropped_fields_the_first_are_named():
    made = conformer({}, refuses=False)
    for _ in range(2):
        made.conform({f"f{number}": number for number in range(25)})
    assert made.dropped == {**{f"f{number}": 2 for number in range(20)}, OTHERS: 10}


@pytest.mark.parametrize(
    ("column", "inferred", "fits"),
    [
        ({"type": "object"}, True, True),
        ({"type": "object"}, False, True),
        ({"type": "object", "properties": {}}, True, False),
        ({"type": "object", "properties": {}}, False, True),
        (OBJECT, True, False),
        (OBJECT, False, False),
    ],
)
def test_object_without_columns_takes_any_fields(column, inferred, fits):
    """But if it was inferred from an empty object, they are new."""
    made = conformer({"o": column}, inferred=inferred)
    assert is_new(made, {"o": {"new": 1}}) != fits
    if fits:
        assert made.conform({"o": {"new": 1}}) == {"o": {"new": 1}}


def test_field_of_objects_in_a_list_may_be_deselected():
    drops = [("properties", "l", "items", "[]", "properties", "n")]
    made = conformer({"l": {"type": "array", "items": OBJECT}, "n": INTEGER}, drops=drops)
    assert made.conform({"l": [{"n": 1}], "n": 2}) == {"l": [{}], "n": 2}


@pytest.mark.parametrize(
    ("types", "text", "value"),
    [
        ("boolean null", "True", True),
        ("integer null", "", None),
        ("integer null", "5", 5),
        ("number", "1.50", Decimal("1.50")),
        ("string null", "", ""),
        ("boolean string", "true", "true"),
    ],
)
def test_text_stands_for_values_of_its_column(types, text, value):
    made = conformer({"x": {"type": types.split()}}, inferred=False, reads_text=True)
    assert made.conform({"x": text}) == {"x": value}


def test_text_of_a_key_is_no_null():
    """Nor is any text in an array column."""
    columns = {"id": INTEGER, "x": INTEGER, "l": {"type": ["array", "null"]}}
    made = conformer(columns, inferred=False, reads_text=True, keys=["id"])
    assert made.conform({"id": "1", "x": "", "l": ""}) == {"id": 1, "x": None, "l": None}
    for wrong in ({"id": ""}, {"l": "[]"}):
        with pytest.raises(SchemaMismatchError):
            made.conform(wrong)
