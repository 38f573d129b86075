"""Style ``cursor``: the token is sent back unchanged, from body or header."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.net.request import Request
from tap_oauth2_generic.pagination import read_style
from tap_oauth2_generic.parsing.extract_records import RecordSettings
from tap_oauth2_generic.parsing.page import read_page
from tap_oauth2_generic.settings.fields import ErrorCollector

quick = settings(max_examples=100)
texts = st.text(st.characters(codec="utf-8"), min_size=1)


def style(**raw):
    collector = ErrorCollector()
    made = read_style({"style": "cursor", "cursor_param": "after", **raw}, collector)
    return collector.errors or made


def page(body, headers=None):
    return read_page(
        "https://a.example", 200, headers or {}, json.dumps(body).encode(), RecordSettings()
    )


def sent(made, token):
    request = Request("GET", "https://a.example", {"kept": 1})
    made.place(token, request)
    return request


@quick
@given(texts | st.integers(min_value=1) | st.lists(st.integers(), min_size=1))
def test_cursor_of_any_type_is_sent_back_unchanged(cursor):
    made = style(cursor_path="next.after")
    found = made.next(None, page({"next": {"after": cursor}}))
    assert sent(made, found).params == {"kept": 1, "after": cursor}


@pytest.mark.parametrize(("place", "written"), [("query", "1.50"), ("body", Decimal("1.50"))])
def test_number_with_a_fraction_keeps_its_digits(place, written):
    """A query has strings; a body has numbers."""
    request = sent(style(cursor_path="next", params_in=place), Decimal("1.50"))
    found = (request.params if place == "query" else request.body)["after"]
    assert (str(found), type(found)) == ("1.50", type(written))


def test_first_request_has_no_cursor():
    made = style(cursor_path="next", params_in="body")
    assert made.first() is None
    assert sent(made, None).params == {"kept": 1}
    assert (sent(made, "x").params, sent(made, "x").body) == ({"kept": 1}, {"after": "x"})


@pytest.mark.parametrize("nothing", [None, "", False, [], {}])
def test_empty_or_missing_cursor_stops_paging(nothing):
    assert style(cursor_path="next").next("x", page({"next": nothing})) is None
    assert style(cursor_path="next").next("x", page({})) is None


def test_zero_is_a_cursor():
    assert style(cursor_path="next").next("x", page({"next": 0})) == 0


def test_cursor_is_read_from_a_header():
    """The case of its name does not matter."""
    made = style(cursor_header="X-Next-Cursor")
    assert made.next(None, page({}, {"x-next-cursor": "a+b="})) == "a+b="
    assert made.next(None, page({}, {"X-Next-Cursor": ""})) is None
    assert made.next(None, page({})) is None


@pytest.mark.parametrize(
    ("found", "pattern", "cursor"),
    [
        ("https://a.example/x?page_token=a%2Bb%3D&n=1", "page_token=([^&]+)", "a+b="),
        ("/x?c=a+b", "c=([^&]+)", "a b"),
        ("after:a%2Bb", "after:(.+)", "a%2Bb"),
        (12345, "(34)", "34"),
        ("https://a.example/x", "page_token=([^&]+)", None),
        ("?c=&n=1", "c=([^&]*)", None),
        ("?n=1", "c=(.)|n", None),
    ],
)
def test_pattern_extracts_the_cursor(found, pattern, cursor):
    """The first group is the cursor, decoded inside a query."""
    made = style(cursor_path="next", cursor_pattern=pattern)
    assert made.next(None, page({"next": found})) == cursor


@pytest.mark.parametrize("raw", [{}, {"cursor_path": "a", "cursor_header": "b"}])
def test_cursor_needs_either_path_or_header(raw):
    assert style(**raw) == ["style cursor needs either cursor_path or cursor_header"]


def test_empty_pages_do_not_stop_paging():
    assert style(cursor_path="next").follows_tokens
