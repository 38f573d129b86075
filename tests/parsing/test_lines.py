"""JSON Lines and CSV stay encoded, unless anything in them is unusual."""

from __future__ import annotations

import csv
import io
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.parsing.formats import decode, decode_lines
from tap_oauth2_generic.parsing.lines import open_lines, open_table
from tap_oauth2_generic.parsing.table import Dialect, TableFormat

json_lines = {
    "lines": b'{"a":1}\n{"a":2}\n',
    "no last line break": b'{"a":1}\n{"a":2}',
    "one line": b'{"a":1.10}',
    "carriage returns": b'{"a":1}\r\n{"a":2}\r\n',
    "a byte order mark": b'\xef\xbb\xbf{"a":1}\n',
    "spaces": b'{"a": 1, "b": [1, 2]}\n{"a": 2}\n',
    "no objects": b'1\n"x"\nnull\n[1]\n',
    "repeated names": b'{"a":1,"a":2}\n',
    "an escaped line break": b'{"a":"\\n\\r"}\n',
    "separators of Unicode": '{"a":"\u2028\x85"}\n{"a":"\U0001f600"}\n'.encode(),
}
tables = {
    "rows": b"a,b\n1,2\n3,4\n",
    "no last line break": b"a,b\r\n1,2",
    "a byte order mark": b"\xef\xbb\xbfa,b\n1,2\n",
    "empty lines": b"a,b\n\n1,2\r\n\r\n",
    "no rows": b"a,b\n",
    "quotes": b'a,"b c"\n"1,""2""","x\r\ny"\n',
    "escapes": b'a\n\\\n"\t"\n',
    "a name that comes twice": b"a,a,a_2\n1,2,3\n",
    "many scripts": "ü,ł\n\u2028,\U0001f600\x85\n".encode(),
}
other_formats = [("jsonl", name, json_lines[name]) for name in json_lines]
other_formats += [("csv", name, tables[name]) for name in tables]
TABLE = TableFormat()
openers = {"jsonl": open_lines, "csv": lambda content: open_table(content, TABLE)}
decoders = {"jsonl": decode_lines, "csv": TABLE.decode}


@pytest.mark.parametrize(("format_", "content"), [(f, c) for f, _, c in other_formats])
def test_lines_and_rows_stay_encoded(format_, content):
    written = openers[format_](content)
    decoded = decoders[format_](content)
    assert decode(written.text) == [decode(bytes(one)) for one in written.members] == decoded
    assert written.text == b"[" + b",".join(written.members) + b"]"
    assert all(one not in written.text for one in (b"\n", b"\r", b": "))


unusual = {
    "two values on a line": ("jsonl", b'{"a":1}{"a":2}\n'),
    "two values on a line, and an empty line": ("jsonl", b'\n{"a":1}{"a":2}\n'),
    "a value on two lines": ("jsonl", b'{"a":\n1}\n'),
    "a value on two lines, and two on one": ("jsonl", b'{"a":\n1}\n{"a":1} {"a":2}'),
    "lines that join to objects": ("jsonl", b'{"a":1\n"b":2}\n'),
    "values with a comma between": ("jsonl", b'{"a":1},{"b":2}\n'),
    "a line cut in the middle": ("jsonl", b'{"a":1}\n{"a":'),
    "an empty line": ("jsonl", b'{"a":1}\n\n{"a":2}\n'),
    "a space after a value": ("jsonl", b'{"a":1} \n{"a":2}\n'),
    "mixed line breaks": ("jsonl", b'{"a":1}\r\n{"a":2}\n'),
    "no lines": ("jsonl", b" "),
    "a name that JSON escapes": ("csv", b'a,"""b"""\n1,2\n'),
    "a short row": ("csv", b"a,b\n1,2\n3\n"),
    "a long row": ("csv", b"a,b\n1,2,3\n"),
    "bytes that are not UTF-8": ("csv", b"a\n\xff\n"),
    "an open quote": ("csv", b'a\n"1\n'),
    "a web page": ("csv", b" \n<html>\n"),
    "an error": ("csv", b'\xef\xbb\xbf {"error":1}\n'),
    "an empty body": ("csv", b""),
}


@pytest.mark.parametrize(("format_", "content"), unusual.values(), ids=unusual)
def test_unusual_lines_and_rows_are_decoded(format_, content):
    """What each of them means, or what is wrong with it, has one home."""
    assert openers[format_](content) is None


# The csv module of Python 3.10 reads and writes no NUL.
CHARACTERS = st.characters(
    codec="utf-8", exclude_characters="" if sys.version_info >= (3, 11) else "\0"
)


@settings(max_examples=100)
@given(st.lists(st.lists(st.text(CHARACTERS), min_size=3, max_size=3)))
def test_encoded_rows_are_the_decoded_ones(rows):
    text = io.StringIO()
    csv.writer(text).writerows([["a", "b", "c"], *rows])
    content = text.getvalue().encode()
    assert decode(open_table(content, TABLE).text) == TABLE.decode(content)


def _large(rows):
    text = io.StringIO()
    csv.writer(text).writerows([["a", "b"], *rows])
    return text.getvalue().encode()


large_rows = [[str(number), '\ufeff,\n"' * 9 + "x" * 5000] for number in range(2000)]
large_tables = {
    "line breaks in quotes": _large(large_rows),
    "a byte order mark": b"\xef\xbb\xbf" + _large(large_rows),
    "no last line break": _large(large_rows)[:-2],
    "a quote in a value without quotes": b"a,b\n" + (b'1,5"' + b"x" * 5000 + b"\n") * 2000,
    "empty lines": _large(large_rows).replace(b"\r\n", b"\r\n\n"),
}


@pytest.mark.parametrize("content", large_tables.values(), ids=large_tables)
def test_large_table_is_encoded_in_parts(content):
    written, decoded = open_table(content, TABLE), TABLE.decode(content)
    parts = [part.members for part in written.parts()]
    assert [decode(row) for part in parts for row in part] == decoded == decode(written.text)
    assert written.length == len(decoded)
    assert [*map(decode, written.ends)] == [decoded[0], decoded[-1]]
    assert len(parts) > 1 or b'5"' in content


@pytest.mark.parametrize("end", [b"1\r\n", b"1,2,3\r\n", b'1,"2', b"1,\xff\r\n"])
def test_large_table_with_an_unusual_end_is_decoded(end):
    assert open_table(_large(large_rows) + end, TABLE) is None


large_dialects = {
    "other characters": (Dialect(";", "'"), b"a;b\n" + (b"'1;\n';" + b"x" * 5000 + b"\n") * 2000),
    "no quotes": (Dialect("\t", ""), b"a\tb\n" + (b'"1\t' + b"x" * 5000 + b"\n") * 2000),
    "equal names": (Dialect(), b"a,a\n" + (b"1," + b"x" * 5000 + b"\n") * 2000),
}


@pytest.mark.parametrize(("dialect", "content"), large_dialects.values(), ids=large_dialects)
def test_large_table_in_another_dialect_is_encoded_in_parts(dialect, content):
    table = TableFormat(dialect)
    written, decoded = open_table(content, table), table.decode(content)
    assert len([*written.parts()]) > 1
    assert decode(written.text) == decoded
    assert len(decoded) == 2000
