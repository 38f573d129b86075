"""The step of stream maps, on decoded records and on encoded ones."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from tap_oauth2_generic.errors import RecordError
from tap_oauth2_generic.records.infer import COLUMNS, FREE_FORM
from tap_oauth2_generic.records.pipeline import Slice
from tap_oauth2_generic.records.stream_maps import MapStreams
from tests.records.test_encoded_maps import Case, maps_of

INTEGER, STRING = COLUMNS["integer"], COLUMNS["string"]
OBJECT = {**FREE_FORM, "properties": {"n": INTEGER}}
LISTS = {"type": ["array", "null"], "items": {}}
SCHEMA = {"type": "object", "properties": {"a": INTEGER, "b": STRING, "o": OBJECT, "l": LISTS}}
FLAT = {"flattening_enabled": True, "flattening_max_depth": 1}


def step(maps, schema=SCHEMA, *, encodes=True, **more):
    config = {"stream_maps": maps, **more}
    return MapStreams("items", maps_of(config, schema), config, encodes=encodes)


def applied(record, maps, schema=SCHEMA, **more):
    return step(maps, schema, encodes=False, **more).apply(record, Slice({}))


@pytest.mark.parametrize("encodes", [True, False])
def test_record_goes_to_each_stream_that_keeps_it(encodes):
    """Another program's writer takes it decoded."""
    maps = {"items": {"__filter__": "a > 1"}, "copy": {"__source__": "items", "c": "a"}}
    made = step(maps, encodes=encodes)
    assert made.takes_encoded is encodes
    for number in (1, 2):
        records = [("copy", {"a": number, "c": number}), ("items", {"a": number})][:number]
        emitted = made.apply({"a": number}, Slice({}))
        assert sorted((n, json.loads(r) if encodes else r) for n, r in emitted) == records
        assert all(type(record) is (bytes if encodes else dict) for _, record in emitted)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("nope * 2", "nope * 2. ('nope' is not defined for expression 'nope * 2')"),
        ("int(b)", "ValueError: invalid literal for int() with base 10: 'x'"),
        ("a * 1.5", "'decimal.Decimal' and 'float'; float() makes a decimal a fraction"),
    ],
)  # fmt: skip
def test_expression_that_fails_is_an_error_of_the_stream(expression, said):
    with pytest.raises(RecordError) as caught:
        applied({"a": Decimal("1.5"), "b": "x"}, {"items": {"c": expression}})
    message = str(caught.value)
    assert message.startswith("stream 'items': its stream map failed: ")
    assert message.endswith(said)


@pytest.mark.parametrize(
    ("record", "flattened"),
    [
        ({"a": 1, "o": {"n": 2}}, {"a": 1, "o__n": 2}),
        ({"a": 1, "o": None}, {"a": 1}),
        ({"o": {}}, {}),
        ({"o": {"n": None}}, {"o__n": None}),
    ],
)
def test_flattened_record_has_no_null_without_a_column(record, flattened):
    assert applied(record, {}, **FLAT) == [("items", flattened)]


def test_flattened_record_has_no_value_without_a_column():
    with pytest.raises(RecordError, match=r"stream 'items': the value of 'o' has no column"):
        applied({"a": 1, "o": "secret"}, {}, **FLAT)


def test_flattened_record_may_be_left_out():
    assert applied({"a": 1}, {"items": {"__filter__": "a > 1"}}, **FLAT) == []


def test_record_that_is_not_flattened_keeps_what_a_map_adds():
    assert applied({"a": 1, "z": 5}, {}) == [("items", {"a": 1, "z": 5})]
    assert applied({"o": {"z": 1}}, {"items": {"a": None}}) == [("items", {"o": {"z": 1}})]


ROWS = (
    b'{"data":[{"a":1,"b":"x","o":{"n":1},"l":[1.50]},{"a":2,"b":null,"o":null,"l":null},'
    b'{"a":3,"b":"","o":{},"l":[]}]}'
)
EXPRESSIONS = [
    {}, {"x": "a"}, {"a": None, "x": "b"}, {"x": "a * 2", "b": "self"}, {"b": "str(self) + 'x'"},
    {"a": None, "x": "a * 2"}, {"__filter__": "b"}, {"__filter__": "a > 1", "x": "l"},
    {"__else__": None, "x": "a"}, {"__else__": None, "a": "a", "b": "__NULL__"},
    {"__key_properties__": ["a"], "x": "a * 2"}, {"x": "[a, l]"}, {"o": None},
]  # fmt: skip
WHOLE_RECORD = [{"x": "record['a'] + a"}, {"x": "_['b']"}, {"__filter__": "record.get('b')"}]


@pytest.mark.parametrize("flattening", [{}, FLAT])
@pytest.mark.parametrize("expressions", [*EXPRESSIONS, *WHOLE_RECORD])
def test_encoded_records_are_those_of_the_sdk(expressions, flattening):
    """Those whose expressions may read any field are decoded to flatten them."""
    case = Case({"stream_maps": {"items": expressions}, **flattening}, SCHEMA)
    is_fast = not (flattening and expressions in WHOLE_RECORD)
    assert case.maps.takes_encoded is is_fast
    assert (case.check(ROWS) is not None) is is_fast


@pytest.mark.parametrize("flattening", [{}, FLAT])
def test_field_that_an_expression_looks_into_is_decoded(flattening):
    """By its name, or as ``self``."""
    maps = {"x": "a * 2", "b": "str(self) + 'x'", "l": "self"}
    case = Case({"stream_maps": {"items": maps}, **flattening}, SCHEMA)
    assert case.check(ROWS) is not None


def test_record_that_a_filter_leaves_out_is_not_flattened():
    case = Case({"stream_maps": {"items": {"__filter__": "a == 2"}}, **FLAT}, SCHEMA)
    content = b'{"data":[{"a":1,"o":{"n":1}},{"a":2,"o":{"n":2}},{"a":3}]}'
    assert case.check(content) == [("items", [None, b'{"a":2,"o__n":2}', None])]


def test_options_of_a_map_are_no_expressions():
    maps = {"__alias__": "others", "__else__": None, "__key_properties__": ["a"], "a": "a * 2"}
    case = Case({"stream_maps": {"items": maps}}, SCHEMA)
    assert case.check(b'{"data":[{"a":1,"b":"x"}]}') == [("others", [b'{"a":2}'])]


def test_list_that_a_map_names_is_a_flattened_string():
    """Whether its expression is a name alone or not."""
    case = Case({"stream_maps": {"items": {"__else__": None, "x": "l"}}, **FLAT}, SCHEMA)
    assert case.check(b'{"data":[{"l":[1.50]}]}') == [("items", [b'{"x":"[1.50]"}'])]
    case = Case({"stream_maps": {"items": {"l": "[l]"}}, **FLAT}, SCHEMA)
    assert case.check(b'{"data":[{"l":[1.50]}]}') == [("items", [b'{"l":"[[1.50]]"}'])]


@pytest.mark.parametrize(
    ("expressions", "flattening"),
    [({"x": "10 / (a - 1)"}, {}), ({"x": "o"}, FLAT), ({"o": "a"}, FLAT)],
)
def test_page_is_decoded_for_a_record_that_the_maps_fail_on(expressions, flattening):
    """An expression may fail, and a flattened value may have no column."""
    case = Case({"stream_maps": {"items": expressions}, **flattening}, SCHEMA)
    assert case.maps.takes_encoded
    assert case.check(ROWS) is None


@pytest.mark.parametrize("text", ["null", "7", '"[x"', "[1.50]", '{"z":1}', "{}"])
@pytest.mark.parametrize("column", [{}, {"type": ["array", "object", "string", "integer", "null"]}])
def test_inner_value_of_any_type_is_flattened_as_by_the_sdk(column, text):
    """Whatever the names of the columns before it and after it."""
    inner = {"p": OBJECT, "type": STRING, "x": column, "n": INTEGER}
    schema = {"type": "object", "properties": {"o": {**FREE_FORM, "properties": inner}}}
    content = b'{"data":[{"o":{"p":{"n":1},"type":"t","x":%s,"n":1}}]}' % text.encode()
    config = {**FLAT, "flattening_max_depth": 2}
    assert Case(config, schema, inferred=False).check(content) is not None


@pytest.mark.parametrize("text", ["null", "7", '"x"'])
def test_flattened_value_without_a_column_is_that_of_the_sdk(text):
    """A column that may be an integer or a string has none; the next is as fast as others."""
    either = {"anyOf": [{"type": "integer"}, {"type": "string"}]}
    inner = {"type": "object", "properties": {"x": either, "n": {"type": "integer"}}}
    case = Case(FLAT, {"type": "object", "properties": {"o": inner}}, inferred=False)
    assert case.check(b'{"data":[{"o":{"x":%s}}]}' % text.encode()) is None
    assert case.check(b'{"data":[{"o":{"n":1}}]}') is not None


@pytest.mark.parametrize(
    ("name", "more", "is_fast"),
    [
        ("type", {}, True),
        ("title", {}, True),
        ("properties", {}, True),
        ("title", {"title": "with a type"}, False),
        ("required", {"required": ["type"]}, False),
    ],
)
def test_flattened_field_with_the_name_of_a_keyword_is_that_of_the_sdk(name, more, is_fast):
    """Of some, the SDK takes a part of the schema for that of the field, and fails."""
    schema = {"type": "object", "properties": {"type": STRING, name: STRING}, **more}
    content = f'{{"data":[{{"{name}":"x"}}]}}'.encode()
    assert (Case(FLAT, schema).check(content) is not None) is is_fast
