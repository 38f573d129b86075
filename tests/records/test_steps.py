"""Each step before the schema: what it does to records, and when it needs them decoded."""

from __future__ import annotations

import json

import pytest

from tap_oauth2_generic.parsing.extract_records import RecordSettings
from tap_oauth2_generic.records.pipeline import Slice
from tap_oauth2_generic.records.steps import (
    AddContext,
    AddFields,
    Encode,
    NoteOrder,
    ReadKeys,
    Unwrap,
)
from tap_oauth2_generic.runtime.log import StreamLog
from tap_oauth2_generic.settings.paths import parse_path
from tests.support.encoded import page_of

NOWHERE = Slice({})
GIVEN = Slice({"given": 7})


@pytest.mark.parametrize(
    ("settings", "read", "is_fast"),
    [
        ({}, [], True),
        ({"records_path": parse_path("d")}, ["next", "$.meta.next", "e.d"], True),
        ({"records_path": parse_path("d")}, ["next", "d"], False),
        ({"records_path": parse_path("d")}, ["d.0.id", "next"], False),
        ({"records_path": parse_path("d")}, ["$.*"], False),
        ({}, ["next"], False),
        ({"records_path": parse_path("$.d[*]")}, [], False),
        ({"records_are_values": True}, [], False),
        ({"record_columns": ["a"]}, [], False),
        ({"outer_fields": {"a": parse_path("$.a")}}, [], False),
    ],
)
def test_list_of_records_may_stay_encoded(settings, read, is_fast):
    """Not if the records are made of something else, or paging looks into them."""
    paths = [None, "no path", *map(parse_path, read)]
    assert Unwrap(RecordSettings(**settings), paths).takes_encoded == is_fast


def test_fields_are_added():
    """A path that finds nothing adds null, but replaces nothing."""
    step = AddFields({"x": parse_path("o.n"), "y": parse_path("a")})
    found = step.apply({"a": 1, "y": 0, "o": {"n": 2}}, NOWHERE)
    assert found == {"a": 1, "y": 1, "o": {"n": 2}, "x": 2}
    assert step.apply({"y": 0}, NOWHERE) == {"y": 0, "x": None}
    page = page_of(b'{"o":{"n":1e1}}', reads="o o.n a", columns={"c": [b"3"]})
    page = step.apply_encoded(page, NOWHERE)
    assert page.columns == {"c": [b"3"], "x": [b"1e1"], "y": [b"null"]}
    assert (step.takes_encoded, step.adds) == (True, {"x", "y"})


@pytest.mark.parametrize("added", [{"columns": {"x": [b"1"]}}, {"constants": {"x": 1}}])
def test_field_that_an_earlier_step_added_is_added_to_decoded_records(added):
    """Of two fields of one name the later one wins, or the former if it finds nothing."""
    page = page_of(b'{"a":1}', reads="a", **added)
    assert AddFields({"x": parse_path("a")}).apply_encoded(page, NOWHERE) is None
    assert AddContext(["x"], StreamLog("items")).apply_encoded(page, Slice({"x": 2})) is None


def test_replication_values_are_noted_in_their_order():
    step = NoteOrder("n")
    page = step.apply_encoded(page_of(b'{"n":3}', b"{}", b'{"n":1}', reads="n"), NOWHERE)
    assert page.in_order == [3, None, 1]
    assert (step.takes_encoded, step.reads) == (True, {"n"})


def test_context_is_added_unless_a_record_has_the_field():
    """Another value is said once for each field; the same one, as a string, too, is fine."""
    said = []
    step = AddContext(["given", "other"], StreamLog("items", said.append))
    assert step.apply({"a": 1}, GIVEN) == {"a": 1, "given": 7}
    assert step.apply({"given": "7"}, GIVEN) == {"given": "7"}
    assert not said
    origin = Slice({"given": 7, "other": 8})
    for _ in range(2):
        assert step.apply({"given": None, "other": 9}, origin) == {"given": None, "other": 9}
    assert len(said) == 2
    assert "'given'" in "".join(said)
    assert "'other'" in "".join(said)
    assert (step.takes_encoded, step.adds) == (True, {"given", "other"})


def test_context_is_added_to_encoded_records():
    page = page_of(b'{"a":1}', columns={"c": [b"1"]}, constants={"d": None})
    page = AddContext(["given"], StreamLog("items")).apply_encoded(page, GIVEN)
    assert (page.columns, page.constants) == ({"c": [b"1"]}, {"d": None, "given": 7})


def keys_of(step, *records, **added):
    page = step.apply_encoded(page_of(*records, reads="a b", **added), NOWHERE)
    return page and {path: [*map(bytes, values)] for path, values in page.keys.items()}


@pytest.mark.parametrize("checks", [True, False])
def test_keys_of_children_are_read_if_each_record_has_them(checks):
    step = ReadKeys([parse_path("a"), parse_path("$.b.c")], checks=checks)
    rows = [b'{"a":1e1,"b":{"c":2}}', b'{"a":3,"b":{"c":"4"}}']
    assert keys_of(step, *rows) == {"a": [b"1e1", b"3"], "$.b.c": [b"2", b'"4"']}
    assert keys_of(step, *rows, b'{"a":5}') is None
    assert keys_of(step, *rows, b'{"a":null,"b":{"c":2}}') is None


@pytest.mark.parametrize("added", [{"columns": {"x": [b"1"]}}, {"constants": {"x": 1}}])
def test_keys_are_read_from_records_with_added_fields_if_a_later_step_checks_them(added):
    """A record might have such a field of its own."""
    paths = [parse_path("a")]
    assert keys_of(ReadKeys(paths, checks=True), b'{"a":1}', **added) == {"a": [b"1"]}
    assert keys_of(ReadKeys(paths, checks=False), b'{"a":1}', **added) is None


def test_records_that_no_later_step_checks_must_be_utf_8():
    page = page_of(b'{"a":1,"b":"\xff"}', reads="a")
    with pytest.raises(UnicodeDecodeError):
        ReadKeys([parse_path("a")], checks=False).apply_encoded(page, NOWHERE)
    assert ReadKeys([parse_path("a")], checks=True).apply_encoded(page, NOWHERE)


def test_columns_end_each_encoded_record():
    """In their order; constants are left to the suffix of the page."""
    step = Encode()
    columns = {"x": [b"1e1", b"2"], 'q"é': [b"null", b"[]"]}
    page = page_of(b'{"a":1}', b'{"a":2}', columns=columns, constants={"d": 4})
    page = step.apply_encoded(page, NOWHERE)
    assert page.records == [
        '{"a":1,"x":1e1,"q\\"é":null}'.encode(),
        '{"a":2,"x":2,"q\\"é":[]}'.encode(),
    ]
    assert (page.columns, page.constants) == ({}, {"d": 4})
    assert step.takes_encoded
    assert json.loads(step.apply({"a": 1}, NOWHERE)) == {"a": 1}


def test_records_without_columns_are_encoded_already():
    for more in ({}, {"constants": {"d": 4}}):
        page = page_of(b'{"a":1}', **more)
        assert Encode().apply_encoded(page, NOWHERE) is page
    assert Encode().apply_encoded(page_of(b"{}"), NOWHERE)


@pytest.mark.parametrize("added", [{"columns": {"x": [b"1", b"2"]}}, {"constants": {"x": 1}}])
def test_nothing_is_added_to_an_empty_record(added):
    """What is added begins with a comma."""
    assert Encode().apply_encoded(page_of(b'{"a":1}', b"{}", **added), NOWHERE) is None
