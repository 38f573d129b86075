"""Requests from templates: joined, filled, split and encoded."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import parse_qsl, unquote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.errors import SettingError
from tap_oauth2_generic.net.request import Request, encode_pairs, prepare
from tap_oauth2_generic.net.request_template import (
    RequestSettings,
    RequestTemplate,
    join,
    split_query,
)
from tap_oauth2_generic.settings.field_types import HEADERS, PARAMETERS
from tap_oauth2_generic.settings.fields import ErrorCollector, read
from tap_oauth2_generic.settings.templates import as_text, parse_template
from tests.support.settings import valid_settings

quick = settings(max_examples=100)
texts = st.text(st.characters(codec="utf-8"), max_size=8)


def template(connection=None, base_url="https://a.example/api", **stream):
    own = valid_settings(RequestSettings, {"path": "items", **stream})
    shared = {"params": {}, "headers": {}, **(connection or {})}
    return RequestTemplate(
        parse_template(base_url),
        PARAMETERS.parse(shared["params"]),
        HEADERS.parse(shared["headers"]),
        own,
    )


@pytest.mark.parametrize("base", ["https://a.example/api", "https://a.example/api/"])
@pytest.mark.parametrize("path", ["items/x", "/items/x"])
def test_base_and_path_are_joined_by_one_slash(base, path):
    assert join(base, path) == "https://a.example/api/items/x"


@pytest.mark.parametrize(
    ("path", "joined"),
    [
        ("https://b.example/x", "https://b.example/x"),
        ("HTTPS://b.example/x", "HTTPS://b.example/x"),
        ("", "https://a.example/api/"),
        ("?a=1", "https://a.example/api/?a=1"),
        ("items:batch", "https://a.example/api/items:batch"),
        ("items?next=https://c.example/", "https://a.example/api/items?next=https://c.example/"),
    ],
)
def test_absolute_url_replaces_the_base(path, joined):
    """A colon or a URL inside a path does not."""
    assert join("https://a.example/api/", path) == joined


@quick
@given(st.lists(st.tuples(texts, texts), max_size=6))
def test_query_survives_splitting_and_encoding(pairs):
    pairs = [(name, value) for name, value in pairs if name or value]
    address, params = split_query(f"https://a.example/x?{urlencode(pairs)}")
    assert address == "https://a.example/x"
    encoded = urlencode(encode_pairs(params))
    again = parse_qsl(encoded, keep_blank_values=True)
    assert sorted(again) == sorted(pairs)
    for name in {name for name, _ in pairs}:
        assert [v for n, v in again if n == name] == [v for n, v in pairs if n == name]


@pytest.mark.parametrize("value", [1, True, Decimal("1.50"), "1", ["a", 2]])
def test_lone_placeholder_in_a_json_body_keeps_its_type(value):
    """Anywhere inside the body; with text around it, and in a form, a value is text."""
    scope = {"partition": {"id": value}}
    body = {"ids": ["{partition.id}"], "in": {"text": "={partition.id}"}}
    filled = template(body=body).fill(scope).body
    assert filled["ids"] == [value]
    assert type(filled["ids"][0]) is type(value)
    assert filled["in"] == {"text": f"={as_text(value)}"}
    form = template(body={"id": "{partition.id}"}, body_format="form").fill(scope).body
    assert form == {"id": as_text(value)}


def test_braces_of_json_and_graphql_are_sent_as_written():
    """In body and parameters, a brace that opens no word is itself."""
    query, where = "query { viewer { id(a: {b: 1}) } }", '{"a": {"b": {}}}'
    request = template(body={"query": query}, params={"where": where}).fill({})
    assert (request.body, request.params) == ({"query": query}, {"where": where})


@quick
@given(texts.filter(lambda value: value not in {".", ".."}))
def test_value_in_a_path_is_one_segment(value):
    url = template(path="items/{region}/x").fill({"region": value}).url
    path = url.removeprefix("https://a.example/api/items/").removesuffix("/x")
    assert unquote(path) == value
    assert not set(path) & set("/?#;&= ")


@quick
@given(texts)
def test_value_in_the_query_of_a_path_is_one_value(value):
    request = template(path="items?a=1&since={region}&b=2").fill({"region": value})
    assert request.params == {"a": ["1"], "since": [value], "b": ["2"]}


@pytest.mark.parametrize(
    ("url", "address", "params"),
    [
        ("https://a.example", "https://a.example", {}),
        ("https://a.example?", "https://a.example", {}),
        ("https://a.example?a", "https://a.example", {"a": [""]}),
        ("https://a.example?a=b=c&&d=#frag?x=y", "https://a.example", {"a": ["b=c"], "d": [""]}),
        (
            "https://a.example?a=1&a=2&b=%2B+%26",
            "https://a.example",
            {"a": ["1", "2"], "b": ["+ &"]},
        ),
    ],
)
def test_query_of_a_url_becomes_parameters(url, address, params):
    """Names repeat, values may be empty or hold an equals sign; a fragment is not sent."""
    assert split_query(url) == (address, params)


def test_query_in_a_legacy_encoding_is_sent_unchanged():
    _, params = split_query("https://a.example?name=caf%E9")
    url = prepare(Request("GET", "https://a.example/", params)).url
    assert url == "https://a.example/?name=caf%E9"


def test_pairs_repeat_lists_and_omit_null():
    """Booleans are lower case, numbers exact."""
    params = {"a": [1, None, True], "b": None, "c": Decimal("1E+2"), "d": "", "e": []}
    assert encode_pairs(params) == [("a", "1"), ("a", "true"), ("c", "100"), ("d", "")]


def test_stream_parameter_wins_over_path_and_connection():
    everywhere = dict.fromkeys("abc", "connection")
    request = template(
        {"params": everywhere, "headers": {"X-A": "connection", "X-B": "connection"}},
        path="items?b=path&c=path",
        params={"c": "stream"},
        headers={"X-B": "stream"},
    ).fill({})
    assert request.params == {"a": "connection", "b": ["path"], "c": "stream"}
    assert request.headers == {"X-A": "connection", "X-B": "stream"}


def test_null_removes_a_parameter_of_the_connection():
    request = template({"params": {"a": "x", "b": "kept"}}, params={"a": None}).fill({})
    assert encode_pairs(request.params) == [("b", "kept")]


def test_header_may_be_a_number_or_boolean():
    """It is sent as the configuration writes it."""
    request = template({"headers": {"X-A": True}}, headers={"X-B": False, "X-C": 2}).fill({})
    assert request.headers == {"X-A": "true", "X-B": "false", "X-C": "2"}


def test_null_removes_a_header_of_the_connection():
    request = template({"headers": {"X-A": "x", "X-B": "kept"}}, headers={"X-A": None}).fill({})
    assert request.headers == {"X-B": "kept"}


def test_every_part_is_filled_and_numbers_stay_numbers():
    request = template(
        base_url="{token.domain}",
        path="{region}/x",
        method="POST",
        params={"a": ["{region}", 1], "b": 2},
        headers={"X": "<{region}>"},
        body={"a": ["{region}", 1, None, {"b": "{region}"}], "c": Decimal("1.10")},
    ).fill({"token": {"domain": "https://eu.example"}, "region": "e/u"})
    assert request.url == "https://eu.example/e%2Fu/x"
    assert request.params == {"a": ["e/u", 1], "b": 2}
    assert request.headers == {"X": "<e/u>"}
    assert request.body == {"a": ["e/u", 1, None, {"b": "e/u"}], "c": Decimal("1.10")}
    assert (request.method, request.verbatim) == ("POST", False)


def test_requests_of_one_template_share_nothing():
    made = template(method="POST", params={"a": ["x"]}, headers={"X": "y"}, body={"page": {"n": 1}})
    first = made.fill({})
    first.put("page.n", 2, "body")
    first.put("page", 2, "query")
    first.params["a"].append("z")
    first.headers["X"] = "z"
    second = made.fill({})
    assert (second.params, second.headers) == ({"a": ["x"]}, {"X": "y"})
    assert second.body == {"page": {"n": 1}}


@pytest.mark.parametrize(
    "stream", [{"path": "{nope}"}, {"params": {"a": "{nope}"}}, {"body": {"a": ["{nope}"]}}]
)
def test_placeholder_without_a_value_is_an_error(stream):
    with pytest.raises(SettingError, match="nope"):
        template(**stream).fill({})


def test_templates_are_listed_with_their_place():
    made = template(
        path="{a}", params={"p": ["x", "{b}"]}, headers={"X": "{c}"}, body={"q": [{"r": "{d}"}]}
    )
    found = {
        place: template.text
        for place, template in made.settings.templates()
        if template.placeholders
    }
    assert found == {
        "path": "{a}",
        "params.p[1]": "{b}",
        "headers.X": "{c}",
        "body.q[0].r": "{d}",
    }


def test_form_body_must_be_an_object():
    collector = ErrorCollector()
    raw = {"path": "x", "body": [1], "body_format": "form"}
    read(RequestSettings, raw, collector)
    assert collector.errors == ["body_format form needs a body that is an object"]


@pytest.mark.parametrize(
    ("value", "query"),
    [
        ("List(a,b)", "q=List(a,b)"),
        ("List({partition.urn})", "q=List(urn%3Ali%3A1%26x=1)"),
        ("(a:(b:{partition.id}))", "q=(a:(b:7))"),
        (["a,b", "c"], "q=a,b&q=c"),
        ("a b#c", "q=a%20b%23c"),
        (True, "q=true"),
    ],
)
def test_raw_parameter_is_sent_as_written(value, query):
    """Only what no URL can hold is encoded, and what would end a filled value."""
    partition = {"urn": "urn%3Ali%3A1&x=1", "id": 7}
    filled = template(raw_params={"q": value}, params={"n": "1,2"}).fill({"partition": partition})
    assert prepare(filled).url == f"https://a.example/api/items?{query}&n=1%2C2"


def test_raw_parameter_replaces_one_of_the_connection():
    filled = template({"params": {"q": "all", "v": 2}}, raw_params={"q": "List(a)"}).fill({})
    assert prepare(filled).url == "https://a.example/api/items?q=List(a)&v=2"


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("https://b.example/x/1?a=%2C&b=+", "https://b.example/x/1?a=%2C&b=+&v=2"),
        ("/v2/x?a=b", "https://a.example/v2/x?a=b&v=2"),
        ("//b.example/x", "https://b.example/x?v=2"),
        ("/x?v=1&w=3", "https://a.example/x?w=3&v=2"),
        ("x/1", "https://a.example/api/x%2F1?v=2"),
        ("ftp://b.example", "https://a.example/api/ftp%3A%2F%2Fb.example?v=2"),
    ],
)
def test_address_of_a_parent_record_is_the_path(value, url):
    """One that begins with a slash counts from the host's root; anything else is data."""
    filled = template({"params": {"v": 2}}, path="{parent.url}").fill({"parent": {"url": value}})
    assert prepare(filled).url == url


def test_address_inside_a_longer_path_is_data():
    filled = template(path="x{parent.url}").fill({"parent": {"url": "/y"}})
    assert prepare(filled).url == "https://a.example/api/x%2Fy"
