"""The records of a page on their way to the target, encoded or decoded."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.errors import RecordError
from tap_oauth2_generic.records.pipeline import Batch, Slice
from tests.support.encoded import page_of

ORIGIN = Slice({"given": 7})
ROWS = [{"n": 3, "a": 1}, {"n": None}, {"b": 2}, {"n": 1}]
DECODED = Batch(ORIGIN, ROWS)


def encoded(*records, **more):
    return Batch(ORIGIN, encoded=page_of(*records, **more))


def test_batch_has_so_many_records():
    """Empty is false."""
    assert (len(DECODED), len(encoded(b"{}", b"{}")), len(Batch(ORIGIN))) == (4, 2, 0)


@pytest.mark.parametrize(("first", "last"), [(0, 1), (1, 3), (2, None), (0, 0)])
def test_part_of_a_batch(first, last):
    """Of what stream maps made of each record, it is the same part."""
    decoded = DECODED.part(first, last)
    assert (decoded.origin, decoded.records, decoded.encoded) == (ORIGIN, ROWS[first:last], None)
    rows, made = [b'{"a":1}', b'{"a":2}', b'{"a":3}'], [b"1", None, b"3"]
    part = encoded(*rows, emitted=[("one", made), ("two", rows)], constants={"c": 1})
    part = part.part(first, last)
    assert part.origin == ORIGIN
    assert [*part.encoded.records] == rows[first:last]
    assert part.encoded.emitted == [("one", made[first:last]), ("two", rows[first:last])]
    assert part.encoded.constants == {"c": 1}


@pytest.mark.parametrize("batch", [DECODED, encoded(b"{}")])
def test_part_that_is_all_is_the_batch_itself(batch):
    assert batch.part(0, None) is batch


def test_decoded_record_without_a_key_is_an_error_that_names_its_fields():
    """A null is no value; zero and false are. Of many fields only the first are named."""
    Batch(ORIGIN, [{"n": 0, "b": False}, {"n": "", "b": 1}]).require(["n", "b"], "page 1")
    with pytest.raises(RecordError) as caught:
        Batch(ORIGIN, [{"n": 1, "b": 2}, {"n": None, "b": 2}]).require(["b", "n"], "page 1")
    assert str(caught.value) == "page 1: a record has no value for 'n' of primary_keys; it has n, b"
    wide = {f"f{number}": number for number in range(30)}
    with pytest.raises(RecordError, match=r"; it has f0, f1, .*, f19$"):
        Batch(ORIGIN, [wide]).require(["n"], "page 1")


def test_replication_values_of_a_batch():
    """In order, and how many records have none."""
    assert DECODED.replication_values("n") == ([3, 1], 2)
    assert DECODED.replication_values("a") == ([1], 3)
    page = encoded(b'{"n":1}', replication_values=[5], without=6)
    assert page.replication_values("n") == ([5], 6)


def test_names_of_fields():
    """Those in any record, added ones included."""
    assert DECODED.field_names() == {"n", "a", "b"}
    added = {"columns": {"c": [b"1", b"2"]}, "constants": {"d": None}}
    assert encoded(b'{"n":1}', b'{"a":2}', **added).field_names() == {"n", "a", "c", "d"}
