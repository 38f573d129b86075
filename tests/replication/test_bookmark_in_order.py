"""A page of rising replication values is compared at once; the bookmark is that of each value."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.replication.bookmark import Bookmark
from tap_oauth2_generic.replication.bounds import Bound

TIMES = st.sampled_from([
    "2022-01-01T00:00:00Z", "2023-01-01T00:00:00Z",
    "2024-01-01T00:00:00Z", "2024-01-01T00:00:00+00:00", "2024-01-01T01:00:00+01:00",
    "2024-01-02T00:00:00.1234567Z", "2024-01-02T00:00:00.1234569Z", "2024-01-03T00:00:00Z",
    "2024-01-04T00:00:00Z", "2024-01-05T00:00:00Z",
])  # fmt: skip
NUMBERS = st.integers(-3, 9) | st.sampled_from([10**12, 10**20, -(10**20)])
OTHERS = st.sampled_from(["x", "2024-01-02", "2024-01-02T00:00:00", "5", True, 1.5])
PAGE = st.one_of(
    st.lists(TIMES, max_size=8).map(sorted),
    st.lists(NUMBERS, max_size=8).map(sorted),
    st.lists(TIMES, max_size=8),
    st.lists(TIMES | NUMBERS | OTHERS, max_size=8),
)
PATTERNS = st.sampled_from(["iso", "epoch", "epoch_ms", "date", "%Y-%d-%mT%H:%M:%SZ"])


def seen(bookmark):
    """Return all that a bookmark knows."""
    known = {**vars(bookmark)}
    return known.pop("misread") is None, known


@settings(max_examples=300)
@given(
    pages=st.lists(PAGE, max_size=3),
    previous=st.sampled_from([None, "2024-01-02T00:00:00Z", 4]),
    pattern=PATTERNS,
)
def test_page_of_rising_values_leaves_the_bookmark_that_each_value_leaves(pages, previous, pattern):
    one, other = Bookmark(previous, pattern), Bookmark(previous, pattern)
    for page in pages:
        moved = [one.observe(value) for value in page]
        assert other.observe_in_order(page) == any(moved)
        assert seen(other) == seen(one)


@given(page=PAGE | st.lists(TIMES | st.none()), raw=TIMES | NUMBERS | OTHERS, pattern=PATTERNS)
def test_bound_compares_a_page_as_each_of_its_values(page, raw, pattern):
    bound = Bound.of(raw, pattern)
    each = [bound.is_before(value) - bound.is_after(value) for value in page]
    assert bound.compare(page) == each
