"""Requests from templates: joining, filling, splitting and encoding, exact for any text."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import parse_qsl, unquote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.errors import SettingError
from tap_oauth2_generic.net.encoding import encode_pairs, query_string
from tap_oauth2_generic.net.request_template import (
    RequestSettings,
    RequestTemplate,
    join,
    split_query,
)
from tap_oauth2_generic.settings.field_types import HEADERS, PARAMETERS
from tap_oauth2_generic.settings.fields import ErrorCollector, read
from tap_oauth2_generic.settings.templates import parse_template

quick = settings(deadline=None, max_examples=100)
texts = st.text(st.characters(codec="utf-8"), max_size=8)


def template(connection=None, base_url="https://a.example/api", **stream):
    collector = ErrorCollector()
    own = read(RequestSettings, {"path": "items", **stream}, "", collector)
    assert own is not None, collector.errors
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
    """Exactly one slash joins base and path, whichever side brings it."""
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
def test_only_an_absolute_path_stands_alone(path, joined):
    """An absolute URL takes the base's place; a colon or a URL inside a path does not."""
    assert join("https://a.example/api/", path) == joined


@quick
@given(st.lists(st.tuples(texts, texts), max_size=6))
def test_a_query_survives_splitting_and_encoding(pairs):
    """Whatever text a query holds, it comes out of splitting and encoding as it went in."""
    pairs = [(name, value) for name, value in pairs if name or value]
    address, params = split_query(f"https://a.example/x?{urlencode(pairs)}")
    assert address == "https://a.example/x"
    encoded = urlencode(encode_pairs(params))
    again = parse_qsl(encoded, keep_blank_values=True)
    assert sorted(again) == sorted(pairs)
    for name in {name for name, _ in pairs}:
        assert [v for n, v in again if n == name] == [v for n, v in pairs if n == name]


@quick
@given(texts.filter(lambda value: value not in {".", ".."}))
def test_a_value_in_a_path_is_data(value):
    """A value in a path is one segment, whatever it holds, and comes out as it went in."""
    url = template(path="items/{region}/x").fill({"region": value}).url
    path = url.removeprefix("https://a.example/api/items/").removesuffix("/x")
    assert unquote(path) == value
    assert not set(path) & set("/?#;&= ")


@quick
@given(texts)
def test_a_value_in_the_query_of_a_path_is_data(value):
    """A value in the query of a path is one parameter's value, whatever it holds."""
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
def test_the_query_of_a_url_becomes_parameters(url, address, params):
    """Names repeat, values may be empty or hold an equals sign, and a fragment is not sent."""
    assert split_query(url) == (address, params)


def test_a_query_in_another_encoding_is_sent_as_it_was_written():
    """Percent-encoded bytes of a legacy encoding in a path's query reach the server unchanged."""
    _, params = split_query("https://a.example?name=caf%E9")
    assert query_string(params) == "name=caf%E9"


def test_pairs_for_the_wire():
    """A list repeats its name, null is left out, booleans are lower case, numbers exact."""
    params = {"a": [1, None, True], "b": None, "c": Decimal("1E+2"), "d": "", "e": []}
    assert encode_pairs(params) == [("a", "1"), ("a", "true"), ("c", "100"), ("d", "")]


def test_the_stream_wins_over_its_path_and_over_the_connection():
    """A stream's own parameter wins over its path's query, which wins over the connection's."""
    everywhere = dict.fromkeys("abc", "connection")
    request = template(
        {"params": everywhere, "headers": {"X-A": "connection", "X-B": "connection"}},
        path="items?b=path&c=path",
        params={"c": "stream"},
        headers={"X-B": "stream"},
    ).fill({})
    assert request.params == {"a": "connection", "b": ["path"], "c": "stream"}
    assert request.headers == {"X-A": "connection", "X-B": "stream"}


def test_null_takes_a_parameter_of_the_connection_away():
    """A stream that sets a connection's parameter to null does not send it."""
    request = template({"params": {"a": "x", "b": "kept"}}, params={"a": None}).fill({})
    assert encode_pairs(request.params) == [("b", "kept")]


def test_null_takes_a_header_of_the_connection_away():
    """A stream that sets a connection's header to null does not send it."""
    request = template({"headers": {"X-A": "x", "X-B": "kept"}}, headers={"X-A": None}).fill({})
    assert request.headers == {"X-B": "kept"}


def test_every_part_is_filled_and_numbers_stay_numbers():
    """Holes in every part of a request are filled, and other values keep their type."""
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
    """What is put into one request is not in the next one of the same template."""
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
def test_a_request_is_never_sent_with_an_empty_hole(stream):
    """A hole without a value anywhere in a request is an error, not an empty text."""
    with pytest.raises(SettingError, match="nope"):
        template(**stream).fill({})


def test_each_template_is_given_with_its_place():
    """Every template of a stream's settings is listed by its place, for checks before a run."""
    made = template(
        path="{a}", params={"p": ["x", "{b}"]}, headers={"X": "{c}"}, body={"q": [{"r": "{d}"}]}
    )
    holed = {place: found.text for place, found in made.templates() if found.placeholders}
    assert holed == {"path": "{a}", "params.p[1]": "{b}", "headers.X": "{c}", "body.q[0].r": "{d}"}


def test_a_form_body_must_be_an_object():
    """A list as the body of a form is a contradiction."""
    collector = ErrorCollector()
    raw = {"path": "x", "body": [1], "body_format": "form"}
    assert read(RequestSettings, raw, "", collector) is None
    assert collector.errors == ["body_format form needs a body that is an object"]
