"""XML is read as JSON-like data, its records one by one, or refused with a reason."""

from __future__ import annotations

import gzip

import pytest

from tap_oauth2_generic.errors import ResponseError
from tap_oauth2_generic.parsing.extract_records import RecordSettings
from tap_oauth2_generic.parsing.page import read_page
from tap_oauth2_generic.settings.fields import ErrorCollector
from tap_oauth2_generic.settings.fields import read as read_settings
from tests.support.server import Reply
from tests.support.settings import valid_settings


def read(content, path="$", *, keep_encoded=True, content_type="", **raw):
    raw = {"response_format": "xml", "records_path": path, **raw}
    where = valid_settings(RecordSettings, raw)
    content = content if isinstance(content, bytes) else content.encode()
    headers = {"Content-Type": content_type}
    return read_page("", 200, headers, content, where, keep_encoded=keep_encoded)


values = {
    "text": ("<a>1</a>", {"a": "1"}),
    "spaces in text": ("<a> x </a>", {"a": " x "}),
    "no text": ("<a/><b></b><c> \n</c>", {"a": None, "b": None, "c": None}),
    "attributes": ('<a i="1" j="">x</a><b i="2"/>', {"a": {"@i": "1", "@j": "", "#text": "x"},
                                                    "b": {"@i": "2"}}),
    "text next to elements": ("<a>x <b>y</b> z</a>", {"a": {"b": "y", "#text": "x  z"}}),
    "a list": ("<a>1</a><a>2</a><a/>", {"a": ["1", "2", None]}),
    "parts": ("<a><b>1</b><c><d>2</d></c></a>", {"a": {"b": "1", "c": {"d": "2"}}}),
    "characters": ("<a>&lt;&amp;&#228;&#x1F600;<![CDATA[<b>]]></a>", {"a": "<&ä\U0001f600<b>"}),
    "prefixes": ('<x:a xmlns:x="u" xmlns="v" x:i="1"><y xmlns="">2</y></x:a>',
                 {"a": {"@i": "1", "y": "2"}}),
    "null": ('<a xsi:nil="true" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"/>',
             {"a": None}),
    "comments": ("<!-- a --><a>1<!-- 2 --></a><?pi x?>", {"a": "1"}),
}  # fmt: skip


@pytest.mark.parametrize(("content", "value"), values.values(), ids=values)
def test_element_is_an_object_a_string_or_null(content, value):
    assert read(f"<root>{content}</root>").records == [value]


@pytest.mark.parametrize("keep_encoded", [False, True])
@pytest.mark.parametrize(
    ("content", "path", "records", "found"),
    [
        ("<r><i><a>1</a></i><i><a>2</a></i></r>", "i", [{"a": "1"}, {"a": "2"}], True),
        ("<r><i><a>1</a></i></r>", "i", [{"a": "1"}], True),
        ("<r><d><i>1</i><i>2</i></d></r>", "d.i", [{"value": "1"}, {"value": "2"}], True),
        ("<r><d/></r>", "d.i", [], True),
        ("<r><d n='0'/></r>", "d.i", [], True),
        ("<r/>", "i", [], True),
        ("<r><x/></r>", "d.i", [], False),
        ("<r><i/></r>", "i", [], True),
        ("<r><o><l><n>1</n></l></o><o/></r>", "$.o[*].l[*]", [{"n": "1"}], True),
        ("<r><o><x/></o></r>", "$.o[*].l[*]", [], True),
        ("<r><os/></r>", "$.os.o[*].l[*]", [], True),
        ("<r><o><l><n>1</n></l></o></r>", "$.o[0].l", [{"n": "1"}], True),
    ],
)
def test_records_are_a_list_however_many_came(content, path, records, found, keep_encoded):
    page = read(content, path, keep_encoded=keep_encoded)
    assert (page.records, page.found) == (records, found)


def test_listed_element_is_a_list_however_many_came():
    content = "<r><i><t>1</t></i><i><t>1</t><t>2</t></i><i/></r>"
    page = read(content, "i", xml_list_paths=["i.t"])
    assert page.records == [{"t": ["1"]}, {"t": ["1", "2"]}, {"t": []}]
    assert read(content, "i", xml_list_paths=["$.i[*].t"]).records == page.records


def test_outer_fields_reach_around_elements():
    content = '<r><o n="1"><l><a>2</a></l></o></r>'
    page = read(content, "$.o[*].l[*]", outer_fields={"n": "$.o[*]['@n']"})
    assert page.records == [{"a": "2", "n": "1"}]


def test_rest_of_a_response_is_its_body():
    page = read("<r><total>2</total><d><i/><i>1</i></d><next>x</next></r>", "d.i")
    assert page.body == {"total": "2", "d": {"i": []}, "next": "x"}


encodings = {
    "its declaration": ('<?xml version="1.0" encoding="{}"?>', "iso-8859-1", "", {}),
    "its declaration, not the header": ('<?xml version="1.0" encoding="{}"?>', "windows-1252",
                                        "text/xml; charset=utf-8", {}),
    "the header": ("", "latin-1", "text/xml; charset=latin-1", {}),
    "a setting": ('<?xml version="1.0" encoding="utf-8"?>', "latin-1", "", {"encoding": "latin-1"}),
    "nothing": ("", "utf-8", "", {}),
    "a mark": ('<?xml version="1.0"?>', "utf-8-sig", "", {}),
    "UTF-16": ('<?xml version="1.0" encoding="UTF-16"?>', "utf-16", "", {}),
    "a wrong declaration": ('<?xml version="1.0" encoding="utf-16"?>', "utf-8", "", {}),
    "many bytes for a character": ('<?xml version="1.0" encoding="{}"?>', "gb18030", "", {}),
}  # fmt: skip


@pytest.mark.parametrize(
    ("head", "encoding", "content_type", "raw"), encodings.values(), ids=encodings
)
def test_declared_encoding_counts(head, encoding, content_type, raw):
    content = f"{head.format(encoding)}<r><a>Zoë</a></r>".encode(encoding)
    assert read(content, content_type=content_type, **raw).records == [{"a": "Zoë"}]


def test_empty_line_before_the_declaration_is_ignored():
    content = '\n <?xml version="1.0" encoding="latin-1"?><r><a>Zoë</a></r>'.encode("latin-1")
    assert read(content).records == [{"a": "Zoë"}]


def test_gzip_file_is_unpacked():
    assert read(gzip.compress(b"<r><i>1</i></r>"), "i").records == [{"value": "1"}]


BOMB = '<!DOCTYPE r [<!ENTITY a "xxxx"><!ENTITY b "&a;&a;">]><r><i>&b;</i></r>'
bad = {
    "an entity bomb": (BOMB, "i", {}, "it has a DTD, which is refused"),
    "an external entity": ('<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><r>&a;</r>', "$",
                           {}, "it has a DTD, which is refused"),
    "an external DTD": ('<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x"><r/>', "$", {}, "it has a DTD"),
    "an unknown entity": ("<r>&a;</r>", "$", {}, "it is not XML"),
    "a cut document": ("<r><i>1</i><i>2", "i", {}, "it is not XML"),
    "another format": ('{"i": []}', "i", {}, "it is not XML"),
    "a web page": ("<html><br></html>", "i", {}, "it is not XML"),
    "something after it": ("<r/><r/>", "i", {}, "it is not XML"),
    "a deep document": ("<a>" * 100_000, "i", {}, "it is nested too deep"),
    "nothing": ("", "i", {}, "an empty body is not XML"),
    "other bytes": (b"<r><i>\xff</i></r>", "i", {}, "its bytes are not utf-8"),
    "a path through a list": ("<r><p><i>1</i></p><p><i>2</i></p></r>", "p.i", {},
                              r"records_path leads through a list; write \[\*\] where it does"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "path", "raw", "says"), bad.values(), ids=bad)
def test_document_that_cannot_be_read_is_an_error(content, path, raw, says):
    with pytest.raises(ResponseError, match=says):
        read(content, path, **raw)


@pytest.mark.parametrize("written", [["a[0]", "$..b"], ["$"], [1], "a.b"])
def test_list_path_that_is_no_path_of_names_is_an_error(written):
    collector = ErrorCollector()
    read_settings(RecordSettings, {"xml_list_paths": written}, collector)
    assert collector.errors == [] if written == [1] else "xml_list_paths" in collector.errors[0]


SCHEMA = {"properties": {"id": {"type": "string"}, "n": {"type": ["integer", "null"]}}}


@pytest.mark.parametrize("schema", [None, SCHEMA])
@pytest.mark.parametrize("pad", [1, 4000])
def test_pages_of_xml_are_read(api, tap, schema, pad):
    """Large ones, too, which are on disk."""

    def respond(seen):
        page = int(seen.query.get("page", 1))
        rows = "".join(f"<i id='{page}-{n}'><n>{n}</n><x>{'x' * pad}</x></i>" for n in range(3000))
        after = f"<next>{page + 1}</next>" if page < 3 else ""
        return Reply(f"<r><d>{rows}</d>{after}</r>".encode())

    api.routes["/items"] = respond
    paging = {"style": "cursor", "cursor_path": "next", "cursor_param": "page"}
    stream = {"name": "items", "path": "items", "response_format": "xml", "records_path": "d.i"}
    stream |= {"add_fields": {"id": "@id"}, "primary_keys": ["id"], "pagination": paging}
    run = tap.ok(api.config(stream | ({"schema": schema} if schema else {})))
    assert run.ids() == [f"{page}-{n}" for page in (1, 2, 3) for n in range(3000)]


@pytest.mark.parametrize("case", ["an entity bomb", "a cut document", "another format"])
def test_bad_document_is_one_line_and_the_bookmark_stays(api, tap, case):
    content = bad[case][0]
    api.serve("/items", Reply(content.encode()))
    stream = {"name": "items", "path": "items", "response_format": "xml", "records_path": "i",
              "schema": {"properties": {"at": {"type": "string", "format": "date-time"}}},
              "replication_key": "at"}  # fmt: skip
    state = {
        "bookmarks": {"items": {"replication_key": "at", "replication_key_value": "2026-01-01"}}
    }
    run = tap(api.config(stream), state=state)
    assert run.status == 1
    (line,) = run.error_lines
    assert line.startswith("stream 'items', page 1: GET")
    assert bad[case][3] in line
    assert not run.states or run.bookmark() == "2026-01-01"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<r><d><Row><id>1</id></Row></d></r>", "did you mean 'Row'?"),
        (b"<r><d><item/><item><id>1</id></item></d></r>", "did you mean 'item'?"),
        (b"<r><d/></r>", ""),
        (b"<r><d><count>0</count></d><links><a/><a/></links></r>", ""),
    ],
)
def test_path_of_a_list_that_never_had_an_element_warns(api, tap, content, said):
    """An absent element is an empty list, so a wrong name is no error."""
    api.serve("/items", Reply(content))
    stream = {"name": "items", "path": "items", "response_format": "xml", "records_path": "d.row"}
    run = tap.ok(api.config(stream))
    assert not run.records()
    assert [line for line in run.warnings if "found no element" in line] == (
        [f"stream 'items': records_path 'd.row' found no element; {said}"] if said else []
    )


def test_element_that_came_on_any_page_is_no_wrong_name(api, tap):
    pages = [b"<r><other/><other/></r>", b"<r><i><id>1</id></i></r>", b"<r><other/><other/></r>"]
    api.routes["/items"] = lambda seen: Reply(pages[int(seen.query["month"])])
    stream = {"name": "items", "path": "items", "response_format": "xml", "records_path": "i"}
    stream |= {"partitions": {"month": [0, 1, 2]}, "params": {"month": "{partition.month}"}}
    run = tap.ok(api.config(stream))
    assert run.ids() == ["1"]
    assert not [line for line in run.warnings if "found no element" in line]
