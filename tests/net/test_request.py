"""The request for one page: where a parameter goes, what following a link does."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.net.request import Request

quick = settings(max_examples=60)


@pytest.mark.parametrize("name", ["page", "page.size", "$top"])
def test_query_parameter_keeps_its_dots(name):
    request = Request("GET", "https://a.example", params={"kept": 1})
    request.put(name, 5, "query")
    assert request.params == {"kept": 1, name: 5}
    assert request.body is None


@quick
@given(st.lists(st.from_regex(r"[^.]+", fullmatch=True), min_size=1, max_size=4), st.integers())
def test_dotted_name_nests_in_a_json_body(keys, value):
    request = Request("POST", "https://a.example")
    request.put(".".join(keys), value, "body")
    found = request.body
    for key in keys:
        found = found[key]
    assert found == value
    assert request.params == {}


def test_nested_parameter_keeps_its_neighbors():
    body = {"query": "all", "page": {"from": 0, "size": 1}, "sort": None}
    request = Request("POST", "https://a.example", body=body)
    request.put("page.size", 200, "body")
    request.put("sort.by", "name", "body")
    assert request.body == {
        "query": "all",
        "page": {"from": 0, "size": 200},
        "sort": {"by": "name"},
    }


@pytest.mark.parametrize(
    ("name", "list_then"),
    [("a.1.b", [{"b": 1}, {"b": 9}]), ("a.0", [9, {"b": 2}])],
    ids=["inside", "item"],
)
def test_number_in_a_dotted_name_is_a_place_in_a_list(name, list_then):
    request = Request("POST", "https://a.example", body={"a": [{"b": 1}, {"b": 2}]})
    request.put(name, 9, "body")
    assert request.body == {"a": list_then}


def test_dotted_name_stays_flat_in_a_form():
    request = Request("POST", "https://a.example", body_format="form")
    request.put("page.size", 200, "body")
    assert request.body == {"page.size": 200}


def test_last_value_of_a_parameter_wins():
    request = Request("POST", "https://a.example")
    for place in ("query", "body"):
        request.put("page", 1, place)
        request.put("page", 2, place)
    assert (request.params, request.body) == ({"page": 2}, {"page": 2})


def test_followed_address_replaces_url_and_parameters():
    """Method, headers and body stay."""
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
