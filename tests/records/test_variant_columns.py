"""A value that does not fit its column goes into the variant for its type."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.records.conform import RecordConformer
from tap_oauth2_generic.records.fit import SchemaMismatchError
from tests.records.test_passthrough import Selected

INTEGER, TEXT = {"type": ["integer", "null"]}, {"type": ["string", "null"]}
OBJECT = {"type": ["object", "null"], "properties": {"n": INTEGER}}
COLUMNS = {
    "x": INTEGER, "x__string": TEXT, "x__object": OBJECT, "b": {"type": ["boolean", "null"]},
}  # fmt: skip
VARIANTS = {"x__string": "x", "x__object": "x"}


def conform(record, columns=COLUMNS, variants=VARIANTS, drops=(), **rules):
    made = RecordConformer(
        {"properties": columns},
        Selected(dict.fromkeys(drops, False)),
        variants=variants,
        **{"refuses_new_fields": True, "checks_formats": True, **rules},
    )
    return made.conform(record)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"x": 5}, {"x": 5}),
        ({"x": "5"}, {"x": 5}),
        ({"x": None}, {"x": None}),
        ({"x": "many", "b": True}, {"x": None, "x__string": "many", "b": True}),
        ({"x": {"n": "7"}}, {"x": None, "x__object": {"n": 7}}),
    ],
)
def test_column_has_a_null_where_its_variant_has_the_value(record, expected):
    assert conform(record) == expected


@pytest.mark.parametrize("value", [True, [1]])
def test_value_without_a_variant_does_not_fit(value):
    with pytest.raises(SchemaMismatchError) as caught:
        conform({"x": value})
    assert (caught.value.value, caught.value.is_new, caught.value.path) == (value, False, ["x"])


def test_value_inside_of_the_right_type_does_not_go_to_a_variant():
    """The object fits; what is wrong is inside of it."""
    columns = {"x": OBJECT, "x__object": {"type": ["object", "null"]}}
    with pytest.raises(SchemaMismatchError) as caught:
        conform({"x": {"n": "many"}}, columns, {"x__object": "x"})
    assert (caught.value.value, caught.value.path) == ("many", ["x", "n"])


def test_value_that_does_not_fit_its_variant_either_has_the_path_of_the_field():
    with pytest.raises(SchemaMismatchError) as caught:
        conform({"x": {"n": "many"}})
    assert (caught.value.value, caught.value.path) == ("many", ["x", "n"])


def test_column_that_takes_no_null_is_left_out():
    columns = {"x": {"type": "integer"}, "x__string": TEXT}
    assert conform({"x": "many"}, columns, {"x__string": "x"}) == {"x__string": "many"}


def test_variants_of_a_deselected_column_are_so_too():
    assert conform({"x": "many", "b": None}, drops=[("properties", "x")]) == {"b": None}


@pytest.mark.parametrize("refuses", [True, False])
def test_own_field_with_the_name_of_a_variant_is_new(refuses):
    """A null says nothing."""
    assert conform({"x__string": None, "x": 1}) == {"x": 1}
    if refuses:
        with pytest.raises(SchemaMismatchError) as caught:
            conform({"x__string": "own"})
        assert (caught.value.path, caught.value.is_new) == (["x__string"], True)
    else:
        assert conform({"x__string": "own", "x": "a"}, refuses_new_fields=False) == {
            "x": None, "x__string": "a",
        }  # fmt: skip


def test_variant_may_be_there_before_its_column():
    """Of a field that was only null, or is not in the schema any more."""
    columns = {"x__string": TEXT}
    assert conform({"x": None}, columns, {"x__string": "x"}) == {}
    with pytest.raises(SchemaMismatchError) as caught:
        conform({"x": 5}, columns, {"x__string": "x"})
    assert (caught.value.path, caught.value.is_new) == (["x"], True)
    assert conform({"x": "a"}, columns, {"x__string": "x"}) == {"x__string": "a"}


def test_variants_inside_of_an_object():
    inner = {"type": ["object", "null"], "properties": COLUMNS}
    columns = {"o": inner, "x": INTEGER}
    found = conform({"o": {"x": "many"}, "x": 1}, columns, {"o": VARIANTS})
    assert found == {"o": {"x": None, "x__string": "many"}, "x": 1}
