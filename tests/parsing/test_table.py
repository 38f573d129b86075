"""CSV as people export it is read by its rows, or refused with a reason."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.errors import ResponseError
from tap_oauth2_generic.parsing.extract_records import RecordSettings
from tap_oauth2_generic.parsing.page import read_page
from tap_oauth2_generic.settings.fields import ErrorCollector
from tap_oauth2_generic.settings.fields import read as read_settings
from tests.support.server import Reply
from tests.support.settings import valid_settings

ROWS = [{"a": "1", "b": "x y"}, {"a": "2", "b": ""}]
tables = {
    "semicolons": ({"csv_separator": ";"}, "a;b\r\n1;x y\r\n2;\r\n"),
    "tabs": ({"csv_separator": "\t"}, "a\tb\n1\tx y\n2\t"),
    "bars": ({"csv_separator": "|"}, "a|b\n1|x y\n2|\n"),
    "a separator line": ({}, "sep=;\r\na;b\r\n1;x y\r\n2;\r\n"),
    "a quoted separator line": ({}, '"sep=\t"\na\tb\n1\tx y\n2\t\n'),
    "a separator line after a mark": ({}, "\ufeffsep=;\na;b\n1;x y\n2;\n"),
    "single quotes": ({"csv_quote": "'"}, "a,b\n1,'x y'\n'2',''\n"),
    "lines before the names": ({"csv_skip_lines": 2}, "Report, of, May\n\na,b\n1,x y\n2,\n"),
    "a separator line and others": ({"csv_skip_lines": 1}, "sep=|\n# Report\na|b\n1|x y\n2|\n"),
    "no names": ({"csv_columns": ["a", "b"]}, "1,x y\n2,\n"),
    "other names": ({"csv_columns": ["a", "b"], "csv_skip_lines": 1}, "A,B\n1,x y\n2,\n"),
    "no names, semicolons": ({"csv_columns": ["a", "b"], "csv_separator": ";"}, "1;x y\n2;\n"),
    "empty lines": ({}, "a,b\n\n1,x y\n\n2,\n\n"),
    "line breaks of old Macs": ({}, "a,b\r1,x y\r2,\r"),
}


def read(raw, content, *, keep_encoded=False):
    where = valid_settings(RecordSettings, {"response_format": "csv", **raw})
    content = content if isinstance(content, bytes) else content.encode()
    return read_page("", 200, {}, content, where, keep_encoded=keep_encoded)


@pytest.mark.parametrize("keep_encoded", [False, True])
@pytest.mark.parametrize(("raw", "content"), tables.values(), ids=tables)
def test_table_is_read_as_it_is_exported(raw, content, keep_encoded):
    page = read(raw, content, keep_encoded=keep_encoded)
    assert page.records == ROWS
    assert (page.written is not None) == keep_encoded


@pytest.mark.parametrize("keep_encoded", [False, True])
@pytest.mark.parametrize(
    ("names", "found"),
    [
        ("a,a", ["a", "a_2"]),
        ("a,b,a,a", ["a", "b", "a_2", "a_3"]),
        ("a,a,a_2", ["a", "a_3", "a_2"]),
        ("a,,", ["a", "column_2", "column_3"]),
        (",column_1", ["column_1_2", "column_1"]),
    ],
)
def test_name_that_comes_again_or_is_empty_gets_its_number(names, found, keep_encoded):
    values = [str(number) for number in range(len(found))]
    page = read({}, f"{names}\n{','.join(values)}\n", keep_encoded=keep_encoded)
    assert page.records == [dict(zip(found, values, strict=True))]


def test_empty_quote_means_that_nothing_is_quoted():
    assert read({"csv_quote": ""}, 'a,b\n"1,2"\n').records == [{"a": '"1', "b": '2"'}]


@pytest.mark.parametrize("keep_encoded", [False, True])
@pytest.mark.parametrize(
    ("raw", "content", "says"),
    [
        ({}, "a,b\n1,2\nTotal\n", "row 3 has 1 values for 2 columns"),
        ({"csv_columns": ["a"]}, "1,2\n", "row 2 has 2 values for 1 columns"),
        ({"csv_separator": ";"}, "a,b;c\n1,2\n", "row 2 has 1 values for 2 columns"),
        ({}, 'a,b\n1,"2\n', "it is not CSV"),
        ({"csv_columns": ["a"]}, "<html>\n</html>", "it is not CSV"),
        ({"csv_skip_lines": 1}, 'x\n{"error": 1}', "it is not CSV"),
    ],
)
def test_table_that_does_not_fit_is_an_error(raw, content, says, keep_encoded):
    with pytest.raises(ResponseError, match=says):
        _ = read(raw, content, keep_encoded=keep_encoded).records


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ({"csv_separator": "tab"}, "csv_separator: must be one ASCII character, not 'tab'"),
        ({"csv_separator": ""}, "csv_separator: must be one ASCII character, not ''"),
        ({"csv_quote": "„"}, "csv_quote: must be one ASCII character"),
        ({"csv_skip_lines": -1}, "csv_skip_lines: must be at least 0"),
        ({"csv_columns": ["a", "a"]}, "csv_columns: must be different names"),
        ({"csv_columns": "a"}, "csv_columns: must be an array"),
    ],
)
def test_wrong_setting_of_a_table_is_an_error(raw, says):
    collector = ErrorCollector()
    read_settings(RecordSettings, raw, collector)
    assert says in collector.errors[0]


def test_rows_of_an_export_are_emitted(api, tap):
    content = "Report of May\r\nid;name\r\n1;Zoë\r\n".encode("cp1252")
    kind = {"Content-Type": "text/csv; charset=windows-1252"}
    api.serve("/items", Reply(content, headers=kind))
    stream = {"name": "items", "path": "items", "response_format": "csv"}
    run = tap.ok(api.config({**stream, "csv_separator": ";", "csv_skip_lines": 1}))
    assert run.records() == [{"id": "1", "name": "Zoë"}]
