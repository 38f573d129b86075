"""The demo's shop: parameters in every place, unusual responses, exports, comments."""

from __future__ import annotations

import csv
import gzip
import io
import json
from urllib.parse import quote

import pytest

from tap_oauth2_generic.demo import shop
from tests.support.demo_pages import read_all

NORTH = f"/regions/{quote(shop.REGIONS[0], safe='')}/orders"


def send(client, path, method="GET", headers=None, **content):
    """Send an authorized request of any kind."""
    token = client.token("client_credentials").json()["access_token"]
    sent = {"Authorization": f"Bearer {token}", **(headers or {})}
    url = f"{client.url}/api/v1{path}"
    return client.http.request(method, url, headers=sent, timeout=10, **content)


def found(response, region=shop.REGIONS[0]):
    return response.json()["result"][region]["orders"]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_orders_accept_parameters_in_query_form_and_json(client, method):
    """Flat or nested, with every method, the same orders are returned."""
    expected = found(send(client, NORTH, params={"status": ["open", "paid"], "offset": 3}))
    assert expected
    assert {order["status"] for order in expected} == {"open", "paid"}
    for content in (
        {"params": {"status": ["open", "paid"], "offset": 3}},
        {"data": {"status": ["open", "paid"], "offset": 3}},
        {"json": {"status": ["open", "paid"], "page": {"offset": 3}}},
    ):
        assert found(send(client, NORTH, method, **content)) == expected


def test_each_order_has_one_region_and_one_year(client):
    """No page is larger than the cap."""
    ids = set()
    for region in shop.REGIONS:
        path = f"/regions/{quote(region, safe='')}/orders"
        for year in shop.YEARS:
            for offset in (0, 20, 40):
                here = found(send(client, path, params={"year": year, "offset": offset}), region)
                assert len(here) <= 20
                ids |= {order["id"] for order in here}
    assert len(ids) == shop.ORDERS


def test_header_selects_the_currency(client):
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
def test_unknown_things_are_404_and_invalid_ones_400(client, path, status):
    response = send(client, path)
    assert (response.status_code, set(response.json())) == (status, {"error", "error_description"})


def test_stock_reports_a_total_above_its_records(client):
    items, total = [], 1
    while here := client.call("/stock", offset=len(items)).json():
        total = here["total"]
        if not here["items"]:
            break
        items += here["items"]
    assert (len(items), total) == (shop.STOCK, shop.REPORTED_STOCK)


def test_exports_in_all_formats_have_the_same_rows(client):
    """With gzip as file, as transfer encoding, or without."""
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


def test_task_of_another_list_is_404(client):
    lists = [quote(item["id"], safe="") for item in read_all(client, "lists")[:2]]
    tasks = client.call(f"/lists/{lists[0]}/tasks").json()["value"]
    counts = []
    for task in tasks[:6]:
        path = f"tasks/{quote(task['id'], safe='')}/comments"
        counts.append(len(client.call(f"/lists/{lists[0]}/{path}").json()["value"]))
        assert client.call(f"/lists/{lists[1]}/{path}").status_code == 404
    assert set(counts) == {0, 1, 2}
