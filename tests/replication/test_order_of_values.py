"""The order of replication values: what a bookmark counts, and when a descending read ends."""

from __future__ import annotations

from decimal import Decimal
from operator import ge, le

import pytest

from tap_oauth2_generic.replication.bookmark import (
    Bookmark,
    Descent,
    IncrementalSettings,
    extremes,
    in_order,
)
from tap_oauth2_generic.replication.bounds import Bound
from tap_oauth2_generic.replication.key_format import TimeFormat, zone_named
from tests.support.settings import valid_settings

DAYS = ["2023-12-31T00:00:00Z", *(f"2024-01-0{day}T00:00:00Z" for day in range(1, 10))]


def observed(values, previous=None, pattern="iso"):
    bookmark = Bookmark(previous, pattern)
    assert not bookmark.mixed
    for value in values:
        bookmark.observe(value)
    return bookmark


@pytest.mark.parametrize(
    ("values", "descents"),
    [([1, 2, 2, 3], 0), ([3, 1], 1), ([1, 3, 2, 2, 1], 2), ([3, 1, 3], 1), ([3, "x", 1], 1)],
)
def test_value_below_the_one_before_is_a_descent(values, descents):
    assert observed(values).descents == descents
    assert observed(values, previous=9).descents == descents


def test_slice_has_an_order_of_its_own():
    bookmark = observed([5, 3])
    bookmark.begin_slice()
    assert bookmark.descents == 0
    for value in (1, 2, 1):
        bookmark.observe(value)
    assert bookmark.descents == 1
    assert bookmark.value == 5


@pytest.mark.parametrize(
    ("values", "previous", "passed", "value"),
    [
        ([], None, None, None),
        ([], 4, 4, 4),
        ([5], None, None, 5),
        ([5], 4, 4, 5),
        ([5, 7], 4, 5, 7),
        ([5, 7, 7, 6], 4, 5, 7),
        ([3], 4, 4, 4),
        ([DAYS[1], DAYS[1].replace("Z", "+00:00"), DAYS[2]], None, DAYS[1], DAYS[2]),
    ],
)
def test_value_below_the_highest_is_passed(values, previous, passed, value):
    bookmark = observed(values, previous)
    assert (bookmark.passed, bookmark.value) == (passed, value)


@pytest.mark.parametrize(
    ("values", "previous", "mixed", "unreadable"),
    [
        ([1, 2], None, False, []),
        ([1, "x"], None, False, ["x"]),
        ([1, DAYS[1]], None, True, [DAYS[1]]),
        ([DAYS[1], 1, "x"], None, True, [1, "x"]),
        ([DAYS[1]], 5, True, [DAYS[1]]),
        (["x", None], 5, False, ["x", None]),
    ],
)
def test_timestamps_and_numbers_are_mixed(values, previous, mixed, unreadable):
    """Other values only count as unreadable."""
    bookmark = observed(values, previous)
    assert (bookmark.mixed, bookmark.unreadable) == (mixed, len(unreadable))
    assert bookmark.misread == (unreadable[-1] if unreadable else None)


@pytest.mark.parametrize("values", [DAYS[1:7], [1, 2, 2, 3, 9]])
def test_page_that_does_not_compare_with_the_bookmark_counts_each_value(values):
    bookmark = Bookmark(5 if values[0] == DAYS[1] else DAYS[1], "iso")
    assert bookmark.observe_in_order(values) is False
    assert bookmark.unreadable == len(values)


def descent(*pages, start=DAYS[3]):
    follows = Descent(Bound.of(start, "iso"))
    return [follows.ends_with(page) for page in pages], follows.is_kept


@pytest.mark.parametrize(
    ("pages", "ends", "is_kept"),
    [
        ([[9, 8], [3, 2], [2, 1]], [False, False, True], True),
        ([[2, 1], [1], [0]], [True, True, True], True),
        ([[9], [], [2]], [False, False, True], True),
        ([[9, 8], [9], [2]], [False, False, False], False),
        ([[8, 9], [2]], [False, False], False),
        ([[2, 1], [1, 2], [1]], [True, False, False], False),
        ([[9, None, 8], [2, None], [2]], [False, False, True], True),
        ([[9, None], [None, None, 9, 2, None, 3], [2]], [False, False, False], False),
        ([[8], [9, 7, 6], [2]], [False, False, False], False),
        ([[9, 7], [8, 2], [2]], [False, False, False], False),
        ([[8], [9, None], [2]], [False, False, False], False),
    ],
)
@pytest.mark.parametrize("kind", ["times", "numbers"])
def test_descending_read_ends_with_a_page_that_is_older_than_its_start(pages, ends, is_kept, kind):
    """None is a value that does not compare; once a value was higher, nothing ends the read."""
    there = DAYS if kind == "times" else list(range(10))
    other = 5 if kind == "times" else DAYS[5]
    written = [[other if at is None else there[at] for at in page] for page in pages]
    assert descent(*written, start=there[3]) == (ends, is_kept)


def test_start_that_is_no_value_ends_no_read():
    assert descent([3, 2], [9], start="soon") == ([False, False], True)


MIXED_OFFSETS = [DAYS[2], "2024-01-01T00:00:00"]


@pytest.mark.parametrize(
    ("values", "pattern", "falls"),
    [
        ([3, 2, 2], "iso", True),
        ([2, 3], "iso", False),
        ([DAYS[3], DAYS[2]], "iso", True),
        ([DAYS[2], DAYS[3]], "epoch", False),
        ([3, True], "iso", False),
        (MIXED_OFFSETS, "iso", False),
        (["9", "10"], "iso", False),
        ([DAYS[3], DAYS[2]], "date", False),
        ([DAYS[3], DAYS[2]], "%Y", False),
        ([DAYS[3], DAYS[2]], TimeFormat("iso", "", zone_named("Europe/Berlin")), False),
    ],
)
def test_only_integers_or_times_are_known_to_be_in_order(values, pattern, falls):
    assert (in_order(values, ge, pattern) is not None) == falls
    assert in_order(values[:1], le, "iso") is not None or values[:1] == ["9"]


@pytest.mark.parametrize(
    ("values", "pattern", "found"),
    [
        ([], "iso", []),
        ([2, 9, 5], "iso", [2, 9]),
        ([2, 9, 5], "epoch", [2, 9]),
        ([2, 9, Decimal(5)], "iso", None),
        ([2, 9, True], "iso", None),
        ([DAYS[2], DAYS[9], DAYS[5], DAYS[2]], "iso", [DAYS[2], DAYS[9]]),
        ([DAYS[2], DAYS[9], DAYS[9].replace("Z", "+00:00"), DAYS[5]], "iso", [0, 1, 2]),
        ([DAYS[2], DAYS[9], DAYS[5], "x"], "iso", None),
        ([DAYS[2], DAYS[9], DAYS[5], "2024-01-01T00:00:00"], "iso", None),
        (["2024-01-03T00:00:00", "2024-01-01T00:00:00", "2024-01-02T00:00:00"], "iso", None),
        ([DAYS[2], DAYS[9], DAYS[5]], "%Y-%d-%mT%H:%M:%SZ", None),
        ([2, 9, 5], TimeFormat("iso", "%d%m%Y", zone_named("UTC")), None),
        ([2, 9, 5], TimeFormat("iso", "", zone_named("UTC")), [2, 9]),
    ],
)
def test_extremes_are_known_of_integers_and_of_times_with_an_offset(values, pattern, found):
    """All values may be extreme otherwise; equal times are both."""
    if found is None:
        found = values
    elif found == [0, 1, 2]:
        found = values[:3]
    assert extremes(values, pattern) == found


@pytest.mark.parametrize("word", ["iso", "epoch", "epoch_ms", "epoch_us", "date", "%d.%m.%Y"])
def test_format_is_a_word_or_a_pattern(word):
    found = valid_settings(IncrementalSettings, {"format": word, "timezone": "Europe/Berlin"})
    assert found.format == word
    times = TimeFormat(word, "", zone_named("Europe/Berlin"))
    assert (found.times, found.times.key_format, found.times.zone) == (times, "", times.zone)
