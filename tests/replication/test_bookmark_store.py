"""When the bookmark of a context moves in the state: page by page, and slice by slice."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.singer.state_writer import PROGRESS
from tests.support.offline import Reading, as_day, day


def ascending(state=None, **settings):
    return Reading(state, incremental={"order": "asc"}, **settings).begin()


def given(value, key="at"):
    return {"replication_key": key, "replication_key_value": as_day(value)}


def test_ascending_pages_move_the_bookmark_a_page_behind():
    """Only the next page shows that a page kept the order."""
    read = ascending()
    assert [read.page(1, 2), read.page(3, 4), read.page(5)] == [None, 1, 3]


@pytest.mark.parametrize("order", ["none", "desc"])
def test_pages_in_any_other_order_move_no_bookmark(order):
    read = Reading(incremental={"order": order}).begin()
    assert [read.page(1, 2), read.page(3, 4), read.page(5)] == [None] * 3


def test_page_without_values_or_after_an_unread_one_moves_no_bookmark():
    read = ascending()
    read.page(1, 2)
    assert read.page(None) is None
    read = ascending()
    read.page(1, 2)
    assert read.page(3, may_move=False) is None


def test_ascending_pages_move_the_bookmark_to_the_end_of_their_slice_at_most():
    read = ascending()
    read.page(1, 25, 26, end=9)
    assert read.page(27, end=9) == 9


@pytest.mark.parametrize(("state", "kept"), [(None, None), (given(2), 2)])
def test_order_that_is_not_kept_takes_the_bookmark_back(state, kept, caplog):
    read = ascending(state)
    read.page(3, 4)
    assert read.page(5, 6) == 3
    assert read.page(4, 7) == kept
    assert read.page(8, 9) == kept
    assert caplog.messages == [
        "stream 'items': records are not in ascending order; an interrupted run starts over"
    ]


def test_order_that_is_not_kept_takes_the_bookmark_back_to_the_end_of_the_slice_before():
    read = ascending()
    read.page(1, 2)
    assert read.end_slice(10) == 2
    read.page(13, 14)
    assert [read.page(15, 16), read.page(14)] == [13, 2]


def test_each_slice_has_an_order_of_its_own(caplog):
    """One that is not in order, or ends with a later value, keeps no other from moving."""
    read = ascending()
    read.page(1, 3, 2)
    assert read.end_slice(10) == 3
    read.page(11, 12)
    assert [read.page(13, 14), read.page(15)] == [11, 13]
    assert len(caplog.messages) == 1


def test_first_page_of_a_slice_moves_no_bookmark():
    read = ascending()
    read.page(1, 25, 26)
    assert read.end_slice(10) == 10
    assert read.page(27, end=20) == 10


def test_value_beyond_its_slice_takes_no_later_slice_back():
    """The values of the next one are no higher, and the bookmark stays where it is."""
    read = ascending()
    read.page(1, 5, 25)
    assert read.end_slice(10) == 10
    assert [read.page(11, 12), read.page(13), read.page(14)] == [10, 10, 10]


@pytest.mark.parametrize(
    ("values", "end", "state", "bookmark"),
    [
        ((3, 5, 4), 10, None, 5),
        ((3, 12), 10, None, 10),
        ((3,), 10, given(5), 5),
        ((), 10, given(5), 5),
        ((), 10, None, None),
        ((12,), 10, given(11), 11),
        ((12, 7), 10, None, None),
    ],
)
@pytest.mark.parametrize("order", ["none", "desc"])
def test_slice_moves_the_bookmark_to_its_end_at_most(values, end, state, bookmark, order):
    """Not if timestamps and numbers are mixed, and never back."""
    read = Reading(state, incremental={"order": order}).begin()
    is_mixed = values == (12, 7)
    assert read.page(*values, *(["5"] if is_mixed else [])) == (state and bookmark)
    assert read.end_slice(end, may_move=False) == (state and bookmark)
    assert read.end_slice(end) == bookmark


@pytest.mark.parametrize("state", [None, given(5)])
def test_read_that_is_complete_promotes_its_highest_value(state):
    read = Reading(state).begin()
    read.page(9, 3)
    read.page(1, 2, None)
    assert read.state[PROGRESS]["replication_key"] == "at"
    assert read.state[PROGRESS]["replication_key_value"] == day(9)
    read.store.settle(read.state, is_complete=True)
    assert read.state[PROGRESS]["replication_key_value"] == day(9)


def test_stream_without_a_replication_key_has_no_bookmark(caplog):
    read = Reading(given(5), replication_key=None).begin()
    before = dict(read.state)
    assert read.store.previous(None) is None
    read.page(7, 8)
    read.end_slice(9)
    read.store.settle(read.state, is_complete=False)
    read.store.report()
    assert (read.state, caplog.messages) == (before, [])
    assert (read.store.moves(), read.store.earliest()) == ([], (None, None))


@pytest.mark.parametrize("odd", [{"a": 1}, {}, [1], [], True, False])
def test_what_can_be_no_bookmark_leaves_the_state(odd):
    read = Reading(given(odd)).begin()
    assert read.state == {}


def test_bookmark_of_a_type_that_the_column_may_get_stays_in_the_state(caplog):
    """It is ignored, with a warning, until a value replaces it."""
    read = Reading(given("soon")).begin()
    assert (read.store.previous(None), read.bookmark) == (None, "soon")
    assert caplog.messages == ["stream 'items': ignoring its bookmark soon: it is no value of 'at'"]
    read.page(3)
    assert read.end_slice(9) == 3


@pytest.mark.parametrize("pages", [[(2,), (2,), (2,)], [("x",), (1,), (1,)]])
def test_slice_without_a_higher_value_takes_no_bookmark_back(pages):
    read = ascending()
    read.page(1, 2)
    assert read.end_slice(10) == 2
    assert [read.page(*values) for values in pages] == [2, 2, 2]


def test_each_context_has_a_bookmark_of_its_own():
    read = ascending(partitions=[{"part": 1}, {"part": 2}])
    for part in (1, 2):
        read.begin({"part": part}).page(part, 3)
        assert read.page(4) == part
        assert read.state[PROGRESS]["replication_key_value"] == day(4)
    states = read.stream.stream_state["partitions"]
    assert [state["replication_key_value"] for state in states] == [day(1), day(2)]


def test_bookmark_that_moved_is_sent(capsys):
    """One that stays is not."""
    read = ascending(given(2))
    read.page(2, 3)
    assert "STATE" not in capsys.readouterr().out
    assert read.page(4) == 2
    assert "STATE" not in capsys.readouterr().out
    assert read.page(5) == 3
    assert f'"replication_key":"at","replication_key_value":"{day(3)}"' in capsys.readouterr().out
    assert read.end_slice(9) == 5
    assert {**read.state, PROGRESS: None} == {**given(5), PROGRESS: None}
