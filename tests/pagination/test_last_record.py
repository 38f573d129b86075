"""Style ``last_record``: the value of the last record leads to the next page."""

from __future__ import annotations

import json

import pytest

from tap_oauth2_generic.errors import ResponseError
from tap_oauth2_generic.net.request import Request
from tap_oauth2_generic.pagination.last_record import LastRecord
from tap_oauth2_generic.parsing.extract_records import RecordSettings
from tap_oauth2_generic.parsing.page import read_page
from tap_oauth2_generic.settings.paths import parse_path

STYLE = LastRecord(last_record_path=parse_path("meta.id"), cursor_param="starting_after")


def page(*records):
    content = json.dumps(records).encode()
    return read_page("https://a.example", 200, {}, content, RecordSettings())


@pytest.mark.parametrize("value", ["ch_9", 9, 0, "", False])
def test_value_of_the_last_record_is_sent_next(value):
    token = STYLE.next(None, page({"meta": {"id": "other"}}, {"meta": {"id": value}}))
    assert token == value
    request = Request("GET", "https://a.example", {"kept": 1})
    STYLE.place(token, request)
    assert request.params == {"kept": 1, "starting_after": value}


def test_first_request_has_no_value():
    request = Request("GET", "https://a.example")
    STYLE.place(STYLE.first(), request)
    assert request.params == {}


def test_empty_page_has_no_next_token():
    assert STYLE.next("ch_9", page()) is None
    assert not STYLE.follows_tokens


@pytest.mark.parametrize("last", [{"id": 1, "meta": {}}, {"id": 1, "meta": {"id": None}}])
def test_last_record_without_the_value_is_an_error(last):
    with pytest.raises(ResponseError, match=r"'meta\.id' finds nothing.* has id, meta"):
        STYLE.next(None, page({"meta": {"id": 1}}, last))
