"""Requests against the demo: methods, bodies, placeholders and paging in every place."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.demo import shop

NORTH, *_ = shop.REGIONS
PATH = "/regions/{partition.region}/orders"
FOUND = "result.{partition.region}.orders"


def orders(region=NORTH, currency="EUR", **wanted):
    """Return the ids of the orders that a stream should read."""
    return {
        order["id"]
        for order in shop.orders(currency)
        if order["region"] == region and all(order[name] in wanted[name] for name in wanted)
    }


def stream(**settings):
    return {
        "name": "orders",
        "path": PATH,
        "records_path": FOUND,
        "partitions": [{"region": NORTH}],
        "pagination": {"style": "offset", "total_path": "total"},
        "primary_keys": ["id"],
        **settings,
    }


def read(run, expected):
    """Assert that a run read exactly these orders, each once."""
    assert run.status == 0, run.errors
    ids = [record["id"] for record in run.records("orders")]
    assert len(ids) == len(set(ids))
    assert set(ids) == expected


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("form", ["json", "form"])
def test_every_method_pages_with_json_and_form_bodies(demo, tap, method, form):
    body = {"status": ["open", "paid"], "year": "2024"}
    run = tap(demo.config(stream(method=method, body=body, body_format=form)))
    read(run, orders(status=["open", "paid"], year=[2024]))


@pytest.mark.parametrize(
    ("form", "paging"),
    [
        ("json", {"offset_param": "page.offset", "page_size_param": "page.limit"}),
        ("json", {"offset_param": "offset"}),
        ("form", {"offset_param": "offset", "page_size_param": "limit"}),
    ],
)
def test_paging_parameters_in_the_body_reach_every_page(demo, tap, pages, form, paging):
    """A dotted name nests them in JSON."""
    pagination = {"style": "offset", "params_in": "body", "page_size": 7, **paging}
    settings = {"method": "POST", "body": {"year": 2025}, "body_format": form}
    run = tap(demo.config(stream(**settings, pagination=pagination)))
    read(run, orders(year=[2025]))
    assert pages(run, "orders") == (6 if "page_size_param" in paging else 3)


def test_paging_parameters_in_the_query_reach_every_page(demo, tap, pages):
    pagination = {"style": "offset", "page_size_param": "limit", "page_size": 10}
    settings = {"pagination": {**pagination, "total_path": "total"}}
    run = tap(demo.config(stream(**settings)))
    read(run, orders())
    assert pages(run, "orders") == 9


def test_placeholders_work_in_every_place(demo, tap):
    """Path, parameters, headers, body and records path, each with its encoding."""
    partitions = {"region": list(shop.REGIONS), "year": [2023, 2025], "currency": ["EUR", "USD"]}
    settings = {
        "method": "POST",
        "params": {"year": "{partition.year}"},
        "headers": {"X-Currency": "{partition.currency}"},
        "body": {"status": ["open"], "remark": "{partition.region}"},
        "partitions": partitions,
        "primary_keys": ["id", "currency"],
    }
    run = tap.ok(demo.config(stream(**settings)))
    expected = [
        order
        for currency in ("EUR", "USD")
        for order in shop.orders(currency)
        if order["status"] == "open" and order["year"] in {2023, 2025}
    ]

    def key(order):
        return order["id"], order["currency"], order["cents"], order["region"]

    assert sorted(map(key, run.records("orders"))) == sorted(map(key, expected))


def test_array_is_sent_as_a_repeated_parameter(demo, tap):
    run = tap(demo.config(stream(params={"status": ["open", "cancelled"], "year": 2023})))
    read(run, orders(status=["open", "cancelled"], year=[2023]))
