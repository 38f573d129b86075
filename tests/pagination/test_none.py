"""Style ``none``: one response holds all records."""

from __future__ import annotations

import json

import pytest

from tap_oauth2_generic.net.request import Request
from tap_oauth2_generic.pagination import Paginator
from tap_oauth2_generic.parsing.extract_records import RecordSettings
from tap_oauth2_generic.parsing.page import read_page
from tests.support.settings import valid_style


@pytest.mark.parametrize("rows", [[], [{"id": 1}], [{"id": 1}, {"id": 2}]])
def test_one_page_completes_the_read(rows):
    paginator = Paginator(valid_style())
    request = paginator.place(Request("GET", "https://a.example", {"kept": 1}))
    page = read_page("https://a.example", 200, {}, json.dumps(rows).encode(), RecordSettings())
    assert request.params == {"kept": 1}
    assert paginator.take(page)
    assert page.records == rows
    assert paginator.stop is not None
    assert paginator.stop.complete
    assert paginator.stop.complete


def test_page_size_is_sent_if_its_parameter_is_set():
    paginator = Paginator(valid_style(page_size_param="limit", params_in="body"))
    request = paginator.place(Request("POST", "https://a.example"))
    assert (request.params, request.body) == ({}, {"limit": 200})
