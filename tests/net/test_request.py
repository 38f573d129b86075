"""The request that a page takes: where a parameter goes, and what following a link does."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.net.request import Request

quick = settings(deadline=None, max_examples=60)


@pytest.mark.parametrize("name", ["page", "page.size", "$top"])
def test_a_query_parameter_keeps_its_name(name):
    """In the query a dot is part of the name, and the body is left alone."""
    request = Request("GET", "https://a.example", params={"kept": 1})
    request.put(name, 5, "query")
    assert request.params == {"kept": 1, name: 5}
    assert request.body is None


@quick
@given(st.lists(st.from_regex(r"[^.]+", fullmatch=True), min_size=1, max_size=4), st.integers())
def test_a_dotted_name_nests_in_a_json_body(keys, value):
    """In a JSON body a dotted name leads to its value key by key."""
    request = Request("POST", "https://a.example")
    request.put(".".join(keys), value, "body")
    found = request.body
    for key in keys:
        found = found[key]
    assert found == value
    assert request.params == {}


def test_neighbours_in_a_body_stay():
    """A nested parameter joins what the body has there, and replaces what cannot hold it."""
    body = {"query": "all", "page": {"from": 0, "size": 1}, "sort": "id"}
    request = Request("POST", "https://a.example", body=body)
    request.put("page.size", 200, "body")
    request.put("sort.by", "name", "body")
    assert request.body == {
        "query": "all",
        "page": {"from": 0, "size": 200},
        "sort": {"by": "name"},
    }


def test_a_form_has_flat_names():
    """In a form body a dotted name is one name."""
    request = Request("POST", "https://a.example", body_format="form")
    request.put("page.size", 200, "body")
    assert request.body == {"page.size": 200}


def test_putting_twice_is_putting_once():
    """The last value of a parameter counts, so a request may be placed again."""
    request = Request("POST", "https://a.example")
    for place in ("query", "body"):
        request.put("page", 1, place)
        request.put("page", 2, place)
    assert (request.params, request.body) == ({"page": 2}, {"page": 2})


def test_a_followed_address_stands_alone():
    """A server's address takes the place of URL and parameters; method, headers, body stay."""
    request = Request("POST", "https://a.example", {"p": 1}, {"X": "y"}, {"b": 2})
    request.follow("https://a.example/next?cursor=%2B+a")
    assert request == Request(
        "POST",
        "https://a.example/next?cursor=%2B+a",
        {},
        {"X": "y"},
        {"b": 2},
        verbatim=True,
    )
