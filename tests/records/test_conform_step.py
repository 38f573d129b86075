"""Encoded records that fit their columns as they are written, and streams that have none."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.records.conform import RecordConformer
from tap_oauth2_generic.records.passthrough import Conform
from tap_oauth2_generic.records.pipeline import Slice
from tests.records.test_passthrough import Selected
from tests.support.encoded import page_of

INTEGER, TEXT = {"type": ["integer", "null"]}, {"type": ["string", "null"]}
OBJECT = {"type": ["object", "null"], "properties": {"x": INTEGER, "y": INTEGER}}
COLUMNS = {"n": INTEGER, "t": TEXT, "o": OBJECT, "q": OBJECT}


def conform(columns=COLUMNS, adds=(), keys=(), *, key=None, drops=(), **settings):
    schema = {} if columns is None else {"properties": columns}
    conformer = RecordConformer(
        schema,
        Selected(dict.fromkeys(drops, False)),
        **{"refuses_new_fields": True, "checks_formats": False, "keys": keys, **settings},
    )
    return Conform(conformer, adds, key, keys, is_ordered=False)


def fitted(step, *records, **added):
    page = step.apply_encoded(page_of(*records, **added), Slice({}))
    return page and [bytes(record) for record in page.records]


@pytest.mark.parametrize(
    ("settings", "is_fast"),
    [
        ({}, True),
        ({"columns": None}, True),
        ({"columns": {"f": {"type": "file"}}}, False),
        ({"columns": {'q"q': INTEGER}}, False),
        ({"adds": ["n"]}, True),
        ({"adds": ["new"]}, False),
        ({"adds": ["o"]}, True),
        ({"adds": ["o"], "drops": [("properties", "o", "properties", "x")]}, False),
        ({"adds": ["q"], "drops": [("properties", "o", "properties", "x")]}, True),
        ({"keys": ["n"]}, True),
        ({"keys": ["new"]}, False),
        ({"keys": ["n"], "adds": ["n"]}, True),
        ({"keys": ["n"], "columns": {"n": {"type": ["null"]}}}, False),
        ({"key": "t"}, True),
        ({"key": "t", "adds": ["t"]}, True),
        ({"key": "new"}, False),
    ],
    ids=str,
)
def test_stream_whose_records_may_stay_encoded(settings, is_fast):
    """Not if an added field, or a key, has no column, or one of which a part is deselected."""
    step = conform(**settings)
    assert step.takes_encoded == is_fast
    # Any stream has the general way.
    assert step.apply({}, Slice({})) == {}


@pytest.mark.parametrize(
    ("record", "fits"),
    [
        (b'{"n":1,"t":"x"}', True),
        (b'{"t":"x"}', True),
        (b'{"n":"1"}', False),
        (b'{"n":1,"new":2}', False),
        (b'{"n":1,"t":"\xff"}', False),
        (b'{"n":1,"n":1}', False),
        (b"{}", False),
        (b"[]", False),
        (b'{"n":null,"t":"x"}', True),
    ],
)
@pytest.mark.parametrize("place", [0, 1])
def test_records_fit_as_they_are_written(record, fits, place):
    """An empty object is no record."""
    rows = [b'{"n":3}']
    rows.insert(place, record)
    assert fitted(conform(), *rows) == (rows if fits else None)


def test_record_with_only_nulls_is_no_empty_one():
    """Though they are equal, once they are decoded: it is decoded, too."""
    assert fitted(conform(columns={"n": INTEGER}), b'{"n":null}', b'{"n":1}') is None


@pytest.mark.parametrize(("record", "fits"), [(b'{"n":1}', True), (b'{"t":"x"}', False),
                                              (b'{"n":null}', False), (b"{}", False)])  # fmt: skip
def test_record_needs_its_keys(record, fits):
    """Also if an earlier step adds the key."""
    assert (fitted(conform(keys=["n"]), record) is not None) == fits
    if b"t" not in record and record != b"{}":
        value = record[5:-1]
        step = conform(keys=["n"], adds=["n"])
        assert (fitted(step, b'{"t":"x"}', columns={"n": [value]}) is not None) == fits


def test_deselected_columns_are_left_out():
    """They may hold anything; what is left keeps its spelling."""
    step = conform(drops=[("properties", "t"), ("properties", "o", "properties", "x")])
    rows = [b'{"t":[],"n":1}', b'{"o":{"y":2,"x":"?"}}', b'{"t":1}']
    assert fitted(step, *rows) == [b'{"n":1}', b'{"o":{"y":2}}', b"{}"]


@pytest.mark.parametrize(
    ("added", "fits"),
    [
        ({"columns": {"t": [b'"x"']}}, True),
        ({"columns": {"t": [b"1"]}}, False),
        ({"columns": {"t": [b'"\\ud800"']}}, False),
        ({"columns": {"o": [b'{"x":1}']}}, True),
        ({"columns": {"o": [b'{"new":1}']}}, False),
        ({"columns": {"q": [b"null"]}}, False),
        ({"constants": {"t": "x"}}, True),
        ({"constants": {"t": "x", "o": {"x": []}}}, False),
        ({"constants": {"q": None}}, False),
    ],
)
def test_added_values_fit_their_columns(added, fits):
    """Those of fields that no step was to add do not, nor does a record that has one itself."""
    step = conform(adds=["t", "o"])
    page = step.apply_encoded(page_of(b'{"n":1}', **added), Slice({}))
    assert (page is not None) == fits
    if page:
        assert (page.columns, page.constants) == (
            added.get("columns", {}),
            added.get("constants", {}),
        )
    assert fitted(step, b'{"n":1,"t":"y"}', **added) is None


def test_constants_are_fitted_to_their_columns():
    step = conform(adds=["n", "t"])
    page = page_of(b'{"o":null,"q":{}}', constants={"n": "7", "t": 5})
    assert step.apply_encoded(page, Slice({})).constants == {"n": 7, "t": "5"}


def test_record_with_the_name_of_a_variant_is_decoded():
    """Such a field of the API needs another column; fields inside of an object have none."""
    columns = {"n": INTEGER, "n__string": TEXT, "o": OBJECT}
    step = conform(columns, variants={"n__string": "n", "o": {}})
    assert step.takes_encoded
    assert fitted(step, b'{"n":1,"o":{"x":1}}')
    assert fitted(step, b'{"n":1,"n__string":"x"}') is None


def test_columns_of_text_that_stand_for_more():
    """But for the replication key, whose bookmark is what was sent, and added fields."""
    columns = {"a": INTEGER, "b": {"type": "boolean"}, "c": TEXT, "k": INTEGER, "x": INTEGER}
    step = conform(columns, ["x"], ["a"], key="k", reads_text=True)
    assert step.types == {"a": {"integer"}, "b": {"boolean"}}


def repeats(place, *, before, count=20):
    """Return whether a page is decoded that repeats a name in one of its records."""
    step = conform()
    assert fitted(step, *[b'{"n":1}'] * before)
    rows = [b'{"n":1}'] * count
    rows[place] = b'{"n":1,"n":2}'
    return fitted(step, *rows) is None


def test_first_records_are_all_searched_for_a_repeated_name():
    """And two of each later page."""
    assert repeats(7, before=999)
    assert not repeats(7, before=1000)
    found = [place for place in range(20) if repeats(place, before=1000)]
    assert found[0] == 0
    assert len(found) == 2


def test_records_of_many_pages_are_counted_together():
    step = conform()
    for _ in range(10):
        assert fitted(step, *[b'{"n":1}'] * 100)
    assert fitted(step, *[b'{"n":1}'] * 3, b'{"n":1,"n":2}', *[b'{"n":1}'] * 6)
