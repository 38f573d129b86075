"""The settings of stream maps: what is reported, and what they say of streams."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.records.stream_maps import check_maps, has_filter, names_after_maps
from tap_oauth2_generic.settings.fields import ErrorCollector

STREAMS = ["items", "owners"]


def checked(**raw):
    """Return the errors and warnings about a configuration."""
    collector = ErrorCollector()
    check_maps(raw, STREAMS, collector)
    return collector.errors, collector.warnings


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"stream_maps": None, "flattening_enabled": None},
        {"stream_maps": {}, "stream_map_config": {}, "faker_config": {}},
        {
            "flattening_enabled": True,
            "flattening_max_depth": 5,
            "flattening_max_key_length": 9,
            "flattening_separator": ".",
        },
        {"stream_maps": {"items": None, "owners": "__NULL__"}},
        {"stream_maps": {"items": {"a": "b", "c": None}, "__else__": None, "__else": 5}},
        {"stream_maps": {"items": {"__key_properties__": ["a"]}, "own*": {}}},
        {"stream_maps": {"copy": {"__source__": "items"}, "all": {"__source__": "*"}}},
    ],
)
def test_settings_that_the_sdk_takes_are_not_reported(raw):
    assert checked(**raw) == ([], [])


@pytest.mark.parametrize(
    ("name", "value", "takes"),
    [
        ("stream_maps", "items", "an object, not a string"),
        ("stream_map_config", [], "an object, not an array"),
        ("faker_config", 5, "an object, not a number"),
        ("flattening_enabled", 1, "true or false, not a number"),
        ("flattening_max_depth", True, "a whole number, not a boolean"),
        ("flattening_max_key_length", "9", "a whole number, not a string"),
        ("flattening_separator", 5, "a string, not a number"),
    ],
)
def test_setting_of_another_type_is_an_error(name, value, takes):
    assert checked(**{name: value}) == ([f"{name}: must be {takes}"], [])


@pytest.mark.parametrize("value", [5, [], {"b": 1}, True])
def test_expression_that_is_no_string_is_an_error(value):
    (error,), _ = checked(stream_maps={"items": {"a": value, "b": "c"}})
    assert error.startswith("stream_maps.items.a: must be a string, an expression, or null, not ")


@pytest.mark.parametrize(
    ("field", "value", "takes"),
    [
        ("a", "", "a string, an expression, or null, not an empty string"),
        ("__filter__", "", "a string, an expression, or null, not an empty string"),
        ("__alias__", None, "a string, not null"),
        ("__alias__", "", "a string, not an empty string"),
        ("__key_properties__", "id", "an array with nothing but strings, or null, not a string"),
        ("__key_properties__", [5], "an array with nothing but strings, or null, not an array"),
        ("__else__", "a", "null, not a string"),
        ("__else__", [], "null, not an array"),
    ],
)
def test_member_that_the_sdk_cannot_use_is_an_error(field, value, takes):
    assert checked(stream_maps={"items": {field: value}})[0] == [
        f"stream_maps.items.{field}: must be {takes}"
    ]


@pytest.mark.parametrize("value", ["drop", [], {}, 5])
def test_rule_for_other_streams_is_null_or_an_error(value):
    (error,), _ = checked(stream_maps={"__else__": value})
    assert error.startswith("stream_maps.__else__: must be null, not ")


def test_source_that_is_no_string_is_an_error():
    errors, _ = checked(stream_maps={"items": {"__source__": None}})
    assert errors == ["stream_maps.items.__source__: must be a string, not null"]


@pytest.mark.parametrize("value", [5, [], "x", ""])
def test_map_that_is_no_object_is_an_error(value):
    (error,), _ = checked(stream_maps={"items": value})
    sentence = "stream_maps.items: must be an object, or null to leave it out, not "
    assert error.startswith(sentence)


@pytest.mark.parametrize(
    ("maps", "warning"),
    [
        ({"itmes": {}}, "itmes: there is no stream 'itmes'; did you mean 'items'?"),
        ({"x": None}, "x: there is no stream 'x'"),
        ({"x*": {}}, "x*: there is no stream 'x*'"),
        ({"items": {"__source__": "x"}}, "items: there is no stream 'x'"),
    ],
)
def test_map_of_no_stream_is_a_warning(maps, warning):
    assert checked(stream_maps=maps) == ([], [f"stream_maps.{warning}"])


@pytest.mark.parametrize(
    ("maps", "filters"),
    [
        (None, False),
        ({}, False),
        ({"items": {"a": "b"}}, False),
        ({"items": None}, False),
        ({"items": "__filter__"}, False),
        ({"items": {"__filter__": "a"}}, True),
        ({"it*": {"__filter__": "a"}}, True),
        ({"owners": {"__filter__": "a"}}, False),
        ({"owners": {"__filter__": "a", "__source__": "items"}}, True),
        ({"items": {"__filter__": "a", "__source__": "owners"}}, False),
        ({"items": {}, "copy": {"__source__": "items", "__filter__": "a"}}, True),
    ],
)
def test_stream_has_a_filter_if_a_map_of_it_has_one(maps, filters):
    assert has_filter({"stream_maps": maps}, "items") is filters
    assert has_filter({}, "items") is False


@pytest.mark.parametrize(
    ("maps", "names"),
    [
        (None, STREAMS),
        ({"items": {"a": "nope *"}}, STREAMS),
        ({"items": None}, STREAMS),
        ({"items": {"__alias__": "things"}}, ["things", "owners"]),
        ({"items": {"__alias__": "owners"}}, ["owners", "owners"]),
        ({"copy": {"__source__": "items", "a": "b"}}, [*STREAMS, "copy"]),
        ({"copy": {"__source__": "*"}}, [*STREAMS, "copy", "copy"]),
    ],
)
def test_names_after_maps_are_those_of_aliases_and_copies(maps, names):
    found = names_after_maps({"stream_maps": maps}, STREAMS)
    assert sorted(found.elements()) == sorted(names)
    assert sorted(names_after_maps({}, STREAMS)) == STREAMS
