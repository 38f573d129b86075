"""The types of encoded records take what the conformer would leave as it is, and nothing else."""

from __future__ import annotations

import msgspec
import pytest

from tap_oauth2_generic.records.infer import COLUMNS, ONLY_NULLS
from tap_oauth2_generic.records.msgspec_types import ColumnTypes
from tests.records.test_passthrough import Selected

INTEGER, STRING = COLUMNS["integer"], COLUMNS["string"]
OBJECT = {"type": ["object", "null"], "properties": {"x": INTEGER, "y": STRING}}
LISTS = {"type": ["array", "null"], "items": OBJECT}
Y_OF_A = ("properties", "a", "properties", "y")
Y_IN_A = ("properties", "a", "items", "[]", "properties", "y")


def types(columns, *left_out, inferred=True, keys=()):
    selected = Selected(dict.fromkeys(left_out, False))
    return ColumnTypes(selected, inferred, keys).of_object(columns)


def fits(text, kind):
    try:
        msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    ("schema", "fitting", "others"),
    [
        (INTEGER, ["1", "null", str(2**63 - 1), str(-(2**63))],
         ["1.5", '"1"', "true", str(2**63), str(-(2**63) - 1)]),
        (COLUMNS["number"], ["1", "1.5", str(2**63), "null"], ['"1"', "true"]),
        ({"type": ["integer", "number"]}, ["1", str(2**63), "1.5"], ["null"]),
        (COLUMNS["boolean"], ["true", "null"], ["0", '"true"']),
        (STRING, ['"a"', "null"], ["1", "{}", "[]"]),
        (COLUMNS["date-time"], ['"2024-01-01T00:00:00Z"', "null"], ['"soon"']),
        ({"type": "string", "format": "date"}, ['"soon"'], ["null"]),
        (ONLY_NULLS, ["null"], ["1", '""']),
        (OBJECT, ["{}", '{"x":1}', '{"y":null}', "null"], ['{"x":"1"}', '{"z":1}', "[]"]),
        ({"type": "object", "properties": {}}, ["{}"], ['{"z":1}', "null"]),
        (COLUMNS["object"], ['{"z":[1]}', "null"], ["[]", "1"]),
        (LISTS, ["[]", '[{"x":1},null]', "null"], ["{}", '[{"x":"1"}]', "[5]"]),
        ({"type": "array", "items": {}}, ['[1,"a",null]'], ["{}", "null"]),
        ({"type": ["array", "null"]}, ['[1,"a",null]', "null"], ["{}"]),
        ({"type": ["integer", "string"]}, ["1", '"a"'], ["null", "true"]),
        ({}, ["1", "null", "[{}]"], []),
    ],
)  # fmt: skip
def test_inferred_column_takes_only_values_that_stay_as_they_are(schema, fitting, others):
    kind, parts = types({"a": schema})
    assert (parts is None) is (schema != ONLY_NULLS)
    for text in fitting:
        assert fits(f'{{"a":{text}}}', kind), text
    for text in others:
        assert not fits(f'{{"a":{text}}}', kind), text
    assert fits("{}", kind)
    assert not fits('{"b":1}', kind)


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        (INTEGER, str(2**63)),
        (COLUMNS["date-time"], '"soon"'),
        ({"type": "object", "properties": {}}, '{"z":1}'),
        ({"type": "object"}, '{"z":1}'),
    ],
)
def test_declared_column_takes_all_values_of_its_type(schema, text):
    kind, parts = types({"a": schema}, inferred=False)
    assert fits(f'{{"a":{text}}}', kind)
    assert parts is None


def test_declared_object_has_no_fields_but_the_declared_ones():
    kind, _ = types({"a": OBJECT}, inferred=False)
    assert fits('{"a":{"x":1}}', kind)
    assert not fits('{"a":{"z":1}}', kind)


@pytest.mark.parametrize("schema", [{"type": "strng"}, {"type": ["integer", "strng"]}])
def test_column_of_an_unknown_type_has_none(schema):
    with pytest.raises(ValueError):  # noqa: PT011 - it has no message
        types({"a": schema})


@pytest.mark.parametrize("name", ['"', "\\", "\n"])
def test_name_that_json_escapes_has_no_type(name):
    with pytest.raises(ValueError, match="field"):
        types({name: INTEGER})


@pytest.mark.parametrize(
    ("schema", "value"),
    [(INTEGER, "1"), ({}, "[1]"), ({"type": "string"}, '"a"'), (LISTS, "[null]"), (OBJECT, "{}")],
)
def test_key_is_in_each_record_and_never_null(schema, value):
    """Whatever its place; a field of its name inside an object is no key."""
    inner = {"type": "object", "properties": {"key": INTEGER}}
    kind, _ = types({"a": INTEGER, "key": schema, "o": inner}, keys=["key"])
    assert fits(f'{{"key":{value}}}', kind)
    assert fits(f'{{"a":1,"key":{value},"o":{{}}}}', kind)
    assert fits(f'{{"key":{value},"o":{{"key":null}}}}', kind)
    assert not fits('{"key":null}', kind)
    assert not fits('{"a":1}', kind)


@pytest.mark.parametrize("schema", [ONLY_NULLS, {"type": "null"}])
def test_key_that_can_only_be_null_has_no_type(schema):
    with pytest.raises(ValueError):  # noqa: PT011 - it has no message
        types({"key": schema}, keys=["key"])


@pytest.mark.parametrize(
    ("schema", "left_out", "text", "kept"),
    [
        (INTEGER, ("properties", "a"), '{"a":[{}],"b":1.50}', '{"b":1.50}'),
        ({"type": "strng"}, ("properties", "a"), '{"a":1}', "{}"),
        (INTEGER, ("properties", "b"), '{"b":5,"a":1}', '{"a":1}'),
        (OBJECT, Y_OF_A, '{"a":{"y":5,"x":1},"b":1}', '{"a":{"x":1},"b":1}'),
        (OBJECT, Y_OF_A, '{"a":null}', '{"a":null}'),
        (OBJECT, Y_OF_A, '{"b":1}', '{"b":1}'),
        ({**OBJECT, "type": "object"}, Y_OF_A, '{"a":{"y":5,"x":1}}', '{"a":{"x":1}}'),
        (LISTS, Y_IN_A, '{"a":[{"y":5,"x":1},null],"b":1}', '{"a":[{"x":1},null],"b":1}'),
        (LISTS, Y_IN_A, '{"a":null}', '{"a":null}'),
    ],
)
def test_parts_are_the_selected_fields_as_they_are_written(schema, left_out, text, kept):
    """What is left out may hold anything."""
    kind, parts = types({"a": schema, "b": {}}, left_out)
    assert fits(text, kind)
    assert msgspec.json.encode(msgspec.json.decode(text, type=parts)).decode() == kept


def test_parts_lack_inferred_fields_that_were_only_null():
    _, parts = types({"a": ONLY_NULLS, "b": INTEGER})
    assert msgspec.json.encode(msgspec.json.decode('{"a":null,"b":1}', type=parts)) == b'{"b":1}'
    assert types({"a": ONLY_NULLS}, inferred=False)[1] is None
    assert types({"a": INTEGER}, ("properties", "z"))[1] is None


@pytest.mark.parametrize("others", [["string"], ["array"], ["string", "null"]])
def test_parts_of_a_column_of_several_types_are_unknown(others):
    schema = {**OBJECT, "type": ["object", *others]}
    with pytest.raises(ValueError):  # noqa: PT011 - it has no message
        types({"a": schema}, Y_OF_A)
    assert types({"a": schema})[1] is None
