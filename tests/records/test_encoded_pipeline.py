"""Which pages a pipeline leaves encoded, and what it counts and reads."""

from __future__ import annotations

import json

import msgspec
import pytest
from msgspec.structs import replace

from tap_oauth2_generic.parsing.json_list import JsonList
from tap_oauth2_generic.records.pipeline import Pipeline, Slice, Step
from tap_oauth2_generic.records.steps import Encode

NOWHERE = Slice({})


class Page:
    def __init__(self, *rows, written=True):
        self.records = list(rows)
        found = [json.dumps(row, separators=(",", ":")).encode() for row in rows]
        self.written = JsonList(found) if written else None


class Reads(Step):
    """Notes what it reads of encoded records."""

    takes_encoded = True

    def __init__(self, *names):
        self.reads = frozenset(names)

    def apply_encoded(self, page, _, /):
        keys = {name: page.member(name) for name in self.reads}
        return replace(page, keys={**page.keys, **keys})


class Fails(Step):
    takes_encoded = True

    def __init__(self, error):
        self.error = error

    def apply_encoded(self, _page, _, /):
        raise self.error


class Declines(Step):
    takes_encoded = True

    def apply_encoded(self, _page, _, /):
        return None


class Drops(Step):
    """Leaves out records with ``drop``, decoded or not."""

    takes_encoded = True
    reads = frozenset({"drop"})

    def __init__(self, reason):
        self.reason = reason

    def apply(self, record, _, /):
        return None if "drop" in record else record

    def apply_encoded(self, page, _, /):
        return page.select([value == b"null" for value in page.member("drop")], self.reason)


def test_steps_get_the_fields_that_any_of_them_reads():
    """Whatever the order of their names."""
    made = Pipeline([Reads("b", "a"), Reads("c")], [Encode()])
    batch = made(Page({"a": 1, "b": 2}, {"b": 3, "c": 4}), NOWHERE)
    assert made.is_fast
    found = {name: [*map(bytes, values)] for name, values in batch.encoded.keys.items()}
    assert found == {"a": [b"1", b"null"], "b": [b"2", b"3"], "c": [b"null", b"4"]}


@pytest.mark.parametrize(
    "step",
    [
        Declines(),
        Fails(msgspec.ValidationError()),
        Fails(UnicodeDecodeError("utf-8", b"", 0, 1, "")),
        Fails(KeyError()),
        Fails(ZeroDivisionError()),
        Fails(RecursionError()),
    ],
)
@pytest.mark.parametrize("place", [0, 1])
def test_page_that_a_step_cannot_take_is_decoded(step, place):
    """The steps after it are left out; nothing is counted twice."""
    steps = [Drops("by x"), Reads("a")]
    steps.insert(place + 1, step)
    made = Pipeline(steps, [Encode()])
    batch = made(Page({"a": 1}, {"drop": 1}), NOWHERE)
    assert made.is_fast
    assert (batch.encoded, batch.records, batch.origin) == (None, [{"a": 1}], NOWHERE)
    assert made.left_out == {"by x": 1}


@pytest.mark.parametrize("written", [True, False])
def test_records_left_out_are_counted_if_their_step_has_a_reason(written):
    made = Pipeline([Drops("by x"), Drops("")], [Encode()])
    for count in (1, 2):
        batch = made(Page({"drop": 1}, {"a": 1}, written=written), NOWHERE)
        assert len(batch) == 1
        assert (batch.encoded is not None) == written
        assert made.left_out == {"by x": count}
    silent = Pipeline([Drops("")], [])
    silent(Page({"drop": 1}, written=False), NOWHERE)
    assert not silent.left_out


def test_limited_batch_is_decoded():
    batch = Pipeline([], [Encode()])(Page({"a": 1}, {"a": 2}), NOWHERE, limit=1)
    assert (batch.encoded, batch.records) == (None, [{"a": 1}])


def test_step_may_leave_records_as_they_are():
    """Decoded ones, too, before and after the schema."""
    made = Pipeline([Step()], [Step(), Encode()])
    (record,) = made.prepare([{"a": 1}], NOWHERE)
    assert made.finish(record, NOWHERE) == b'{"a":1}'
    assert not made.is_fast, "it says nothing of encoded records"
    assert Pipeline([Typed()], [Encode()])(Page({"a": 1}), NOWHERE).encoded is not None


class Typed(Step):
    takes_encoded = True

    def __init__(self, **types):
        self.types = types


def test_types_of_columns_in_which_no_step_sees_what_was_sent():
    """Of steps after the schema; none if the records are decoded anyway."""
    finish = [Typed(a={"integer"}, b={"null"}), Typed(c={"number"}), Encode()]
    before = [Typed(d={"null"}), Reads("b", "c")]
    assert Pipeline(before, finish).types == {"a": {"integer"}}
    assert not Pipeline([*before, Step()], finish).types


class OwnApply(Encode):
    def apply(self, record, _, /):
        return record


class OwnBoth(OwnApply):
    def apply_encoded(self, page, _, /):
        return page


class Unsure(Encode):
    takes_encoded = False


@pytest.mark.parametrize(
    ("step", "is_fast"),
    [(Encode(), True), (OwnApply(), False), (OwnBoth(), True), (Unsure(), False)],
    ids=lambda step: type(step).__name__,
)
def test_step_that_overrides_apply_has_to_override_the_other_way_too(step, is_fast):
    assert Pipeline([], [step]).is_fast == is_fast


@pytest.mark.parametrize("name", ['a"b', "a\\b"])
def test_name_that_json_escapes_is_read_from_decoded_records(name):
    made = Pipeline([Reads(name)], [Encode()])
    assert not made.is_fast
    assert made(Page({name: 1}), NOWHERE).records == [{name: 1}]
