"""What a page adds to the columns of a stream, rule by rule."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tap_oauth2_generic.errors import RecordError
from tap_oauth2_generic.records.growth import Columns, Growth, GrowthRules, new_columns
from tap_oauth2_generic.records.infer import COLUMNS, FREE_FORM, ONLY_NULLS
from tests.records.test_passthrough import Selected

INTEGER, NUMBER, STRING = COLUMNS["integer"], COLUMNS["number"], COLUMNS["string"]
AT = "2024-01-01T00:00:00Z"
DECLARED = {"type": "integer", "minimum": 0}


def an_object(**properties):
    return {**FREE_FORM, "properties": properties}


def grown(old, *page, variants=None, left_out=(), **rules):
    """Return the properties and variants after a page, and what was said."""
    said = []
    rules = {"new_fields": "add", "on_type_change": "variant", "is_inferred": True, **rules}
    growth = Growth(
        GrowthRules(**rules),
        Selected(dict.fromkeys(left_out, False)),
        lambda notice, *values: said.append(notice % values),
        Columns({"type": "object", "title": "kept", "properties": old}, variants or {}),
    )
    columns = growth.over(page)
    assert {**columns.schema, "properties": 0} == {
        "type": "object",
        "title": "kept",
        "properties": 0,
    }
    return columns.schema["properties"], columns.variants, said


@pytest.mark.parametrize("is_inferred", [True, False])
@pytest.mark.parametrize("old", [{}, {"a": ONLY_NULLS}])
def test_new_field_is_of_all_its_values(old, is_inferred):
    page = [{"a": 1}, {"a": Decimal("1.5"), "b": []}, {"a": None, "b": None}]
    lists = {"type": ["array", "null"], "items": {}}
    found = grown(old, *page, is_inferred=is_inferred)
    assert found == ({"a": NUMBER, "b": lists}, {}, [])


def test_null_is_noted_in_an_inferred_schema_only():
    """Inside a new object, too."""
    page = {"a": None, "o": {"n": None}}
    inner = an_object(n=ONLY_NULLS)
    assert grown({}, page, new_fields="ignore")[0] == {"a": ONLY_NULLS}
    assert grown({}, page)[0] == {"a": ONLY_NULLS, "o": inner}
    assert grown({}, page, is_inferred=False)[0] == {"o": an_object()}


@pytest.mark.parametrize("new_fields", ["ignore", "fail"])
def test_new_field_that_is_not_to_be_added_is_not(new_fields):
    """Unless it is a key; a field inside an object is none."""
    old = {"o": an_object()}
    page = {"a": 1, "key": 1, "o": {"key": 1}}
    for levels in (0, 1):
        found = grown(old, page, new_fields=new_fields, keys=["key"], levels=levels)
        assert found == ({**old, "key": INTEGER}, {}, [])


def test_deselected_field_is_not_looked_at():
    left_out = [("properties", "a"), ("properties", "o", "properties", "b")]
    page = {"a": 1, "b": 1, "o": {"a": 1, "b": 1}}
    found = grown({"o": an_object()}, page, left_out=left_out, levels=1)
    assert found[0] == {"b": INTEGER, "o": an_object(a=INTEGER)}


def test_value_that_fits_changes_nothing():
    old = {"a": INTEGER, "b": NUMBER, "c": STRING, "d": {"type": "string"}, "e": {}}
    page = [dict.fromkeys("abcde", 1), {"a": None, "d": None, "e": [5]}]
    assert grown(old, *page) == (old, {}, [])


@pytest.mark.parametrize("is_inferred", [True, False])
def test_value_of_another_type_goes_into_a_variant(is_inferred):
    """One for each type, and said once."""
    page = [{"a": "x"}, {"a": True}, {"a": "y"}, {"a": [1]}, {"a": [2]}]
    found, variants, said = grown({"a": INTEGER}, *page, is_inferred=is_inferred)
    lists = {"type": ["array", "null"], "items": STRING}
    assert found == {
        "a": INTEGER,
        "a__string": STRING,
        "a__boolean": COLUMNS["boolean"],
        "a__array": {**lists, "items": {}},
    }
    assert variants == dict.fromkeys(["a__string", "a__boolean", "a__array"], "a")
    assert said == [
        f"'a' is of type integer and now has a {kind}; such values go to the column 'a__{kind}'"
        for kind in ("string", "boolean", "array")
    ]


def test_variant_holds_all_values_of_its_type():
    """Of numbers with a fraction and of strings that are no times, too."""
    old = {"a": COLUMNS["boolean"], "b": COLUMNS["date-time"]}
    found, variants, _ = grown(old, {"a": 1, "b": "soon"}, {"a": AT, "b": AT})
    assert {**found, **old} == found
    assert {n: found[n] for n in variants} == {
        "a__number": NUMBER,
        "a__string": STRING,
        "b__string": STRING,
    }


@pytest.mark.parametrize("levels", [0, 1])
def test_known_variant_takes_values_in_silence(levels):
    """One that is an object gets the new fields."""
    old = {"a": INTEGER, "s": STRING, "v": an_object(n=INTEGER)}
    variants = {"s": "a", "v": "a"}
    page = [{"a": "x"}, {"a": {"n": 1, "m": "x"}}]
    found = grown(old, *page, variants=variants, levels=levels)
    assert found == ({**old, "v": an_object(n=INTEGER, m=STRING)}, variants, [])


@pytest.mark.parametrize("is_inferred", [True, False])
def test_new_variant_holds_all_objects_of_its_page(is_inferred):
    """Whatever the rule for new fields; later objects keep to it."""
    page = [{"a": {"n": 1, "z": None}}, {"a": {"m": 1}}]
    rules = {"new_fields": "ignore", "is_inferred": is_inferred}
    found, variants, _ = grown({"a": INTEGER}, *page, **rules)
    nulls = {"z": ONLY_NULLS} if is_inferred else {}
    made = {"a": INTEGER, "a__object": an_object(n=INTEGER, m=INTEGER, **nulls)}
    assert (found, variants) == (made, {"a__object": "a"})
    assert grown(found, {"a": {"x": 1}}, variants=variants, **rules) == (made, variants, [])


@pytest.mark.parametrize("others", [{"a__string": 1}, {"a__string": None, "a__string_": None}])
def test_variant_never_takes_the_name_of_a_field(others):
    """Nor of one that only another record of the page has."""
    name = "a__string" + "_" * len(others)
    for old, page in (({}, [{"a": "x"}, others]), (dict.fromkeys(others, INTEGER), [{"a": "x"}])):
        found, variants, _ = grown({"a": INTEGER, **old}, *page)
        assert variants == {name: "a"}
        assert found[name] == STRING


@pytest.mark.parametrize(("new_fields", "is_added"), [("add", True), ("ignore", False)])
def test_field_with_the_name_of_a_variant_is_a_new_field(new_fields, is_added):
    """It gets a variant of its own."""
    old, variants = {"a": INTEGER, "a__string": STRING}, {"a__string": "a"}
    page = [{"a__string": None}, {"a__string": "x"}]
    found = grown(old, *page, variants=variants, new_fields=new_fields)
    if is_added:
        old, variants = ({**one, "a__string__string": x} for one, x in (
            (old, STRING), (variants, "a__string"),
        ))  # fmt: skip
    assert found == (old, variants, [])


@pytest.mark.parametrize(
    ("column", "value", "wider", "types"),
    [
        (INTEGER, Decimal("1.5"), NUMBER, "integer and now has a number"),
        (INTEGER, "x", STRING, "integer and now has a string"),
        (COLUMNS["date-time"], "soon", STRING, "date-time and now has a string"),
        ({"type": ["integer", "boolean"]}, "x", STRING, "boolean or integer and now has a string"),
    ],
)
def test_widened_column_takes_the_value(column, value, wider, types):
    """It is said once for all values that need the same type."""
    found = grown({"a": column}, {"a": value}, {"a": value}, on_type_change="widen")
    assert found == ({"a": wider}, {}, [f"'a' is of type {types}; widening its column"])


def test_value_of_another_type_is_refused_by_the_records_if_it_fails():
    old = {"a": INTEGER, "b": COLUMNS["boolean"]}
    for is_inferred in (True, False):
        found = grown(old, {"a": "x", "b": 1}, on_type_change="fail", is_inferred=is_inferred)
        assert found == (old, {}, [])


@pytest.mark.parametrize("on_type_change", ["variant", "widen"])
def test_key_never_changes_its_type(on_type_change):
    """A field of its name inside an object may."""
    old = {"key": COLUMNS["date-time"], "o": an_object(key=INTEGER)}
    rules = {"keys": ["key"], "levels": 1, "on_type_change": on_type_change}
    with pytest.raises(RecordError, match=r"the key 'key' is of type date-time, and now has a nu"):
        grown(old, {"key": 5}, **rules)
    assert len(grown(old, {"o": {"key": "x"}}, **rules)[2]) == 1


def test_cell_of_text_fits_what_it_stands_for():
    """An empty one is null, except for a key."""
    old = {"a": COLUMNS["boolean"], "key": COLUMNS["boolean"]}
    page = {"a": "", "key": "true"}
    assert grown(old, page, keys=["key"], reads_text=True) == (old, {}, [])
    assert grown(old, page)[1] == {"a__string": "a", "key__string": "key"}
    with pytest.raises(RecordError):
        grown(old, {"key": ""}, keys=["key"], reads_text=True)


def test_declared_columns_stay_as_they_are():
    """Whatever joins them."""
    lists = {"type": "array", "items": DECLARED}
    old = {"a": DECLARED, "l": lists, "o": {"type": "object", "properties": {"l": lists}}}
    page = {"b": 1, "l": [1], "o": {"l": [1], "m": 1}}
    found = grown(old, page, is_inferred=False)[0]
    assert found["o"]["properties"] == {"l": lists, "m": INTEGER}
    assert {**found, "o": old["o"]} == {**old, "b": INTEGER}


def test_new_columns_of_lists_without_items_are_named():
    old = {"properties": {"l": {"type": "array"}, "o": {"type": "object"}}}
    lists = {"type": "array", "items": {"properties": {"n": INTEGER}}}
    new = {"properties": {"l": lists, "o": an_object(m=INTEGER), "p": {}}}
    assert [*new_columns(old, new)] == ["l.n", "o.m", "p"]
    assert [*new_columns({}, new)] == ["l", "o", "p"]
    assert [*new_columns(new, new)] == []
