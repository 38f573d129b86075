"""The replication values that a page of encoded records may move a bookmark to."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tap_oauth2_generic.records.conform import RecordConformer
from tap_oauth2_generic.records.passthrough import Conform
from tap_oauth2_generic.records.pipeline import Slice
from tests.records.test_passthrough import Selected
from tests.support.encoded import page_of

TIME = {"type": ["string", "null"], "format": "date-time"}
TIMES = [f'"2024-01-0{day}T00:00:00{zone}"' for day, zone in [(2, "Z"), (3, "Z"), (1, "Z")]]


def values(texts, column, *, is_ordered=False, way="own", others=("a",), inferred=True):
    """Return the values of a page that has these in its records, or in an added field."""
    columns = {**{name: {"type": "integer"} for name in others}, "at": column}
    conformer = RecordConformer(
        {"properties": columns}, Selected(), refuses_new_fields=True, checks_formats=inferred
    )
    adds = ["at"] if way != "own" else []
    step = Conform(conformer, adds, "at", is_ordered=is_ordered)
    if way == "own":
        rows = [b'{"a":1' + (b',"at":' + text.encode() if text else b"") + b"}" for text in texts]
        page = page_of(*rows)
    elif way == "column":
        page = page_of(*[b'{"a":1}'] * len(texts), columns={"at": [t.encode() for t in texts]})
    else:
        page = page_of(*[b'{"a":1}'] * len(texts), constants={"at": way})
    made = step.apply_encoded(page, Slice({}))
    return made.replication_values, made.without


def plain(*texts):
    return [text.strip('"') for text in texts]


@pytest.mark.parametrize("way", ["own", "column"])
@pytest.mark.parametrize("others", ["a", "ab"])
def test_of_times_the_first_and_the_last_matter(way, others):
    """Those that are equal to one of them, too, as they are written."""
    same = '"2024-01-03T01:00:00.0000001+01:00"'
    texts = [TIMES[0], TIMES[1], "null", TIMES[2], same]
    assert values(texts, TIME, way=way, others=others) == (plain(TIMES[1], TIMES[2], same), 1)


@pytest.mark.parametrize("way", ["own", "column"])
def test_all_times_matter_in_order(way):
    """Or if one has no zone: it cannot be compared."""
    assert values(TIMES, TIME, way=way, is_ordered=True) == (plain(*TIMES), 0)
    texts = [*TIMES, '"2024-01-02T12:00:00"']
    assert values(texts, TIME, way=way) == (plain(*texts), 0)


def test_record_may_lack_its_value():
    assert values(["", TIMES[0], ""], TIME) == (plain(TIMES[0]), 2)
    assert values(["", "null"], TIME) == ([], 2)
    assert values([], TIME) == ([], 0)


@pytest.mark.parametrize("way", ["own", "column"])
def test_numbers_and_strings_all_matter(way):
    """With every digit: a float would round them."""
    column = {"type": ["number", "string", "null"]}
    texts = ["12345678901234567890.5", '"x"', "null", "1", "2.50"]
    expected = [Decimal(texts[0]), "x", 1, Decimal("2.50")]
    found, without = values(texts, column, way=way, inferred=False)
    assert (found, without) == (expected, 1)
    assert [*map(type, found)] == [*map(type, expected)]
    assert values(["3", "null", "2"], {"type": ["integer", "null"]}, way=way) == ([3, 2], 1)


@pytest.mark.parametrize("way", ["2024-01-01T00:00:00Z", 5, Decimal("1.50"), True])
def test_value_of_the_context_is_that_of_each_record(way):
    assert values(["", ""], {"type": ["number", "boolean", "string"]}, way=way) == ([way, way], 0)


def test_context_may_have_no_value():
    assert values(["", ""], {"type": ["string", "null"]}, way=None) == ([], 2)
