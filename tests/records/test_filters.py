"""The steps that leave out or mark records do the same to encoded and to decoded ones."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest

from tap_oauth2_generic.records.filters import (
    DELETED_AT,
    LATER,
    LEFT_OUT,
    OLDER,
    DropOutside,
    Keep,
    MarkDeleted,
)
from tap_oauth2_generic.records.pipeline import Slice
from tap_oauth2_generic.replication.bounds import Bound
from tap_oauth2_generic.settings.conditions import parse_condition
from tests.support.encoded import page_of

NOWHERE = Slice({})


def both_ways(step, rows, origin=NOWHERE):
    """Return what a step makes of records, and the page that it makes of encoded ones."""
    decoded = [step.apply(dict(row), origin) for row in rows]
    page = page_of(*(json.dumps(row).encode() for row in rows), reads=" ".join(step.reads))
    return [row for row in decoded if row is not None], step.apply_encoded(page, origin)


def condition(**members):
    return parse_condition(members)


@pytest.mark.parametrize(
    ("conditions", "kept"),
    [
        ([{"path": "n", "equals": 1}], [0, 3]),
        ([{"path": "n", "in": [1, 2]}, {"path": "o.s", "matches": "^a"}], [0, 1]),
        ([{"path": "n", "equals": None}], [2]),
        ([{"path": "n", "equals": 9}], []),
    ],
)
def test_keep_leaves_out_records_that_do_not_meet_all_conditions(conditions, kept):
    rows = [{"n": 1, "o": {"s": "ab"}}, {"n": 2, "o": {"s": "a"}}, {"o": {"s": "a"}}, {"n": 1}]
    step = Keep([condition(**one) for one in conditions])
    decoded, page = both_ways(step, rows)
    assert decoded == [rows[n] for n in kept] == json.loads(page.json)
    assert (step.takes_encoded, step.reason) == (True, LEFT_OUT)
    assert page.left_out == {LEFT_OUT: 4 - len(kept)}


def test_page_of_a_condition_may_have_no_records():
    assert both_ways(Keep([condition(path="n", equals=1)]), [])[1].records == ()


def is_now(text):
    age = datetime.now(timezone.utc) - datetime.fromisoformat(text)
    return timedelta() <= age < timedelta(minutes=1)


def test_deleted_records_are_marked_and_others_have_null():
    rows = [{"s": "gone"}, {"s": "open"}, {"s": "gone"}, {}]
    step = MarkDeleted(condition(path="s", equals="gone"))
    decoded, page = both_ways(step, rows)
    marks = [json.loads(one) for one in page.columns[DELETED_AT]]
    for found in (marks, [row[DELETED_AT] for row in decoded]):
        assert [bool(one) for one in found] == [True, False, True, False]
        assert found[1] is found[3] is None
        assert is_now(found[0])
        assert is_now(found[2])
    assert (step.takes_encoded, step.adds) == (True, {DELETED_AT})


def test_page_without_a_deleted_record_has_one_null_for_all():
    """What earlier steps added stays there."""
    step = MarkDeleted(condition(path="s", equals="gone"))
    added = {"columns": {"c": [b"1"]}, "constants": {"d": 2}}
    page = step.apply_encoded(page_of(b'{"s":"open"}', reads="s", **added), NOWHERE)
    assert (page.columns, page.constants) == ({"c": [b"1"]}, {"d": 2, DELETED_AT: None})
    page = step.apply_encoded(page_of(b'{"s":"gone"}', reads="s", **added), NOWHERE)
    assert (page.columns.keys(), page.constants) == ({"c", DELETED_AT}, {"d": 2})


ROWS = [{"at": f"2024-01-0{day}"} for day in (1, 2, 3)] + [{}]


@pytest.mark.parametrize(
    ("start", "end", "kept"),
    [
        (None, None, [0, 1, 2, 3]),
        ("2024-01-02", None, [1, 2, 3]),
        (None, "2024-01-02", [0, 1, 3]),
        ("2024-01-03", "2024-01-02", [0, 1, 3]),
    ],
)
def test_records_outside_of_a_bound_are_left_out(start, end, kept):
    """Older than the start of the read, or, in a step for that, later than its end."""
    bounds = [Bound.of(raw, "iso") if raw else None for raw in (start, end)]
    step = DropOutside("at", bounds[1])
    decoded, page = both_ways(step, ROWS, Slice({}, bounds[0]))
    assert decoded == [ROWS[n] for n in kept] == json.loads(page.json)
    assert step.reason == (LATER if end else OLDER)
    assert page.left_out == ({step.reason: 4 - len(kept)} if len(kept) < 4 else {})
    assert (step.takes_encoded, step.reads) == (True, {"at"})


def test_page_of_a_read_without_a_start_is_not_looked_into():
    """Not even its replication values."""
    page = page_of(b'{"at":1}')
    assert DropOutside("at").apply_encoded(page, NOWHERE) is page
