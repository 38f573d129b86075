"""JSON is decoded with every number exact, or refused with a reason."""

from __future__ import annotations

import json
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.parsing.formats import decode, open_envelope
from tap_oauth2_generic.parsing.json_list import LARGE_BYTES, as_list
from tap_oauth2_generic.parsing.table import TableFormat
from tap_oauth2_generic.settings.paths import parse_path

quick = settings(max_examples=100)
scalars = st.none() | st.booleans() | st.text(st.characters(codec="utf-8"))
scalars |= st.integers() | st.decimals(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@quick
@given(json_values)
def test_decoding_is_exact(value):
    content = msgspec.json.Encoder(decimal_format="number").encode(value)
    assert decode(content) == value
    assert decode(b"\xef\xbb\xbf" + content) == value


@pytest.mark.parametrize("digits", [18, 19, 20, 40, 999, 1000, 5000])
@pytest.mark.parametrize("sign", ["", "-"])
def test_integers_of_any_length_are_exact(digits, sign):
    text = sign + "1234567890" * (digits // 10) + "7" * (digits % 10)
    assert Decimal(decode(text.encode())) == Decimal(text)


@pytest.mark.parametrize(
    "text", ["0.1", "1.10", "12345678901234567.89", "1e-400", "1E400", "-0.00000000000000000001"]
)
def test_fractions_are_exact(text):
    assert str(decode(text.encode())) == str(Decimal(text))


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"", None),
        (b" \r\n\t", None),
        (b"null", None),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'{"\\ud800": "a\\udc00b"}', {"\ufffd": "a\ufffdb"}),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b'"\\u0000"', "\x00"),
    ],
)
def test_unusual_json_is_decoded(content, value):
    """A lone surrogate becomes U+FFFD."""
    assert decode(content) == value


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"<html></html>", "it is not JSON"),
        (b"NaN", "it is not JSON"),
        (b'{"a": Infinity}', "it is not JSON"),
        (b'{"a": 1', "it is not JSON"),
        (b'{"a": 1} x', "it is not JSON"),
        (b'"caf\xe9"', "its bytes are not UTF-8 \\(at byte 4\\)"),
        ('{"a": 1}'.encode("utf-16"), "its bytes are not UTF-8"),
        (b"[" * 100_000 + b"]" * 100_000, "nested too deep"),
        (b'{"a": 1e99999999999999999999}', "exponent is out of range"),
        (b"[" * 990 + b'"\\ud800"' + b"]" * 990, "nested too deep"),
        (b'["\\ud800",' + b"[" * 100_000 + b"]" * 100_001, "nested too deep"),
    ],
)
def test_undecodable_content_is_a_value_error(content, says):
    with pytest.raises(ValueError, match=says):
        decode(content)


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
@pytest.mark.parametrize("names", ["a,b,c", '"a","b","c"', '"a,1",b,c', "\ufeffa,b,c", "a,b,"])
@pytest.mark.parametrize("row", ["2,bb", "2", "2,b,b,b", '"2,b",b'])
def test_csv_line_with_another_number_of_fields_is_an_error(names, row, end):
    """RFC 4180: a shorter line may have been cut off."""
    decode_csv = TableFormat().decode
    with pytest.raises(ValueError, match=r"row 3 has \d values for 3 columns"):
        decode_csv(f"{names}\n1,b,c\n{row}{end}".encode())
    assert len(decode_csv(f"{names}\n1,b,c\n2,b,{end}".encode())) == 2


records = st.lists(
    st.dictionaries(st.sampled_from(["a", "b"]), st.integers() | st.just([])), max_size=3
)
bodies = st.recursive(
    records | st.none() | st.text(max_size=3),
    lambda inner: st.dictionaries(
        st.sampled_from(["data", "items", "data.items", "meta"]), inner, max_size=4
    ),
    max_leaves=6,
)


@quick
@given(
    body=bodies,
    path=st.sampled_from(["$", "data", "data.items", "$.data", "'data.items'", "data.items.data"]),
    separators=st.sampled_from([(",", ":"), (", ", ": "), (", ", ":"), (",\n", ":"), (" ,", " :")]),
)
def test_opened_envelope_is_the_body_without_its_records(body, path, separators):
    """Its records and the rest are those of the decoded body, wherever equal lists are."""
    parsed = parse_path(path)
    content = json.dumps(body, separators=separators).encode()
    opened = open_envelope(content, parsed)
    found = parsed.find(body)
    if not isinstance(found, list):
        assert opened is None
    elif opened is not None:
        rest, written = opened
        assert [decode(bytes(one)) for one in written.members] == found == decode(written.text)
        assert parsed.find(rest) == []
        found.clear()
        assert rest == body
    else:
        # It is no list of records, or another key has the name of the path.
        assert "data.items" in content.decode()


@pytest.mark.parametrize("pad", ["", "x" * LARGE_BYTES], ids=["small", "large"])
def opened(content):
    """Return the rest of a body and the records of its parts."""
    rest, written = open_envelope(content.encode(), parse_path("data"))
    parts = list(written.parts())
    assert all(part.text == as_list(part.members) for part in parts)
    assert written.length == sum(part.length for part in parts)
    return rest, [bytes(one).decode() for part in parts for one in part.members]


PADS = pytest.mark.parametrize("pad", ["", "x" * LARGE_BYTES], ids=["small", "large"])


@PADS
@pytest.mark.parametrize("space", ["", " ", "\n", "\r\n  "])
@pytest.mark.parametrize("before", ["", '"last": {"id": 1}, ', '"meta": {"data": [{"id": 1}]}, '])
def test_list_of_records_stays_encoded(before, space, pad):
    """Spaces, a byte order mark, and equal records before the list do not matter."""
    items = f"{space},".join([f'{{"id": {space}{number}}}' for number in (1, 2, 3)])
    content = f'{{{before}"data":{space}[{space}{items}{space}]{space}, "pad": "{pad}"}}'
    for written in (content, content.replace(": ", ":"), f"\ufeff{content}"):
        rest, records = opened(written)
        assert records == ['{"id":1}', '{"id":2}', '{"id":3}']
        assert rest == json.loads(content) | {"data": []}


@PADS
@pytest.mark.parametrize("colon", [":", ": "])
@pytest.mark.parametrize("spaced_at", [None, 0, 999, 1000, 1001, 2499])
def test_long_list_of_records_stays_encoded(spaced_at, colon, pad):
    """Wherever a space is; the search compares some members at a time."""
    members = [f'{{"id"{colon}{number}}}' for number in range(2500)]
    spaced = [f" {one}" if number == spaced_at else one for number, one in enumerate(members)]
    content = f'{{"last":{members[0]},"data":[{",".join(spaced)}],"pages":3,"pad":"{pad}"}}'
    rest, records = opened(content)
    assert records == [one.replace(" ", "") for one in members]
    assert rest == {"last": {"id": 0}, "data": [], "pages": 3, "pad": pad}


def test_key_that_is_spelled_like_the_path_is_the_records():
    """The list below it is not opened."""
    content = b'{"data.items":[],"data":{"items":[{"id":1}]}}'
    assert open_envelope(content, parse_path("data.items")) is None
