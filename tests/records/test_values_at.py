"""The values at a path of encoded records are those of the decoded ones, as they are written."""

from __future__ import annotations

import json

import pytest

from tap_oauth2_generic.records.values_at import PathStep, ValuesAt
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.settings.paths import DottedPath, parse_path
from tests.support.encoded import page_of


def read(path, *records, **added):
    values = ValuesAt(parse_path(path))
    return values.read(page_of(*records, reads=" ".join(values.names), **added))


@pytest.mark.parametrize(
    ("path", "record", "value"),
    [
        ("a", b'{"a":1.50}', b"1.50"),
        ("$.a", b'{"a":1.50e1}', b"1.50e1"),
        ("a", b'{"b":1}', b"null"),
        ("a.b", b'{"a":{"c":1,"b":1.50e1}}', b"1.50e1"),
        ("a.b", b'{"a":{"b":null}}', b"null"),
        ("a.b", b'{"a":{"c":1}}', b"null"),
        ("a.b", b'{"a":null}', b"null"),
        ("a.b", b"{}", b"null"),
        ("a.b", b'{"a":"text"}', b"null"),
        ("a.b.c", b'{"a":{"b":{"c":1e1}}}', b"1e1"),
        ("a.b.c", b'{"a":{"b":null}}', b"null"),
        ("a.b.c", b'{"a":{"d":1}}', b"null"),
        ("$.a[0]", b'{"a":[1e1,2]}', b"1e1"),
        ("$.a[1]", b'{"a":[1,2e1]}', b"2e1"),
        ("$.a[1]", b'{"a":[1]}', b"null"),
        ("$.a[0]", b'{"a":[]}', b"null"),
        ("$.a[1].b", b'{"a":[{},{"b":2e1}]}', b"2e1"),
        ("$.a[1].b", b'{"a":[{}]}', b"null"),
        ("$.a[0].b", b'{"a":[null]}', b"null"),
        ("$.a[0][1]", b'{"a":[[1,2e1]]}', b"2e1"),
        ("a.1", b'{"a":[1,2]}', b"2"),
        ("a.-1", b'{"a":[1,3]}', b"3"),
        ("$.a[*].b", b'{"a":[{"b":1},{"b":2}]}', b"1"),
        ("$.a[*].b", b'{"a":[]}', b"null"),
        ("$.a..b", b'{"a":{"c":{"b":3}}}', b"3"),
        ("$.a[0:1]", b'{"a":[4]}', b"4"),
    ],
)
def test_value_at_a_path(path, record, value):
    """Where a step finds no value, or a value of another kind, it is null."""
    assert read(path, record) == [value]
    # With a value of another kind on the page, the others are decoded.
    other, found = read(path, b'{"a":7}', record)
    assert other == (b"7" if path in {"a", "$.a"} else b"null")
    assert json.loads(found) == json.loads(value)


@pytest.mark.parametrize(
    "path", ["$", "$..b", "$.*", "$[*]", "$[0]", "$.a[?(@.b=='$')]", "$.a.`len`"]
)
def test_path_that_may_need_all_of_a_record_has_no_such_values(path):
    with pytest.raises(ValueError, match=r"^$"):
        ValuesAt(parse_path(path))
    step = PathStep([parse_path("a"), parse_path(path)])
    assert not step.takes_encoded
    assert not step.reads


def test_fields_that_paths_read():
    """A bare path may itself be the name of a field, a JSONPath is none."""
    step = PathStep(map(parse_path, ["a", "b.c", "'d.e'", "$.f.g", "$.h[*].i"]))
    assert step.takes_encoded
    assert step.reads == {"a", "b", "b.c", "d.e", "'d.e'", "f", "h"}


@pytest.mark.parametrize("added", [{}, {"columns": {"a.b": [b"1", b"2"]}}])
def test_field_that_is_spelled_like_the_path_wins(added):
    """If only some records have it, each would need another look."""
    rows = [b'{"a.b":1,"a":{"b":9}}', b'{"a.b":2,"a":{"b":9}}']
    assert [*map(bytes, read("a.b", *rows))] == [b"1", b"2"]
    rows[0] = b'{"a":{"b":9}}'
    if added:
        assert read("a.b", *rows, **added) == [b"1", b"2"]
    else:
        with pytest.raises(LookupError):
            read("a.b", *rows)
    assert read("$.a.b", *rows, **added)[0] == b"9"


def test_values_are_read_from_added_fields():
    assert read("a.b", b"{}", columns={"a": [b'{"b":1e1}']}) == [b"1e1"]
    assert read("a.b", b"{}", b"{}", constants={"a": {"b": 1}}) == [b"1", b"1"]


@pytest.mark.parametrize("name", ['b"c', "b\\c"])
def test_inner_name_that_json_escapes_is_read_decoded(name):
    values = ValuesAt(DottedPath(f"a.{name}", ("a", name)))
    page = page_of(encode_json({"a": {name: 5}}), reads=" ".join(values.names))
    assert values.read(page) == [b"5"]
