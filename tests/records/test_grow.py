"""A schema grown by one value: what joins it, and what it keeps."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tap_oauth2_generic.records.infer import (
    ANY_VALUE,
    COLUMNS,
    FREE_FORM,
    ONLY_NULLS,
    grow,
    infer,
    named_types,
    settle_items,
)
from tap_oauth2_generic.settings.limits import MAX_PROPERTIES

INTEGER = COLUMNS["integer"]
LISTS = {"type": ["array", "null"], "items": INTEGER}


def an_object(**properties):
    return {**FREE_FORM, "properties": properties}


def test_inferred_schema_is_of_an_object():
    assert infer([{"a": 1}]) == {"type": "object", "properties": {"a": INTEGER}}
    assert infer([]) == {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "number", "minimum": 0}, 1),
        ({"type": ["number", "string"]}, 1),
        ({"type": ["integer", "string"]}, "a"),
        ({"type": "string", "format": "date-time"}, "2024-01-01T00:00:00Z"),
        ({"type": "string", "format": "date"}, "soon"),
        ({"type": "string", "maxLength": 5}, "2024-01-01T00:00:00Z"),
        ({"type": "boolean", "title": "b"}, None),
        ({"type": "object"}, {"a": 1}),
        ({"type": "array"}, [1]),
        ({"type": "object", "properties": {"a": {"type": "number"}}}, {"a": 1}),
        ({"type": ["array", "object"], "items": {"type": "number"}, "properties": {}}, [1]),
        (ONLY_NULLS, None),
        ({}, 1),
        ({"type": []}, [1]),
    ],
)
def test_schema_that_fits_a_value_is_kept(schema, value):
    """With all that it says, also where lists and objects are kept without items and fields."""
    grown = grow(schema, value)
    assert {**grown, "type": 0} == {**schema, "type": 0}
    assert named_types(grown) - {"null"} == named_types(schema) - {"null"}


@pytest.mark.parametrize(
    ("schema", "value", "grown"),
    [
        (INTEGER, Decimal("1.5"), COLUMNS["number"]),
        ({"type": ["integer", "boolean"]}, Decimal("1.5"), ANY_VALUE),
        (INTEGER, {}, ANY_VALUE),
        (COLUMNS["date-time"], "soon", ANY_VALUE),
        (COLUMNS["date-time"], 1, ANY_VALUE),
        (an_object(), [1], ANY_VALUE),
        (LISTS, {}, ANY_VALUE),
        (an_object(n=INTEGER), {"n": "a"}, an_object(n=ANY_VALUE)),
        (LISTS, ["a"], {**LISTS, "items": ANY_VALUE}),
    ],
)
def test_schema_that_does_not_fit_a_value_changes_only_if_it_may(schema, value, grown):
    assert grow(schema, value) == grown
    assert grow(schema, value, joins=False) == schema


@pytest.mark.parametrize("nested", [lambda one: one, lambda one: an_object(o=one)])
def test_object_that_adds_nothing_still_notes_nulls(nested):
    """A noted null is no column: it does not become one, as a column does."""
    schema = an_object(n=INTEGER, z=ONLY_NULLS)
    value = {"n": Decimal("1.5"), "z": 1, "new": 1, "null": None}
    if nested(schema) != schema:
        value = {"o": value}
    number, nulls = COLUMNS["number"], ONLY_NULLS
    kept = grow(nested(schema), value, adds=False)
    assert kept == nested(an_object(n=number, z=nulls, null=nulls))
    added = an_object(n=number, z=INTEGER, new=INTEGER, null=nulls)
    assert grow(nested(schema), value) == nested(added)


def test_object_with_very_many_keys_has_no_column_for_each():
    schema = an_object(**{str(number): INTEGER for number in range(MAX_PROPERTIES - 1)})
    assert grow(schema, {"x": 1})["properties"].keys() == {*schema["properties"], "x"}
    assert grow(schema, {"x": 1, "y": 1}) == FREE_FORM


def test_new_object_has_all_its_fields():
    """Whatever the rules for known objects."""
    grown = grow(an_object(o=INTEGER), {"o": {"a": 1}, "p": {"a": 1}}, adds=False, joins=False)
    assert grown == an_object(o=INTEGER)
    grown = grow({**LISTS, "items": ONLY_NULLS}, [{"a": 1}], adds=False, joins=False)
    assert grown["items"] == an_object(a=INTEGER)


@pytest.mark.parametrize("nested", [lambda one: one, lambda one: an_object(o=one)])
def test_lists_that_did_not_grow_keep_the_type_of_their_items(nested):
    """Others lose it, since another type may follow."""
    declared = {"type": "array", "items": {"type": "integer"}}
    old = an_object(l=declared, m=LISTS)
    new = {**old, "properties": {**old["properties"], "k": LISTS}}
    settled = {**old["properties"], "k": {**LISTS, "items": {}}}
    assert settle_items(nested(new), nested(old)) == nested(an_object(**settled))
    assert settle_items(nested(old), {}) == nested(
        an_object(l={"type": "array", "items": {}}, m={**LISTS, "items": {}})
    )


@pytest.mark.parametrize(
    ("schema", "types"),
    [({"type": "a"}, {"a"}), ({"type": ["a", "null"]}, {"a", "null"}), ({}, set()), (True, set())],
)
def test_schema_names_types(schema, types):
    assert named_types(schema) == types
