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
