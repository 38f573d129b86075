"""The memory of a stream's columns: short, exact, and refused if it is malformed."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.records.growth import Columns
from tap_oauth2_generic.records.infer import COLUMNS, ONLY_NULLS
from tap_oauth2_generic.records.schema_memory import merge, recall, remember

INTEGER, STRING, FREE = COLUMNS["integer"], COLUMNS["string"], COLUMNS["object"]
LISTS = {"type": ["array", "null"], "items": {}}


def columns(properties, variants=None):
    return Columns({"type": "object", "properties": properties}, variants or {})


@pytest.mark.parametrize(
    ("column", "kept"),
    [
        *((column, name) for name, column in COLUMNS.items()),
        ({**FREE, "properties": {}}, {}),
        ({**FREE, "properties": {"n": INTEGER, "o": FREE}}, {"n": "integer", "o": "object"}),
        (LISTS, []),
        ({**LISTS, "items": STRING}, ["string"]),
        ({**LISTS, "items": {**LISTS, "items": {**FREE, "properties": {}}}}, [[{}]]),
        *(
            (column, ["schema", column])
            for column in (
                {},
                {"type": "integer"},
                {**INTEGER, "minimum": 1},
                {"type": ["integer", "string", "null"]},
                {"type": ["string", "null"], "format": "date"},
                {"type": ["array", "null"]},
                {**LISTS, "items": {"type": "integer"}},
                {**FREE, "properties": {"n": {"type": "integer"}}},
                {"anyOf": [INTEGER]},
            )
        ),
    ],
)
def test_column_is_kept_as_its_type_or_else_as_its_schema(column, kept):
    found = remember(columns({"a": column, "b": STRING}))
    assert found == {"columns": {"a": kept, "b": "string"}}
    assert recall(found) == columns({"a": column, "b": STRING})


def test_fields_that_were_only_null_are_not_kept():
    inner = {**FREE, "properties": {"n": ONLY_NULLS}}
    assert remember(columns({"a": ONLY_NULLS, "o": inner})) == {"columns": {"o": {}}}


def test_variants_are_kept_with_their_fields():
    inner = {**FREE, "properties": {"n": INTEGER, "n__string": STRING}}
    variants = {"a__string": "a", "o": {"n__string": "n"}}
    given = columns({"a": INTEGER, "a__string": STRING, "o": inner}, variants)
    kept = remember(given)
    assert kept["variants"] == variants
    assert recall(kept) == given


@pytest.mark.parametrize(
    "kept",
    [
        None,
        5,
        [],
        {},
        {"columns": ["a"]},
        {"columns": {"a": "text"}},
        {"columns": {"a": 5}},
        {"columns": {"a": {"b": "text"}}},
        {"columns": {"a": ["text"]}},
        {"columns": {"a": ["schema", {"type": 5}]}},
        {"columns": {"a": ["other", {"type": "integer"}]}},
        {"columns": {"a": ["string", "string"]}},
        {"columns": {"a": "string"}, "variants": ["a"]},
        {"columns": {"a": "string"}, "variants": {"b": "a"}},
        {"columns": {"a": "string"}, "variants": {"a": 5}},
        {"columns": {"a": ["schema", {}]}, "variants": {"a": "b"}},
        {"columns": {"a": ["schema", {"type": ["integer", "string"]}]}, "variants": {"a": "b"}},
        {"columns": {"a": "string"}, "variants": {"a": {"b": "c"}}},
        {"columns": {"a": {"b": "string"}}, "variants": {"a": {"c": "b"}}},
        {"columns": {"a": {"b": "string"}}, "variants": {"a": {"b": 5}}},
    ],
)
def test_malformed_memory_is_refused(kept):
    with pytest.raises(ValueError):  # noqa: PT011 - it has no message
        recall(kept)


def test_merged_memories_hold_what_any_of_them_does():
    """Of two columns of a name, the first counts; a malformed memory counts nothing."""
    first = {"columns": {"a": "integer", "b": "string"}, "variants": {"b": "a"}}
    second = {"columns": {"a": "string", "c": "number"}, "variants": {"c": "a"}}
    assert merge([first, {"columns": {"d": "text"}}, second]) == {
        "columns": {"a": "integer", "b": "string", "c": "number"},
        "variants": {"b": "a", "c": "a"},
    }
    assert merge([]) == merge([5]) == {}


@pytest.mark.parametrize(("declared", "is_kept"), [(True, True), (1, False), (False, False)])
def test_merged_memory_is_declared_if_one_of_them_is(declared, is_kept):
    memories = [{"columns": {}}, {"columns": {}, "declared": declared}, {"columns": {}}]
    assert merge(memories).get("declared", False) is is_kept
