"""The laws of the demo's shop: parameters in every place, unusual answers, exports, comments."""

from __future__ import annotations

import csv
import gzip
import io
import json
from urllib.parse import quote

import pytest

from tap_oauth2_generic.demo import shop
from tests.support.demo_pages import walk

NORTH = f"/regions/{quote(shop.REGIONS[0], safe='')}/orders"


def send(client, path, method="GET", headers=None, **content):
    """Send a request of any kind with a good token."""
    token = client.token("client_credentials").json()["access_token"]
    sent = {"Authorization": f"Bearer {token}", **(headers or {})}
    url = f"{client.url}/api/v1{path}"
    return client.http.request(method, url, headers=sent, timeout=10, **content)


def found(response, region=shop.REGIONS[0]):
    return response.json()["result"][region]["orders"]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_orders_take_their_parameters_from_everywhere(client, method):
    """Query, form and JSON body, flat or nested, choose the same orders under every method."""
    expected = found(send(client, NORTH, params={"status": ["open", "paid"], "offset": 3}))
    assert expected
    assert {order["status"] for order in expected} == {"open", "paid"}
    for content in (
        {"params": {"status": ["open", "paid"], "offset": 3}},
        {"data": {"status": ["open", "paid"], "offset": 3}},
        {"json": {"status": ["open", "paid"], "page": {"offset": 3}}},
    ):
        assert found(send(client, NORTH, method, **content)) == expected


def test_the_orders_of_all_regions_and_years_are_all_orders(client):
    """Each order stands under one region and one year, and a page holds no more than its cap."""
    ids = set()
    for region in shop.REGIONS:
        path = f"/regions/{quote(region, safe='')}/orders"
        for year in shop.YEARS:
            for offset in (0, 20, 40):
                here = found(send(client, path, params={"year": year, "offset": offset}), region)
                assert len(here) <= 20
                ids |= {order["id"] for order in here}
    assert len(ids) == shop.ORDERS


def test_a_header_chooses_the_currency(client):
    """X-Currency decides on the currency of the amounts; an unknown one is a 400."""
    dollars = found(send(client, NORTH, headers={"X-Currency": "USD"}))
    assert {order["currency"] for order in dollars} == {"USD"}
    assert send(client, NORTH, headers={"X-Currency": "GBP"}).status_code == 400


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/regions/Nowhere/orders", 404),
        (f"{NORTH}?year=soon", 400),
        (f"{NORTH}?ordered_from=soon", 400),
        ("/articles?page=5", 404),
        ("/exports/orders.json", 404),
        ("/exports/customers.xml", 404),
        ("/exports/customers.csv.gz.gz", 404),
        ("/stock?offset=-1", 400),
    ],
)
def test_what_the_shop_does_not_have_is_said(client, path, status):
    """What there is not is a 404, and what cannot be meant a 400, both in JSON."""
    response = send(client, path)
    assert (response.status_code, set(response.json())) == (status, {"error", "error_description"})


def test_the_total_of_the_stock_is_too_high(client):
    """The stock names a total that its pages do not reach."""
    items, total = [], 1
    while here := client.call("/stock", offset=len(items)).json():
        total = here["total"]
        if not here["items"]:
            break
        items += here["items"]
    assert (len(items), total) == (shop.STOCK, shop.REPORTED_STOCK)


def test_an_export_is_the_same_in_every_form(client):
    """JSON, JSON Lines and CSV, packed as a file, in transfer or not at all, hold the same rows."""
    rows = shop.customers()
    as_texts = [{name: str(value) for name, value in row.items()} for row in rows]
    readers = {
        "json": lambda text: json.loads(text) == rows,
        "jsonl": lambda text: [json.loads(line) for line in text.splitlines()] == rows,
        "csv": lambda text: list(csv.DictReader(io.StringIO(text, newline=""))) == as_texts,
    }
    for form, is_right in readers.items():
        path = f"/exports/customers.{form}"
        plain = send(client, path, headers={"Accept-Encoding": "identity"})
        packed = send(client, path, headers={"Accept-Encoding": "gzip"})
        assert "Content-Encoding" not in plain.headers
        assert packed.headers["Content-Encoding"] == "gzip"
        assert plain.content == packed.content
        assert gzip.decompress(send(client, f"{path}.gz").content) == plain.content
        assert is_right(plain.content.decode())


def test_tasks_have_comments(client):
    """Below a task are its comments; a task of another list is a 404."""
    lists = [quote(item["id"], safe="") for item in walk(client, "lists")[:2]]
    tasks = client.call(f"/lists/{lists[0]}/tasks").json()["value"]
    counts = []
    for task in tasks[:6]:
        path = f"tasks/{quote(task['id'], safe='')}/comments"
        counts.append(len(client.call(f"/lists/{lists[0]}/{path}").json()["value"]))
        assert client.call(f"/lists/{lists[1]}/{path}").status_code == 404
    assert set(counts) == {0, 1, 2}
