"""What a page of encoded records knows of them."""

from __future__ import annotations

import msgspec
import pytest

from tests.support.encoded import page_of

ROWS = (b'{"a":1}', b'{"a":null,"b":2}', b"{}")


def test_presence_of_a_field():
    """In any record, and in each; an added field is in each."""
    added = {"columns": {"c": [b"1"] * 3}, "constants": {"d": None}}
    page = page_of(*ROWS, b'{"a":4}', reads="a b e", **added)
    found = {name: (page.has(name), page.has(name, always=True)) for name in "abcde"}
    assert found == {
        "a": (True, False), "b": (True, False), "c": (True, True), "d": (True, True),
        "e": (False, False),
    }  # fmt: skip
    assert page_of(*ROWS[:2], reads="a").has("a", always=True)


def test_values_of_a_field_are_as_they_are_written():
    """An added field wins over one of the records, a column over a constant."""
    page = page_of(
        *ROWS,
        reads="a b",
        columns={"b": [b"7", b"8", b"9"]},
        constants={"b": 0, "c": {"é": [None]}},
    )
    assert [bytes(one) for one in page.member("a")] == [b"1", b"null", b"null"]
    assert page.member("b") == [b"7", b"8", b"9"]
    assert page.member("c") == ['{"é":[null]}'.encode()] * 3


def test_part_of_the_records():
    """All that has one value for each record has the same part; the others are counted."""
    page = page_of(
        b'{"a":1}', b'{"a":2}', b'{"a":3}', b'{"a":4}',
        reads="a", columns={"c": [b"5", b"6", b"7", b"8"]}, in_order=[1, 2, 3, 4],
        left_out={"by x": 2},
    )  # fmt: skip
    some = page.select([True, False, True, True], "by y")
    some = some.select([True, True, False], "by x")
    assert (some.json, some.records) == (b'[{"a":1},{"a":3}]', [b'{"a":1}', b'{"a":3}'])
    assert [bytes(one) for one in some.members["a"]] == [b"1", b"3"]
    assert some.columns == {"c": [b"5", b"7"]}
    assert some.left_out == {"by x": 3, "by y": 1}
    assert some.in_order == [1, 2, 3, 4]


def test_page_of_which_all_is_kept_is_unchanged():
    page = page_of(*ROWS, constants={"c": 1})
    assert page.select([True] * 3, "by x") is page


@pytest.mark.parametrize(
    ("record", "error"),
    [
        (b"{}", LookupError),
        (b'{"c":1}', LookupError),
        (b'{"d":1}', LookupError),
        (b"[1]", msgspec.ValidationError),
        (b'{"x":1e99999999999999999999}', ArithmeticError),
    ],
)
@pytest.mark.parametrize("place", [0, 1])
def test_record_that_is_left_out_is_checked(record, error, place):
    """The general way says what is wrong, also with a record that it leaves out."""
    rows = [b'{"a":1}', b'{"a":2}', b'{"a":3}']
    rows[place] = record
    page = page_of(*rows, columns={"c": [b"1"] * 3}, constants={"d": 1})
    with pytest.raises(error):
        page.select([False, False, True], "by x")


def test_constants_end_each_record():
    assert page_of(constants={"c": 1, "d": "é"}).suffix == ',"c":1,"d":"é"'.encode()
    assert page_of().suffix == b""
