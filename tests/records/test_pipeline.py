"""The record pipeline: the order of its steps, and when records stay encoded."""

from __future__ import annotations

import json
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.parsing.extract_records import RecordSettings
from tap_oauth2_generic.parsing.formats import open_envelope
from tap_oauth2_generic.records.conform import RecordConformer
from tap_oauth2_generic.records.filters import LEFT_OUT, OLDER, DropOutside, Keep
from tap_oauth2_generic.records.passthrough import Conform
from tap_oauth2_generic.records.pipeline import Pipeline, Slice, Step
from tap_oauth2_generic.records.steps import AddContext, AddFields, Encode, ReadKeys, Unwrap
from tap_oauth2_generic.replication.bounds import Bound
from tap_oauth2_generic.runtime.log import StreamLog
from tap_oauth2_generic.settings.conditions import parse_condition
from tap_oauth2_generic.settings.paths import parse_path

EVERYTHING = defaultdict(lambda: True)
NUMBER = {"type": ["integer", "null"]}
COLUMNS = {
    "n": NUMBER,
    "in": {"type": ["object", "null"], "properties": {"m": NUMBER}},
    "m": NUMBER,
    "account": NUMBER,
}
ROWS = st.lists(
    st.builds(lambda n, m: {"n": n, "in": {"m": m}}, st.integers(-9, 9), st.integers(0, 9)),
    max_size=5,
)  # fmt: skip


class Page:
    """A page as it is fetched; counts how often it is decoded."""

    def __init__(self, rows):
        _, self.written = open_envelope(json.dumps(rows).encode(), parse_path("$"))
        self.decoded = 0

    @property
    def records(self):
        self.decoded += 1
        return json.loads(self.written.text)


class Double(Step):
    """A transformation that somebody adds, with no word about encoded records."""

    def apply(self, record, _, /):
        return {**record, "n": record["n"] * 2}


class OnlyEven(Step):
    """A filter that somebody adds, with no word about encoded records."""

    def apply(self, record, _, /):
        return record if record["n"] % 2 == 0 else None


def pipeline(*steps):
    """Return a pipeline with the steps that most streams have, and others before the schema."""
    prepare = [
        AddFields({"m": parse_path("in.m")}),
        AddContext(["account"], StreamLog("items")),
        *steps,
    ]
    schema = {"properties": COLUMNS}
    conformer = RecordConformer(schema, EVERYTHING, refuses_new_fields=True, checks_formats=True)
    conform = Conform(conformer, ["m", "account"], "n", is_ordered=False)
    return Pipeline(prepare, [conform, Encode()])


def emitted(made, batch):
    """Return the records of a batch as the target gets them."""
    if batch.encoded is None:
        return [json.loads(made.finish(record, batch.origin)) for record in batch.records]
    suffix = batch.encoded.suffix
    return [json.loads(bytes(one)[:-1] + suffix + b"}") for one in batch.encoded.records]


@settings(max_examples=100)
@given(rows=ROWS, step=st.sampled_from([Double(), OnlyEven()]))
def test_step_without_a_word_about_bytes_is_slow_and_never_skipped(rows, step):
    """A step that does not mention encoded records is applied to each of them, decoded."""
    page, origin = Page(rows), Slice({"account": 7})
    made = pipeline(step)
    batch = made(page, origin)
    expected = [{**row, "m": row["in"]["m"], "account": 7} for row in rows]
    expected = [found for row in expected if (found := step.apply(row, origin)) is not None]
    assert (made.is_fast, page.decoded) == (False, 1)
    assert emitted(made, batch) == expected
    assert batch.replication_values("n") == ([row["n"] for row in expected], 0)


@settings(max_examples=100)
@given(rows=ROWS)
def test_plain_records_stay_encoded(rows):
    """Without such a step the same records are emitted, and none is decoded."""
    page = Page(rows)
    made = pipeline()
    batch = made(page, Slice({"account": 7}))
    assert (made.is_fast, page.decoded, len(batch)) == (True, 0, len(rows))
    assert emitted(made, batch) == [{**row, "m": row["in"]["m"], "account": 7} for row in rows]
    assert batch.replication_values("n") == ([row["n"] for row in rows], 0)


def test_page_that_does_not_fit_is_decoded():
    """A page with one record that does not fit as it is written takes the general path."""
    page = Page([{"n": 1}, {"n": "2"}])
    made = pipeline()
    batch = made(page, Slice({"account": 7}))
    assert page.decoded == 1
    assert [row["n"] for row in emitted(made, batch)] == [1, 2]


def test_step_that_passes_is_not_in_the_way():
    """A step that leaves encoded records untouched keeps the sync fast."""

    class Look(Step):
        takes_encoded = True

    assert pipeline(Look()).is_fast


def test_keys_of_children_are_read_from_encoded_records():
    """A record of a parent stays encoded, with what its children take from it."""
    page = Page([{"n": 1}, {"n": 2}])
    batch = pipeline(ReadKeys([parse_path("n")], checks=True))(page, Slice({"account": 7}))
    assert (page.decoded, batch.encoded.keys) == (0, {"n": [b"1", b"2"]})


@pytest.mark.parametrize("format_", ["json", "jsonl", "csv"])
def test_records_of_each_format_may_stay_encoded(format_):
    assert Unwrap(RecordSettings(response_format=format_), []).takes_encoded


def test_step_inherits_no_fast_path_for_an_apply_of_its_own():
    """A step that overrides only ``apply`` of a fast one is slow: encoded, it would be skipped."""

    class AddTwice(AddFields):
        def apply(self, record, origin, /):
            return super().apply(record, origin)

    assert pipeline(AddFields({"m": parse_path("in.m")})).is_fast
    assert not pipeline(AddTwice({"m": parse_path("in.m")})).is_fast


def test_pipeline_that_writes_nothing_decodes():
    """Records that are only sampled are decoded."""
    page = Page([{"n": 1}])
    batch = Pipeline([])(page, Slice({}))
    assert (batch.encoded, batch.records) == (None, [{"n": 1}])


def test_batch_may_be_limited():
    """A trial takes so many records of a page."""
    assert len(pipeline()(Page([{"n": 1}, {"n": 2}]), Slice({"account": 7}), limit=1)) == 1


def test_keep_sees_added_fields_and_the_context():
    """Conditions apply to the record with its added fields and those of its context."""
    conditions = [
        parse_condition({"path": "m", "equals": 1}),
        parse_condition({"path": "account", "equals": 7}),
    ]
    made = pipeline(Keep(conditions))
    rows = [{"n": 1, "in": {"m": 1}}, {"n": 2, "in": {"m": 2}}]
    batch = made(Page(rows), Slice({"account": 7}))
    assert [row["n"] for row in emitted(made, batch)] == [1]
    assert (made.left_out, batch.encoded is not None) == ({LEFT_OUT: 1}, True)


def test_older_records_are_left_out():
    """Records below the lower bound of the slice are left out; without one all are kept."""
    made = pipeline(DropOutside("n"))
    page = Page([{"n": 1}, {"n": 5}, {"in": {"m": 1}}])
    batch = made(page, Slice({"account": 7}, Bound.of(3, "iso")))
    assert [row.get("n") for row in emitted(made, batch)] == [5, None]
    assert (made.left_out, page.decoded) == ({OLDER: 1}, 0)
    assert len(made(page, Slice({"account": 7}))) == 3


def test_record_is_counted_once_if_its_page_is_decoded_after_all():
    """A page that leaves the fast path behind a filter is filtered again."""
    made = pipeline(Keep([parse_condition({"path": "n", "equals": "2"})]))
    page = Page([{"n": 1}, {"n": "2"}])
    batch = made(page, Slice({"account": 7}))
    assert [row["n"] for row in emitted(made, batch)] == [2]
    assert (made.left_out, page.decoded) == ({LEFT_OUT: 1}, 1)


def test_page_whose_record_has_a_field_of_the_context_is_decoded_even_if_it_is_left_out():
    """A condition sees the record's own field, and a warning names it."""
    made = pipeline(Keep([parse_condition({"path": "account", "equals": 7})]))
    page = Page([{"n": 1}, {"n": 2, "account": 8}])
    batch = made(page, Slice({"account": 7}))
    assert [row["n"] for row in emitted(made, batch)] == [1]
    made = pipeline(Keep([parse_condition({"path": "n", "equals": 1})]))
    assert made(page, Slice({"account": 7})).encoded is None


def test_steps_never_change_the_record_of_the_page():
    """Paging compares the records of a page with those of the next one: they stay as they are."""
    row = {"n": 1, "in": {"m": 2}}
    made = pipeline()
    (record,) = made.prepare([row], Slice({"account": 7}))
    made.finish(record, Slice({}))
    assert row == {"n": 1, "in": {"m": 2}}
