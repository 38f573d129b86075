"""Contexts of a stream: its partitions, and the values of each run."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.replication.partitions import ContextSettings
from tap_oauth2_generic.settings.fields import ErrorCollector, read
from tests.support.settings import valid_settings

PARENT = {"stream": "lists", "keys": {"list_id": "id"}}


@pytest.mark.parametrize(
    ("raw", "partitions"),
    [
        ([{"a": 1, "b": "x"}], ({"a": 1, "b": "x"},)),
        (({"a": 1}, {"a": True}, {"a": "1"}), ({"a": 1}, {"a": True}, {"a": "1"})),
        ({"a": [1, 2], "b": ("x",)}, ({"a": 1, "b": "x"}, {"a": 2, "b": "x"})),
    ],
)
def test_partitions_are_distinct_flat_objects(raw, partitions):
    assert valid_settings(ContextSettings, {"partitions": raw}).partitions == partitions


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("a", "must be an array of objects or an object of arrays, not a string"),
        ({"a": [1], "b": "x"}, "'b' must be an array of values, not a string"),
        ({"a": {"b": 1}}, "'a' must be an array of values, not an object"),
        ({"a": []}, "has no partition, so nothing would be read"),
        ([], "has no partition, so nothing would be read"),
        ([1], "[0] must be an object with the same fields as the others"),
        ([{}], "[0] must be an object with the same fields as the others"),
        ([{"a": 1}, {"a": 1, "b": 2}], "[1] must be an object with the same fields as the others"),
        ([{"a": 1}, {"a": [1]}], "[1] takes strings, numbers and booleans as values"),
        ([{"a": {}}], "[0] takes strings, numbers and booleans as values"),
        ([{"a": 1, "b": None}], "[0] takes strings, numbers and booleans as values"),
        ([{"a": 1, "b": 2}, {"b": 2, "a": 1}], "[1] appears twice"),
        ({"a": [1, 2, 1]}, "[2] appears twice"),
    ],
)
def test_other_partitions_are_one_error(raw, said):
    collector = ErrorCollector()
    read(ContextSettings, {"partitions": raw}, collector)
    (error,) = collector.errors
    assert error.endswith(said)


def test_values_of_a_context_are_those_of_the_parent_and_of_the_partition():
    both = valid_settings(ContextSettings, {"parent": PARENT, "partitions": [{"kind": "a"}]})
    assert both.contradictions() == []
    context = {"list_id": 7, "kind": "a"}
    assert both.scope(context) == {"parent": {"list_id": 7}, "partition": {"kind": "a"}}
    none = ContextSettings()
    assert none.contradictions() == []
    assert none.scope(context) == {"parent": {}, "partition": context}


def test_name_of_a_parent_key_and_of_a_partition_field_is_a_contradiction():
    raw = {"parent": {**PARENT, "keys": {"b": "id", "a": "id"}}, "partitions": {"a": [1], "b": [1]}}
    collector = ErrorCollector()
    read(ContextSettings, raw, collector)
    ending = " is both a parent key and a partition field"
    assert [error.removesuffix(ending) for error in collector.errors] == ["'a'", "'b'"]
