"""What a run says of its bookmarks, and what it leaves to the next run."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.errors import RecordError
from tests.support.offline import NOW, Reading, day

NUMBER = {"properties": {"at": {"type": "integer"}}}
RUN_STARTS = "2023-11-14T22:13:20.250000Z"
FUTURE = "2999-01-01T00:00:00Z"


def given(value, **more):
    return {"replication_key": "at", "replication_key_value": value, **more}


def said(caplog):
    return [line.removeprefix("stream 'items': ") for line in caplog.messages]


def test_read_that_is_incomplete_or_mixed_promotes_nothing(caplog):
    read = Reading().begin()
    read.page(3)
    assert read.settle(is_complete=False) is None
    read.page(4, "5")
    assert read.settle() is None
    assert read.settle(is_complete=False) is None
    assert said(caplog) == [
        "incomplete read; keeping the last safe bookmark",
        "replication values mix timestamps and numbers; keeping the previous bookmark",
    ]


@pytest.mark.parametrize(
    ("value", "end", "promoted", "warns"),
    [
        (day(9), None, day(9), False),
        (FUTURE, None, RUN_STARTS, True),
        (FUTURE, "2023-02-01", "2023-02-01T00:00:00Z", False),
        (FUTURE, "2999-02-01", RUN_STARTS, False),
    ],
)
def test_value_in_the_future_becomes_the_start_of_the_run(value, end, promoted, warns, caplog):
    """Or the end date, of which a warning would be of no use."""
    read = Reading(dates={"end": end}).begin()
    read.page(value)
    assert read.settle() == promoted
    assert [line.startswith("some values of 'at' are in the future") for line in said(caplog)] == [
        True
    ] * warns


def test_bookmark_in_the_future_is_the_start_of_the_run(caplog):
    read = Reading(given(FUTURE)).begin()
    assert read.store.previous(None) == read.bookmark == RUN_STARTS
    assert said(caplog) == [
        f"its bookmark {FUTURE} is in the future; reading from the start of this run instead"
    ]


def test_bookmark_of_another_key_is_not_used(caplog):
    read = Reading({"replication_key": "id", "replication_key_value": 5}).begin()
    assert read.store.previous(None) is None
    assert said(caplog) == ["ignoring its bookmark: it is of 'id', not of 'at'"]


@pytest.mark.parametrize(
    ("values", "without", "unreadable"),
    [
        ((1, 2), 0, 0),
        ((1, None), 1, 0),
        ((None, 1, None), 2, 0),
        (("x", 1), 0, 1),
        ((None, "x"), 1, 1),
    ],
)
@pytest.mark.parametrize("contexts", [1, 2])
def test_records_that_move_no_bookmark_are_counted(values, without, unreadable, contexts, caplog):
    """Those of all contexts together."""
    read = Reading(partitions=[{"part": 1}, {"part": 2}])
    for part in range(contexts):
        read.begin({"part": part + 1}).page(*values)
    read.store.report()
    counts = {"no 'at'": without * contexts, "a 'at' that is neither": unreadable * contexts}
    expected = [f"{n} record{'s' * (n > 1)} had {what}" for what, n in counts.items() if n]
    assert [line.startswith(one) for line, one in zip(said(caplog), expected, strict=True)] == [
        True
    ] * len(expected)


def test_replication_key_that_no_record_has_is_an_error():
    read = Reading(replication_key="att", schema={"properties": {"id": {}}}).begin()
    read.page(1)
    read.settle()
    message = "stream 'items': replication_key 'att' is in none of its records, which have at, id; "
    with pytest.raises(RecordError, match=message + "did you mean 'at'"):
        read.store.report()


@pytest.mark.parametrize("pages", [[], [(1,)], [(None,), (1,)], [(1,), (None,)]])
def test_replication_key_of_any_record_is_no_error(pages):
    read = Reading().begin()
    for values in pages:
        read.page(*values)
    read.store.report()


def test_replication_key_that_an_incomplete_read_did_not_meet_is_no_error(caplog):
    """Nor after a complete one of another context."""
    read = Reading(partitions=[{"part": 1}, {"part": 2}])
    for part in (1, 2):
        read.begin({"part": part}).page(None)
        read.settle(is_complete=part == 2)
    read.store.report()
    assert len(caplog.messages) == 1


def test_contexts_are_reported_by_the_bookmark_that_is_behind():
    entries = [{"context": {"part": 1}, **given(day(5))}, {"context": {"part": 2}, **given(day(7))}]
    read = Reading({"partitions": entries}, partitions=[{"part": n} for n in (1, 2, 3)])
    assert read.store.moves() == []
    assert read.store.earliest() == (None, None)
    for part, value in ((1, 9), (2, 8)):
        read.begin({"part": part}).page(value)
        read.end_slice(20)
    assert read.store.moves() == [(day(5), day(9)), (day(7), day(8))]
    assert read.store.earliest() == (day(7), day(8))
    read.begin({"part": 3})
    assert read.store.earliest() == (None, None)


def test_stream_that_did_not_begin_is_reported_by_its_bookmark():
    assert Reading(given(day(5))).store.earliest() == (day(5), day(5))


@pytest.mark.parametrize(
    ("start", "name", "warns"),
    [(5, "since", True), (5, None, False), (None, "since", False), (4, "since", False)],
)
@pytest.mark.parametrize("order", ["none", "asc"])
def test_records_older_than_the_bound_that_was_sent_are_warned_of_once(
    start, name, warns, order, caplog
):
    read = Reading(incremental={"start_param": name, "order": order}).begin()
    read.page(6, 7, start=start)
    read.page(4, 6, 8, start=start)
    read.page(4, 6, 8, start=start)
    older = f"the API returned records older than the lower bound ({day(4)} before {day(5)}), "
    found = [line for line in said(caplog) if "order" not in line]
    assert found == [older + "so it may ignore start_param 'since'"] * warns


def test_end_date_does_not_limit_a_number(caplog):
    Reading(schema=NUMBER, dates={"end": "2023-02-01"}).begin()
    assert said(caplog) == ["end_date does not limit it: 'at' is no time"]


def test_format_that_a_number_fits_is_named(caplog):
    read = Reading(schema=NUMBER, incremental={"format": "epoch"}).begin()
    value = int(NOW * 1000)
    read.page(f"{value}")
    assert said(caplog) == [
        f"'at' is no time in that unit; set the incremental format epoch_ms, which {value} fits"
    ]
    caplog.clear()
    Reading(given(value), schema=NUMBER, incremental={"format": "epoch"}).begin()
    ignored = f"ignoring its bookmark {value}: it is no value of 'at'; "
    assert said(caplog) == [ignored + f"set the incremental format epoch_ms, which {value} fits"]
