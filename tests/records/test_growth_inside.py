"""What a page adds inside the columns of a stream: to objects, flattened or not, and to lists."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.records.infer import COLUMNS, FREE_FORM
from tap_oauth2_generic.settings.limits import MAX_PROPERTIES
from tests.records.test_growth_rules import an_object, grown

INTEGER, STRING = COLUMNS["integer"], COLUMNS["string"]


@pytest.mark.parametrize("variants", [None, {"o": {"n__string": "n"}}])
def test_flattened_object_has_variants_of_its_own(variants):
    inner = {"n": INTEGER, **({"n__string": STRING} if variants else {})}
    page = [{"o": {"n": "x"}}, {"o": {"n": "y"}}, {"o": {"m": 1}}, {"o": None}]
    found, made, said = grown({"o": an_object(**inner)}, *page, variants=variants, levels=1)
    assert found == {"o": an_object(n=INTEGER, n__string=STRING, m=INTEGER)}
    assert made == {"o": {"n__string": "n"}}
    assert said == [
        "'o.n' is of type integer and now has a string; such values go to the column 'n__string'"
    ] * (not variants)


def test_field_of_a_flattened_object_is_named_by_its_path():
    old = {"o": an_object(p=an_object(q=an_object(n=INTEGER)))}
    page = {"o": {"p": {"q": {"n": "x"}}}}
    (notice,) = grown(old, page, levels=3, on_type_change="widen")[2]
    assert notice.startswith("'o.p.q.n' is ")


def test_list_in_a_column_of_objects_or_lists_changes_nothing():
    column = {"type": ["array", "object"], "properties": {"n": INTEGER}}
    for levels in (0, 1):
        grow, _, _ = grown({"a": column}, {"a": [1]}, levels=levels)
        assert grow["a"]["properties"] == {"n": INTEGER}


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({}, an_object(n=STRING, m=INTEGER)),
        ({"new_fields": "ignore"}, an_object(n=STRING)),
        ({"is_inferred": False, "on_type_change": "widen"}, an_object(n=STRING, m=INTEGER)),
        ({"is_inferred": False, "on_type_change": "fail"}, an_object(n=INTEGER, m=INTEGER)),
    ],
)
def test_object_that_is_not_flattened_is_one_column(rules, expected):
    """Its fields may change their types, and get no variants."""
    found = grown({"o": an_object(n=INTEGER)}, {"o": {"n": "x", "m": 1}}, **rules)
    assert found == ({"o": expected}, {}, [])


@pytest.mark.parametrize("column", [{"type": "object"}, FREE_FORM])
def test_object_without_columns_gets_none(column):
    for levels in (0, 1):
        assert grown({"o": column}, {"o": {"n": 1}}, levels=levels) == ({"o": column}, {}, [])


@pytest.mark.parametrize(
    ("levels", "whole"), [(0, ()), (1, ("x",)), (2, ("x", "y"))], ids=["none", "one", "two"]
)
def test_variant_for_objects_is_one_column_with_flattening(levels, whole):
    """Columns of their fields could not keep their types: a variant has no variants inside."""
    page = {"x": {"n": 1}, "o": {"y": {"n": 1}}}
    old = {"x": INTEGER, "o": an_object(y=INTEGER)}
    found, _, _ = grown(old, page, levels=levels)
    made = {"x": found["x__object"]}
    if levels:
        made["y"] = found["o"]["properties"]["y__object"]
    expected = {name: FREE_FORM if name in whole else an_object(n=INTEGER) for name in made}
    assert made == expected


@pytest.mark.parametrize("levels", [0, 1])
def test_list_grows_its_items(levels):
    """Strings hold what other strings are, no other type changes."""
    lists = {"type": ["array", "null"], "items": an_object(n=INTEGER)}
    found = grown({"l": lists}, {"l": [{"m": "x"}, None]}, levels=levels)
    assert found == ({"l": {**lists, "items": an_object(n=INTEGER, m=STRING)}}, {}, [])


@pytest.mark.parametrize(("new", "has_columns"), [({"x": 1}, True), ({"x": 1, "y": 1}, False)])
def test_flattened_object_with_very_many_keys_is_a_map(new, has_columns):
    """The record has as many columns as it wants."""
    many = {str(number): INTEGER for number in range(MAX_PROPERTIES - 1)}
    found, variants, _ = grown({**many, "o": an_object(**many)}, {**new, "o": new}, levels=1)
    assert ("properties" in found["o"]) is has_columns
    assert found.keys() == {*many, *new, "o"}
    assert variants == {}


@pytest.mark.parametrize(
    ("levels", "separator", "field", "name"),
    [
        (1, "__", "string", "o__string_"),
        (1, "__", "text", "o__string"),
        (1, ".", "string", "o__string"),
        (1, "_", "_string", "o__string_"),
        (0, "__", "string", "o__string"),
    ],
)
def test_variant_never_takes_the_name_of_a_flattened_field(levels, separator, field, name):
    old = {"o": an_object(**{field: INTEGER})}
    rules = {"levels": levels, "separator": separator}
    assert grown(old, {"o": "x"}, **rules)[1] == {name: "o"}
