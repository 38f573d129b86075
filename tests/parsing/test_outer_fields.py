"""Unnested records have values from around them."""

from __future__ import annotations

import json

import pytest

from tap_oauth2_generic.errors import ResponseError
from tap_oauth2_generic.parsing.extract_records import RecordSettings
from tap_oauth2_generic.parsing.page import read_page
from tap_oauth2_generic.settings.fields import ErrorCollector
from tap_oauth2_generic.settings.fields import read as read_settings
from tests.support.settings import valid_settings

LINES = "$.orders[*].lines[*]"
ORDERS = {
    "currency": "EUR",
    "orders": [
        {"id": 1, "lines": [{"n": 1}, {"n": 2}], "who": {"id": 7}},
        {"id": 2, "lines": []},
        {"id": 3, "lines": [{"n": 3}, None], "who": {"id": 8}},
    ],
}
DEEP = {"a": [{"i": 1, "b": [{"j": 2, "c": [{"k": 3}]}, {"j": 4, "c": [{"k": 5}]}]}]}
cases = {
    "of the item": (LINES, {"order": "$.orders[*].id"}, ORDERS,
                    [{"n": 1, "order": 1}, {"n": 2, "order": 1}, {"n": 3, "order": 3}]),
    "nested in the item": (LINES, {"who": "$.orders[*].who.id"}, ORDERS,
                           [{"n": 1, "who": 7}, {"n": 2, "who": 7}, {"n": 3, "who": 8}]),
    "of the root": (LINES, {"cur": "$.currency"}, ORDERS,
                    [{"n": number, "cur": "EUR"} for number in (1, 2, 3)]),
    "of the root, by a bare path": (LINES, {"cur": "currency"}, ORDERS,
                                    [{"n": number, "cur": "EUR"} for number in (1, 2, 3)]),
    "without a last wildcard": ("$.orders[*].lines", {"order": "$.orders[*].id"}, ORDERS,
                                [{"n": 1, "order": 1}, {"n": 2, "order": 1}, {"n": 3, "order": 3}]),
    "missing": (LINES, {"x": "$.orders[*].x"}, ORDERS,
                [{"n": number, "x": None} for number in (1, 2, 3)]),
    "of each level": ("$.a[*].b[*].c[*]", {"i": "$.a[*].i", "j": "$.a[*].b[*].j"}, DEEP,
                      [{"k": 3, "i": 1, "j": 2}, {"k": 5, "i": 1, "j": 4}]),
    "an object": ("$.orders[*].lines[*]", {"all": "$.orders[*].who"}, ORDERS,
                  [{"n": 1, "all": {"id": 7}}, {"n": 2, "all": {"id": 7}},
                   {"n": 3, "all": {"id": 8}}]),
    "around a plain list": ("orders", {"cur": "currency"},
                            {"currency": "EUR", "orders": [{"a": 1}]}, [{"a": 1, "cur": "EUR"}]),
    "a list at the root": ("$[*].lines[*]", {"order": "$[*].id"}, ORDERS["orders"],
                           [{"n": 1, "order": 1}, {"n": 2, "order": 1}, {"n": 3, "order": 3}]),
    "quoted names": ("$['the orders'][*].lines[*]", {"order": "$['the orders'][*].id"},
                     {"the orders": ORDERS["orders"]},
                     [{"n": 1, "order": 1}, {"n": 2, "order": 1}, {"n": 3, "order": 3}]),
    "with the same value": (LINES, {"n": "$.orders[*].n"},
                            {"orders": [{"n": 1, "lines": [{"n": "1"}]}]}, [{"n": "1"}]),
}  # fmt: skip


def read(path, outer, body, **raw):
    raw = {"records_path": path, "outer_fields": outer, **raw}
    where = valid_settings(RecordSettings, raw)
    return read_page("", 200, {}, json.dumps(body).encode(), where)


@pytest.mark.parametrize(("path", "outer", "body", "records"), cases.values(), ids=cases)
def test_record_has_the_values_around_it(path, outer, body, records):
    assert read(path, outer, body).records == records


def test_rows_with_columns_have_the_values_around_them():
    body = {"orders": [{"id": 1, "lines": [[5, 6]]}]}
    page = read(LINES, {"order": "$.orders[*].id"}, body, record_columns=["a", "b"])
    assert page.records == [{"a": 5, "b": 6, "order": 1}]


@pytest.mark.parametrize(
    ("body", "found", "length"),
    [
        (ORDERS, True, 3),
        ({"orders": []}, True, 0),
        ({"orders": [{"id": 1, "lines": []}]}, True, 1),
        ({"orders": [{"id": 1}]}, False, 1),
        ({}, False, 0),
    ],
)
def test_paging_counts_the_outermost_items(body, found, length):
    page = read(LINES, {"order": "$.orders[*].id"}, body)
    assert (page.found, page.length) == (found, length)


def test_field_of_the_record_is_not_replaced():
    with pytest.raises(ResponseError, match="outer_fields 'n' would replace a field of the record"):
        read(LINES, {"n": "$.orders[*].id"}, ORDERS)


@pytest.mark.parametrize(
    ("path", "outer", "says"),
    [
        ("$..lines[*]", {"a": "$.id"}, "outer_fields needs a records_path of names and [*]"),
        ("$.orders[?(@.id > 1)].lines[*]", {"a": "$.id"}, "outer_fields needs a records_path"),
        (LINES, {"a": "$.others[*].id"}, "outer_fields.a: goes through a list that records_path"),
        (LINES, {"a": "$.orders[*].lines[*].n"}, "outer_fields.a: goes through a list"),
        (LINES, {"a": "$..id"}, "outer_fields.a: goes through a list"),
    ],
)
def test_path_that_does_not_go_along_is_an_error(path, outer, says):
    collector = ErrorCollector()
    read_settings(RecordSettings, {"records_path": path, "outer_fields": outer}, collector)
    assert collector.errors[0].startswith(says)


@pytest.mark.parametrize("schema", [{}, {"schema": {"properties": {"n": {}, "order": {}}}}])
def test_outer_fields_are_emitted_over_pages(api, tap, schema):
    """The offset advances by orders, not by lines."""
    orders = [{"id": n, "lines": [{"n": f"{n}-{m}"} for m in range(n % 3)]} for n in range(9)]

    def respond(seen):
        first = int(seen.query["offset"])
        return {"orders": orders[first : first + 4]}

    api.routes["/items"] = respond
    stream = {"name": "items", "path": "items", "records_path": LINES, "primary_keys": ["n"]}
    outer = {"outer_fields": {"order": "$.orders[*].id"}, "pagination": {"style": "offset"}}
    run = tap.ok(api.config(stream | outer | schema))
    wanted = [{**line, "order": one["id"]} for one in orders for line in one["lines"]]
    assert run.records() == wanted
    assert not run.warnings


def test_path_that_finds_nothing_is_a_warning(api, tap):
    api.serve("/items", ORDERS)
    stream = {"name": "items", "path": "items", "records_path": LINES}
    run = tap.ok(api.config(stream | {"outer_fields": {"x": "$.orders[*].x"}}))
    assert "outer_fields 'x': '$.orders[*].x' is around none of 3 records" in run.warnings[0]
