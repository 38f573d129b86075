"""Text in any encoding is read as it is meant, or refused with a reason."""

from __future__ import annotations

import codecs
import json

import pytest

from tap_oauth2_generic.errors import ResponseError
from tap_oauth2_generic.parsing.extract_records import RecordSettings
from tap_oauth2_generic.parsing.page import read_page
from tap_oauth2_generic.settings.fields import ErrorCollector
from tap_oauth2_generic.settings.fields import read as read_settings
from tests.support.server import Reply
from tests.support.settings import valid_settings

TEXT = "Zoë: 5 €"
CONTENT = {
    "json": json.dumps([{"a": TEXT}], ensure_ascii=False),
    "jsonl": json.dumps({"a": TEXT}, ensure_ascii=False) + "\n",
    "csv": f"a\n{TEXT}\n",
}


def read(content, content_type="", **raw):
    where = valid_settings(RecordSettings, raw)
    pages = [
        read_page("", 200, {"Content-Type": content_type}, content, where, keep_encoded=encoded)
        for encoded in (False, True)
    ]
    assert pages[0].records == pages[1].records
    return pages[0].records


@pytest.mark.parametrize("format_", CONTENT)
@pytest.mark.parametrize(
    ("encoding", "content_type", "raw"),
    [
        ("utf-8", "", {}),
        ("utf-8-sig", "", {}),
        ("utf-8-sig", "text/plain; charset=latin-1", {}),
        ("utf-16", "", {}),
        ("utf-32", "", {}),
        ("cp1252", "text/plain; charset=windows-1252", {}),
        ("cp1252", 'text/plain; boundary=x; Charset="CP1252"', {}),
        ("iso8859-15", "text/plain", {"encoding": "latin9"}),
        ("cp1252", "text/plain; charset=utf-8", {"encoding": "windows-1252"}),
        ("utf-16-le", "text/plain; charset=utf-16le", {}),
        ("utf-16", "", {"encoding": "UTF-16"}),
        ("gb18030", "text/plain; charset=gb18030", {}),
        ("utf-8", "text/plain; charset=binary", {}),
        ("utf-8", "text/plain; charset=hex", {}),
        ("utf-8", "text/plain; charset=", {}),
    ],
)
def test_text_is_decoded_by_setting_mark_or_charset(format_, encoding, content_type, raw):
    content = CONTENT[format_].encode(encoding)
    assert read(content, content_type, response_format=format_, **raw) == [{"a": TEXT}]


@pytest.mark.parametrize("format_", CONTENT)
@pytest.mark.parametrize(
    ("content_type", "raw", "says"),
    [
        ("", {}, r"its bytes are not UTF-8 \(at byte \d+\)"),
        ("", {"encoding": "ascii"}, r"its bytes are not ascii \(at byte \d+\)"),
        ("", {"encoding": "utf-16"}, "its bytes are not utf-16|it is not JSON|not CSV"),
        ("text/plain; charset=us-ascii", {}, r"its bytes are not ascii \(at byte \d+\)"),
    ],
)
def test_bytes_that_are_not_in_the_encoding_are_an_error(format_, content_type, raw, says):
    content = CONTENT[format_].encode("cp1252") + b" " * (len(CONTENT[format_]) % 2 == 0)
    with pytest.raises(ResponseError, match=says):
        read(content, content_type, response_format=format_, **raw)


@pytest.mark.parametrize("format_", CONTENT)
def test_replace_puts_a_replacement_character(format_):
    content = CONTENT[format_].replace("ë", "\udce4").encode("utf-8", "surrogateescape")
    found = read(content, response_format=format_, encoding_errors="replace")
    assert found == [{"a": TEXT.replace("ë", "\ufffd")}]


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("latin-l", "encoding: must be an encoding such as latin-1, not 'latin-l'; did you mean"),
        ("hex", "encoding: must be an encoding such as latin-1, not 'hex'"),
        (5, "encoding: must be an encoding such as latin-1, not '5'"),
    ],
)
def test_unknown_encoding_is_an_error(written, says):
    collector = ErrorCollector()
    read_settings(RecordSettings, {"encoding": written}, collector)
    assert collector.errors[0].startswith(says)


@pytest.mark.parametrize("keep_encoded", [False, True])
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8, b"\n"])
@pytest.mark.parametrize("prefix", [")]}',\n", "for(;;);", ""])
def test_json_prefix_is_cut_off(prefix, mark, keep_encoded):
    where = valid_settings(RecordSettings, {"json_prefix": prefix.strip() or ")]}'"})
    content = mark + prefix.encode() + b'[{"a":1}]'
    page = read_page("", 200, {}, content, where, keep_encoded=keep_encoded)
    assert page.records == [{"a": 1}]


@pytest.mark.parametrize("format_", ["json", "jsonl"])
@pytest.mark.parametrize("schema", [None, {"properties": {"a": {"type": ["number", "null"]}}}])
def test_nan_and_infinity_become_null_with_one_warning(api, tap, format_, schema):
    rows = ['{"id": 1, "a": NaN}', '{"id": 2, "a": -Infinity}', '{"id": 3, "a": 1.50}']
    text = "\n".join(rows) if format_ == "jsonl" else f"[{','.join(rows)}]"
    api.serve("/items", Reply(text.encode()))
    stream = {"name": "items", "path": "items", "response_format": format_}
    run = tap.ok(api.config(stream | ({"schema": schema} if schema else {})))
    assert [record["a"] for record in run.records()] == [None, None, pytest.approx(1.5)]
    warnings = [line for line in run.warnings if "NaN" in line]
    assert warnings == ["stream 'items': NaN and Infinity in responses become null"]
